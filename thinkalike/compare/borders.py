"""Where on its grid a model's Grad-CAM maps have their mass, and cells that have too much of it.

Images differ in where their object is, so that over many of them no cell should have much more than
its share. One that does so in nearly every image, at the border above all, tells of the network
(padding, outliers of an activation), not of the images.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from scipy.stats import t as student

from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.progress import log

CONFIDENCE = 0.95

SUSPICIOUS = 5.0
"""Times the uniform share. Handwritten digits, all in the middle of their image, give no cell twice of
it; objects that are all small and in one place would give more. Grids of fewer than six cells cannot.
"""


def cell_shares(maps: Maps) -> np.ndarray:
    """Share of the positive mass of each map that is in each cell of its grid.

    share_i(cell) = max(a_i(cell), 0) / Σ_cells max(a_i, 0).

    Args:
        maps: of N images, on one grid.

    Returns:
        (N, rows, columns) float64; NaN for a map that is nowhere positive.

    Raises:
        InputError: the maps are not on a grid.
    """
    grid = grid_of(maps)
    positive = np.maximum(maps.coefficients, 0).astype(np.float64)
    mass = positive.sum(1, keepdims=True)
    shares = np.divide(positive, mass, out=np.full_like(positive, np.nan), where=mass > 0)
    return shares.reshape(-1, grid.rows, grid.columns)


def grid_of(maps: Maps) -> Grid:
    """The grid that maps are on.

    Raises:
        InputError: they are on pixels or segments.
    """
    basis = maps.bases[0]
    if not isinstance(basis, Grid):
        raise InputError(
            f"maps on {type(basis).__name__.lower()} have no grid whose cells could be compared; "
            "give those of Grad-CAM"
        )
    return basis


def border(rows: int, columns: int) -> np.ndarray:
    """Which cells are at the border of a grid, (rows, columns) bool."""
    inside = np.zeros((rows, columns), bool)
    inside[1:-1, 1:-1] = True
    return ~inside


def border_table(maps: Maps) -> pd.DataFrame:
    """The mean share of every cell over the images, and whether it is suspiciously large.

    The interval is Student's over the images whose map is somewhere positive, mean ± t · s/√n, at
    95 %; with fewer than two of them there is none. A cell is suspicious if its lower end is above
    `SUSPICIOUS` times 1/(rows · columns).

    Args:
        maps: of N images, on one grid.

    Returns:
        A row for every cell, in row-major order: row, column, border (whether it is there), share,
        standard_error, low, high, uniform, suspicious, n (images with a positive mass), blank
        (images without).

    Raises:
        InputError: the maps are not on a grid.
    """
    shares = cell_shares(maps)
    rows, columns = shares.shape[1:]
    cells = shares.reshape(len(shares), -1)
    seen = cells[np.isfinite(cells).all(1)]
    n = len(seen)
    nowhere = np.full(cells.shape[1], np.nan)
    share = seen.mean(0) if n else nowhere
    error = seen.std(0, ddof=1) / np.sqrt(n) if n > 1 else nowhere
    reach = student.ppf((1 + CONFIDENCE) / 2, max(n - 1, 1)) * error
    row, column = np.divmod(np.arange(rows * columns), columns)
    uniform = 1 / (rows * columns)
    return pd.DataFrame(
        {
            "row": row,
            "column": column,
            "border": border(rows, columns).ravel(),
            "share": share,
            "standard_error": error,
            "low": np.maximum(share - reach, 0),
            "high": np.minimum(share + reach, 1),
            "uniform": uniform,
            "suspicious": share - reach > SUSPICIOUS * uniform,
            "n": n,
            "blank": len(cells) - n,
        }
    )


def grid_tables(
    maps: Iterable[tuple[str, Maps]], layers: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Grids of the maps of several models, and where on them the mass is; suspicious cells are warned of.

    Args:
        maps: of each model, on a grid.
        layers: model → layer that the maps are of.

    Returns:
        model, rows, columns, layer; and the rows of `border_table` with their model.

    Raises:
        InputError: maps are not on a grid.
    """
    grids, tables = [], []
    for model, each in maps:
        grid, table = grid_of(each), border_table(each)
        grids.append((model, grid.rows, grid.columns, layers[model]))
        if table["suspicious"].any():
            log.warning(
                "%s: most of its Grad-CAM maps have their mass in the same place, %s; compare "
                "candidate layers, or mend these cells",
                model,
                suspicious_cells(table),
            )
        table.insert(0, "model", model)
        tables.append(table)
    resolutions = pd.DataFrame(grids, columns=["model", "rows", "columns", "layer"])
    log.info("cells of a map:\n%s", resolutions.to_string(index=False))
    return resolutions, pd.concat(tables)


def suspicious_cells(table: pd.DataFrame) -> str:
    """The suspicious cells of one `border_table` in words, for a log."""
    found = table[table["suspicious"]]
    return ", ".join(
        f"[{row}, {column}] {share:.0%}"
        for row, column, share in found[["row", "column", "share"]].itertuples(index=False)
    )
