"""How many maps of each model sum to what they should, and what biases take of a score."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.progress import log
from thinkalike.stores.arrays import open_arrays

LEDGER = ["score", "input_share", "ledger_gap"]
DIFFERENCE = ["difference", "gap", "converged"]
"""Measures of maps that share out a score together with accounts of biases, and of those that share out the
difference of two scores by themselves."""


def completeness(files: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Table of what the maps of each model sum to, for methods whose maps promise a sum.

    The counts of maps that did not converge, of each method, stand in the log, too, as a warning where
    there are any; of methods with a ledger, what the maps have of the score.

    Args:
        files: method, model and file of its maps, with the measures `DIFFERENCE` or `LEDGER`.

    Returns:
        A row for each file: method, model, images, not_converged; median_missed and largest_missed, of
        |gap| / |difference| over images whose difference is not 0, or of the ledger's gap; mean_steps, of
        methods that take steps; input_share, of methods with a ledger: the median over images of the
        share of the score that the map has, while accounts of biases have the rest.

    Raises:
        InputError: a file is missing or damaged.
    """
    rows = []
    for method, model, path in files:
        with open_arrays(path) as file:
            has_ledger = "ledger_gap" in file
        with open_arrays(path, LEDGER if has_ledger else DIFFERENCE) as file:
            found = _of_ledger(file) if has_ledger else _of_difference(file)
        rows.append({"method": method, "model": model, **found})
    table = pd.DataFrame(rows)
    for name, own in table.groupby("method", sort=False):
        shares = own["input_share"].dropna()
        if len(shares):
            least, most = shares.min(), shares.max()
            log.info("%s: maps have %.2g to %.2g of the score, biases the rest", name, least, most)
        else:
            _tell(str(name), own)
    return table


def _of_difference(file: Any) -> dict[str, Any]:
    """Row of a file of maps that should sum to the difference of two scores."""
    difference, gap, converged = (file[name].to_numpy() for name in DIFFERENCE)
    changed = difference != 0
    steps = file["steps"].to_numpy().mean() if "steps" in file else np.nan
    missed = np.abs(gap[changed] / difference[changed])
    return _row(len(gap), int((converged == 0).sum()), missed, mean_steps=steps)


def _of_ledger(file: Any) -> dict[str, Any]:
    """Row of a file of maps that sum to the score with the biases; one that does not has been refused."""
    score, share, gap = (file[name].to_numpy() for name in LEDGER)
    shares = share[score != 0]
    median = np.median(shares) if len(shares) else np.nan
    return _row(len(gap), 0, gap, input_share=median)


def _row(
    images: int,
    not_converged: int,
    missed: np.ndarray,
    mean_steps: float = np.nan,
    input_share: float = np.nan,
) -> dict[str, Any]:
    return {
        "images": images,
        "not_converged": not_converged,
        "median_missed": np.median(missed) if len(missed) else np.nan,
        "largest_missed": missed.max(initial=0.0),
        "mean_steps": mean_steps,
        "input_share": input_share,
    }


def _tell(method: str, table: pd.DataFrame) -> None:
    """Log how many maps of a method did not converge, model by model."""
    missing = table[table["not_converged"] > 0]
    counts = [f"{row.model} {row.not_converged}" for row in missing.itertuples()]
    tell = log.warning if counts else log.info
    tell(
        "%s: %d of %d maps did not converge%s",
        method,
        missing["not_converged"].sum(),
        table["images"].sum(),
        f": {', '.join(counts)}" if counts else "",
    )
