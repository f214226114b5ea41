"""What the comparison with single clouds says: a table, a sentence, and the result to look at."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from thinkalike.clustering.spectral.cut import ALL
from thinkalike.clustering.spectral.nulls import NullTest

MEASURES = ("stability", "gap")
"""Numbers of a result that are compared with those of single clouds, in the order of `NullTest`."""


STABLE = 0.5
"""Stability from which on a cluster is found again by other samples, more or less."""


def null_table(test: NullTest) -> pd.DataFrame:
    """A row for each of the twelve results, in the order of `ALL`.

    Returns:
        tested (maps that were compared), clouds (their number), excess (the larger of both), p_corrected,
        beyond (whether that is at most .05); and after `stability_` and `gap_`: tested (of these maps),
        cloud and cloud_sd (mean and standard deviation of the clouds), excess and p.
    """
    columns = {
        "tested": test.maps,
        "clouds": len(test.clouds),
        "excess": test.excess.max(0),
        "p_corrected": test.p_corrected,
        "beyond": test.beyond,
    }
    for place, name in enumerate(MEASURES):
        clouds = test.clouds[:, place]
        columns |= {
            f"{name}_tested": test.observed[place],
            f"{name}_cloud": clouds.mean(0),
            f"{name}_cloud_sd": clouds.std(0, ddof=min(1, len(clouds) - 1)),
            f"{name}_excess": test.excess[place],
            f"{name}_p": test.p[place],
        }
    return pd.DataFrame(columns, index=range(len(ALL)))


def beyond_one_cloud(results: pd.DataFrame) -> str:
    """How many of the twelve results are more than cuts of one cloud, in words.

    Args:
        results: beyond, clouds, stability.
    """
    number, clouds = int(results["beyond"].sum()), results["clouds"].iloc[0]
    unstable = int((results["beyond"] & (results["stability"] < STABLE)).sum())
    if not number:
        return (
            f"no clusters beyond one cloud (none of twelve results exceeds {clouds} single clouds)"
        )
    exceed = "exceeds" if number == 1 else "exceed"
    but = "but is unstable" if number == 1 else f"{unstable} of them unstable"
    words = f"{number} of twelve results {exceed} {clouds} single clouds"
    return f"{words}, {but}" if unstable else words


def telling(results: pd.DataFrame) -> int:
    """Row of the result to look at: of those beyond one cloud the one that exceeds single clouds most.

    Where none is beyond, all count. A result that says something of most maps goes first: it has nine of
    ten in clusters, a second cluster with one of twenty, and a stability of `STABLE`.

    Args:
        results: beyond, excess, stability, sizes and in_clusters, as in `MapClusters.results`.
    """
    ranks = [
        (bool(row["beyond"]), _informative(row), row["excess"], -place)
        for place, row in enumerate(results.to_dict("records"))
    ]
    return max(range(len(ranks)), key=ranks.__getitem__)


def _informative(row: Mapping[Any, Any]) -> bool:
    """Whether nine of ten maps are in stable clusters, and the second has one of twenty of these."""
    sizes = [int(size) for size in str(row["sizes"]).split(", ")]
    second = sizes[1] if sizes[1:] else 0
    is_large = row["in_clusters"] >= 0.9 and second >= sum(sizes) / 20
    return bool(is_large and row["stability"] >= STABLE)
