"""Maps averaged over coarse cells, or over an image's segments: the scale at which they are compared.

Single pixels of a gradient map are mostly noise of the network: two seeds of one network share little
of them, and far more of their sums over cells. Which number of cells is fine enough, and which is too
fine, is read off the seeds and off moved images (`rules/statistics.smk`), never off the models'
similarities or their tree.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy.sparse as sparse

from thinkalike.compare.bases import Basis, Cells, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.compare.scales import SEGMENTS, Pool
from thinkalike.errors import InputError


def pooled(maps: Maps, pool: Pool, segments: Sequence[Segments] | None = None) -> Maps:
    """Averages of rendered maps over cells of the frame, or over the segments of each image.

    The orthogonal projection of r = U a onto maps that are constant on every part, c = (VᵀV)⁻¹Vᵀ U a,
    V the parts' indicators: the sum of a map over each part, divided by its pixels. It is linear, and the
    sum of the result over each part is that of the map, so that relevance is conserved. With sums in
    the place of averages large segments would count as the cube of their area in a product of two maps.

    Args:
        maps: of N images, in any basis.
        pool: number of cells a side; `SEGMENTS`; None leaves maps as they are.
        segments: of the same images, and maybe of more, for `SEGMENTS`.

    Returns:
        Maps in the basis `Cells`, float64 coefficients (N, side²), the mean of each cell; or on `segments`,
        (N, K). Maps on segments already stay as they are.

    Raises:
        InputError: more cells than pixels, or fewer than one; no segments.
    """
    if pool is None:
        return maps
    if pool == SEGMENTS:
        return _over_segments(maps, segments)
    return _over_cells(maps, int(pool))


def _over_cells(maps: Maps, side: int) -> Maps:
    frame = maps.bases[0]
    if not 1 <= side <= min(frame.height, frame.width):
        raise InputError(
            f"side: {side} x {side} cells do not fit a frame of {frame.height} x {frame.width} pixels; "
            f"give 1 to {min(frame.height, frame.width)}"
        )
    cells = Cells(side, side, frame.height, frame.width)
    if isinstance(frame, Pixels):
        pixels = maps.coefficients.reshape(len(maps), frame.height, frame.width)
        columns, rows = _first_pixels(side, frame.width), _first_pixels(side, frame.height)
        sums = np.add.reduceat(pixels, columns, axis=2, dtype=np.float64)
        sums = np.add.reduceat(sums, rows, axis=1)
        areas = np.outer(np.diff(rows, append=frame.height), np.diff(columns, append=frame.width))
        return Maps((sums / areas).reshape(len(maps), cells.size), (cells,))
    if maps.shared:
        matrix = _averages_cached(cells, maps.bases[0])  # type: ignore[arg-type]
        return Maps(np.asarray(maps.coefficients.astype(np.float64) @ matrix.T), (cells,))
    means = [_averages(cells, maps.basis(i)) @ maps.row(i).astype(float) for i in range(len(maps))]
    return Maps(np.array(means).reshape(len(maps), cells.size), (cells,))


def _first_pixels(cells: int, pixels: int) -> np.ndarray:
    """First pixel of each of so many cells along a side of the frame, as `Cells` numbers them."""
    return -(-np.arange(cells) * pixels // cells)


def _over_segments(maps: Maps, segments: Sequence[Segments] | None) -> Maps:
    if isinstance(maps.bases[0], Segments):
        return maps
    if segments is None:
        raise InputError("segments: maps are to be averaged over those of each image; give them")
    bases = tuple(segments[: len(maps)])
    means = np.full((len(maps), max((basis.size for basis in bases), default=0)), np.nan)
    synthesis = None if isinstance(maps.bases[0], Pixels) else maps.bases[0].synthesis()
    for row, coefficients, basis in zip(means, maps.coefficients, bases, strict=True):
        pixels = coefficients.astype(np.float64)
        if synthesis is not None:
            pixels = synthesis @ pixels
        sums = np.bincount(basis.labels.ravel(), pixels)
        row[: basis.size] = sums / np.maximum(basis.areas, 1)
    return Maps(means, bases)


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
