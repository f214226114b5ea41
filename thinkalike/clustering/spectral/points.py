"""Maps as points: coordinates of length 1, and distances that count where a map lies, or do not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eigh

from thinkalike.clustering.spectral.graphs import distances_from_products
from thinkalike.compare.bases import Cells, Pixels
from thinkalike.compare.magnitude import near_one
from thinkalike.compare.maps import Maps
from thinkalike.compare.products import all_inner_products
from thinkalike.errors import InputError

NOTHING = 1e-12
"""Share of the largest eigenvalue below which a principal axis is rounding."""


@dataclass(frozen=True)
class Measure:
    """How far two maps of length 1 are from each other: d = √(2 (1 − s)).

    s is their inner product x·y, the cosine of the maps; or, where maps may be shifted, the largest of
    Σ_p x(p) y(p + δ) over shifts δ by at most `shift` cells down or up and right or left. What is shifted
    beyond the frame meets zeros, and both maps keep their full length, so that a shift pays only where
    it brings more together than it loses. Such distances need not be Euclidean.

    Attributes:
        shift: cells, 0 or more.
        cells: rows and columns of the cells that coordinates belong to; None where `shift` is 0.
    """

    shift: int = 0
    cells: tuple[int, int] | None = None

    def distances(self, points: np.ndarray) -> np.ndarray:
        """Distances of points of length 1, (N, D) → (N, N) float64."""
        products = points @ points.T
        if self.cells is None:
            return distances_from_products(products)
        frame = points.reshape(len(points), *self.cells)
        # the product for the shift −δ is that for δ, transposed
        for down in range(self.shift + 1):
            for right in range(-self.shift if down else 1, self.shift + 1):
                shifted = points @ _moved(frame, down, right).reshape(len(points), -1).T
                np.maximum(products, shifted, out=products)
                np.maximum(products, shifted.T, out=products)
        # a map is nearest to itself, unmoved: copies are at the distance 0
        np.fill_diagonal(products, 1)
        return distances_from_products(products)


def _moved(frames: np.ndarray, down: int, right: int) -> np.ndarray:
    """Frames (N, rows, columns) whose cell p holds what p + δ held; zero where that is outside."""
    rows, columns = frames.shape[1:]
    moved = np.zeros_like(frames)
    width = max(columns - abs(right), 0)
    to, source = max(-right, 0), max(right, 0)
    moved[:, : max(rows - down, 0), to : to + width] = frames[:, down:, source : source + width]
    return moved


@dataclass(frozen=True)
class MapPoints:
    """Maps that are not blank, as points.

    Attributes:
        distances: (n, n).
        inside: (n,) positions of these maps among all.
        measure: how the distances follow from coordinates.
        cells: (n, D) of length 1, coordinates on the cells that maps are shifted by; None without shifts.
    """

    distances: np.ndarray
    inside: np.ndarray
    measure: Measure
    cells: np.ndarray | None

    def coordinates(self, places: np.ndarray) -> np.ndarray:
        """Coordinates of length 1 of some of the points, (k, D) with D ≤ k but for cells.

        Without shifts they are principal coordinates, exact, from the products 1 − d²/2 of these points
        alone: in any basis, as many as the points span.
        """
        if self.cells is not None:
            return self.cells[places]
        values, vectors = eigh(1 - self.distances[np.ix_(places, places)] ** 2 / 2)
        kept = values > NOTHING * values[-1]
        points = vectors[:, kept] * np.sqrt(values[kept])
        return points / np.linalg.norm(points, axis=1, keepdims=True)


def map_points(maps: Sequence[Maps], shift: int = 0) -> MapPoints:
    """Maps of several models, those of the first model first, as points of length 1.

    Args:
        maps: as they are compared.
        shift: cells by which two maps may be shifted against each other.

    Raises:
        InputError: maps on superpixels; or maps that are to be shifted, and are neither of pixels nor of
            cells, or of different ones.
    """
    # near 1, squares of float64 are numbers, as those of float32 are; directions stay
    maps = [
        each
        if each.coefficients.dtype == np.float32
        else replace(each, coefficients=near_one(each.coefficients, axis=1)[0])
        for each in maps
    ]
    if shift:
        return _on_cells(maps, shift)
    products = all_inner_products(maps)
    length = np.sqrt(np.diagonal(products))
    inside = np.flatnonzero(length > 0)
    products = products[np.ix_(inside, inside)]
    products /= length[inside, None]
    products /= length[inside]
    return MapPoints(distances_from_products(products), inside, Measure(), None)


def _on_cells(maps: Sequence[Maps], shift: int) -> MapPoints:
    """Points on the cells or pixels that all maps share."""
    basis = maps[0].bases[0]
    shared = all(each.shared and each.bases[0] == basis for each in maps)
    if not shared or not isinstance(basis, Cells | Pixels):
        raise InputError(
            f"shift: {shift} cells, but the maps are not all on the same cells or pixels; give pool, a "
            "number of cells a side, or shift 0"
        )
    points = np.concatenate([each.coefficients.astype(np.float64) for each in maps])
    # cells may differ by a pixel: a cell counts as it does in the product of rendered maps
    points *= np.sqrt(np.asarray(basis.synthesis().sum(0)).ravel())
    length = np.linalg.norm(points, axis=1)
    inside = np.flatnonzero(length > 0)
    points = points[inside] / length[inside, None]
    rows, columns = (
        (basis.rows, basis.columns) if isinstance(basis, Cells) else (basis.height, basis.width)
    )
    measure = Measure(shift, (rows, columns))
    return MapPoints(measure.distances(points), inside, measure, points)
