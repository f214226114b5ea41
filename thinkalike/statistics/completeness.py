"""How many maps of each model sum to what they should, and by how much the others miss it."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from thinkalike.progress import log
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.damage import same_images


def completeness(files: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Table of the maps that did not converge, for methods whose maps promise the difference of scores.

    The counts of each method stand in the log, too, as a warning where there are any.

    Args:
        files: method, model and file of its maps, with the measures `difference`, `gap` and `converged`.

    Returns:
        A row for each file: method, model, images, not_converged; median_missed and largest_missed, of
        |gap| / |difference| over images whose difference is not 0; and, of methods that take steps,
        mean_map_error, the estimated distance of maps from their limit, mean_steps and largest_steps.

    Raises:
        InputError: a file is missing or damaged.
    """
    rows = []
    for method, model, path in files:
        with open_arrays(path, ["difference", "gap", "converged"]) as file:
            difference, gap, converged = (
                file[name].to_numpy() for name in ("difference", "gap", "converged")
            )
            known = {name: file[name].to_numpy() for name in ("map_error", "steps") if name in file}
        changed = difference != 0
        missed = np.abs(gap[changed] / difference[changed])
        rows.append(
            {
                "method": method,
                "model": model,
                "images": len(gap),
                "not_converged": int((converged == 0).sum()),
                "median_missed": np.median(missed) if len(missed) else np.nan,
                "largest_missed": missed.max(initial=0.0),
                "mean_map_error": known["map_error"].mean() if "map_error" in known else np.nan,
                "mean_steps": known["steps"].mean() if "steps" in known else np.nan,
                "largest_steps": known["steps"].max() if "steps" in known else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    for name, own in table.groupby("method", sort=False):
        _tell(str(name), own)
    return table


def read_not_converged(paths: Sequence[str], images: Sequence[str]) -> np.ndarray:
    """Which maps did not converge, (N, M) bool, of the first images in the files of M models.

    Args:
        paths: of the maps of each model, with the measure `converged`.
        images: their ids.

    Raises:
        InputError: a file is missing, damaged, or about other images.
    """
    columns = []
    for path in paths:
        with open_arrays(path, ["image", "converged"]) as file:
            names = [str(name) for name in file["image"][: len(images)].to_numpy()]
            columns.append(file["converged"][: len(images)].to_numpy() == 0)
        same_images(path, names, paths[0], images)
    return np.stack(columns, 1)


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
