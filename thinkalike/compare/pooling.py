"""Maps averaged over coarse cells: the scale at which they are compared.

Single pixels of a gradient map are mostly noise of the network: two seeds of one network share little
of them, and far more of their sums over cells. Which number of cells is fine enough, and which is too
fine, is read off the seeds and off moved images (`rules/statistics.smk`), never off the models'
similarities or their tree.
"""

from functools import lru_cache

import numpy as np
import scipy.sparse as sparse

from thinkalike.compare.bases import Basis, Cells, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError


def pooled(maps: Maps, side: int | None) -> Maps:
    """Averages of rendered maps over `side` x `side` cells of the frame.

    The orthogonal projection of r = U a onto maps that are constant on every cell, c = (VᵀV)⁻¹Vᵀ U a,
    V the cells' indicators. It is linear and conserves the sum of a map's pixels, hence its relevance.

    Args:
        maps: of N images, in any basis.
        side: number of cells a side; None leaves maps as they are.

    Returns:
        Maps in the basis `Cells`, float64 coefficients (N, side²): the mean of each cell.

    Raises:
        InputError: more cells than pixels, or fewer than one.
    """
    if side is None:
        return maps
    frame = maps.bases[0]
    if not 1 <= side <= min(frame.height, frame.width):
        raise InputError(
            f"side: {side} x {side} cells do not fit a frame of {frame.height} x {frame.width} pixels; "
            f"give 1 to {min(frame.height, frame.width)}"
        )
    cells = Cells(side, side, frame.height, frame.width)
    if maps.shared:
        matrix = _averages_cached(cells, maps.bases[0])  # type: ignore[arg-type]
        return Maps(np.asarray(maps.coefficients.astype(np.float64) @ matrix.T), (cells,))
    rows = [_averages(cells, maps.basis(i)) @ maps.row(i).astype(float) for i in range(len(maps))]
    return Maps(np.array(rows).reshape(len(maps), cells.size), (cells,))


def _averages(cells: Cells, basis: Basis) -> sparse.csr_array | np.ndarray:
    """Matrix (cells, K) from coefficients in a basis to the averages of cells."""
    area = np.bincount(cells.labels.ravel(), minlength=cells.size)[:, None]
    if isinstance(basis, Segments):
        both = cells.labels.ravel() * basis.size + basis.labels.ravel()
        overlap = np.bincount(both, minlength=cells.size * basis.size)
        return overlap.reshape(cells.size, basis.size) / area
    return sparse.csr_array((cells.synthesis().T @ basis.synthesis()) / area)


@lru_cache(maxsize=64)
def _averages_cached(cells: Cells, basis: Basis) -> sparse.csr_array | np.ndarray:
    return _averages(cells, basis)
