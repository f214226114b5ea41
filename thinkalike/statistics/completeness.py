"""How many maps of each model sum to what they should, and what biases take of a score."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.progress import log
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.damage import same_images

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
        |gap| / |difference| over images whose difference is not 0, or of the ledger's gap; mean_map_error,
        the estimated distance of maps from their limit, mean_steps and largest_steps, of methods that take
        steps; input_share, of methods with a ledger: the median over images of the share of the score that
        the map has, while accounts of biases have the rest.

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
    missed = np.abs(gap[changed] / difference[changed])
    row = _row(len(gap), int((converged == 0).sum()), missed)
    known = {name: file[name].to_numpy() for name in ("map_error", "steps") if name in file}
    if "map_error" in known:
        row["mean_map_error"] = known["map_error"].mean()
    if "steps" in known:
        row |= {"mean_steps": known["steps"].mean(), "largest_steps": known["steps"].max()}
    return row


def _of_ledger(file: Any) -> dict[str, Any]:
    """Row of a file of maps that sum to the score with the biases; one that does not has been refused."""
    score, share, gap = (file[name].to_numpy() for name in LEDGER)
    shares = share[score != 0]
    median = np.median(shares) if len(shares) else np.nan
    return {**_row(len(gap), 0, gap), "input_share": median}


def _row(images: int, not_converged: int, missed: np.ndarray) -> dict[str, Any]:
    return {
        "images": images,
        "not_converged": not_converged,
        "median_missed": np.median(missed) if len(missed) else np.nan,
        "largest_missed": missed.max(initial=0.0),
        **dict.fromkeys(("mean_map_error", "mean_steps", "largest_steps", "input_share"), np.nan),
    }


def read_not_converged(paths: Sequence[str], images: Sequence[str]) -> np.ndarray | None:
    """Which maps did not converge, (N, M) bool, of the first images in the files of M models.

    Args:
        paths: of the maps of each model; without the measure `converged` all did, as those with a ledger,
            of which one that does not close has been refused.
        images: their ids.

    Returns:
        None without files, of methods whose maps promise no sum.

    Raises:
        InputError: a file is missing, damaged, or about other images.
    """
    columns = []
    for path in paths:
        with open_arrays(path, ["image"]) as file:
            names = [str(name) for name in file["image"][: len(images)].to_numpy()]
            flags = file["converged"][: len(images)].to_numpy() if "converged" in file else None
        columns.append(np.zeros(len(names), bool) if flags is None else flags == 0)
        same_images(path, names, paths[0], images)
    return np.stack(columns, 1) if columns else None


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
