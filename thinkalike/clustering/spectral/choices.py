"""Which choice of spectral clustering matters: agreement of results that differ in one choice alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from thinkalike.clustering.spectral.cut import ALL

WAYS = ("eigengap", "same")
"""How clusters are numbered: each result by its own eigengap, or all twelve alike."""

INTERVAL = (0.025, 0.975)
"""Quantiles over samples that an interval of 95 % lies between."""


@dataclass(frozen=True)
class Choices:
    """Mean agreement of results that differ in one choice alone; the lower, the more it matters.

    Attributes:
        graph: of pairs of results with one Laplacian and two graphs.
        laplacian: with one graph and two Laplacians.
        both: with two of either.
    """

    graph: float
    laplacian: float
    both: float


def choices(matrix: np.ndarray) -> Choices:
    """`Choices` from the agreements (12, 12) of the results by `ALL` pairs."""
    groups: dict[tuple[bool, bool], list[float]] = {}
    for (i, a), (j, b) in combinations(enumerate(ALL), 2):
        groups.setdefault((a[0] != b[0], a[1] != b[1]), []).append(float(matrix[i, j]))
    means = {differ: float(np.mean(values)) for differ, values in groups.items()}
    return Choices(means[True, False], means[False, True], means[True, True])


def choice_table(
    matrices: Mapping[str, tuple[float, np.ndarray, Sequence[np.ndarray]]],
) -> pd.DataFrame:
    """Which choice matters, with intervals over bootstrap samples of the points.

    An interval is the value of all points, plus the 2.5 and 97.5 % quantiles of the samples' values less
    their mean: samples have fewer points, agree less, and say how far values spread, not where they are.

    Args:
        matrices: how clusters are numbered, of `WAYS` → their number (NaN: each result its own), the
            agreements (12, 12) of the results, and those of the results of every sample.

    Returns:
        A row for each of `WAYS`: number, clusters, and graph, laplacian, both (`Choices`) and difference
        (graph less laplacian), each with `_low` and `_high`.
    """
    rows = []
    for name, (clusters, matrix, of_samples) in matrices.items():
        row = {"number": name, "clusters": clusters}
        value = _with_difference(matrix)
        drawn = [_with_difference(sample) for sample in of_samples]
        for key in value:
            values = np.array([sample[key] for sample in drawn])
            low, high = np.quantile(values, INTERVAL) - values.mean() + value[key]
            # no agreement is above 1, and no difference of two
            row |= {key: value[key], f"{key}_low": low, f"{key}_high": min(high, 1.0)}
        rows.append(row)
    return pd.DataFrame(rows)


def _with_difference(matrix: np.ndarray) -> dict[str, float]:
    means = choices(matrix)
    return {**vars(means), "difference": means.graph - means.laplacian}
