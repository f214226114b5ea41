"""Coordinates in which inner products of maps are inner products of their pixels.

Means of maps over images need one frame for all images and models. Where all maps are on grids or cells
that is the span of these (some hundred numbers a map, whatever the resolution); where some are on
pixels or superpixels it is the pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse

from thinkalike.compare.bases import Basis, Cells, Pixels
from thinkalike.compare.magnitude import near_one
from thinkalike.compare.maps import Maps

NEGLIGIBLE = 1e-12
"""Share of the largest eigenvalue under which a direction of the joint span is rounding."""


@dataclass(frozen=True)
class Frame:
    """Orthonormal coordinates of the maps of several models.

    Attributes:
        size: numbers of a map, P.
        matrices: basis → matrix (K, P), dense or sparse, that turns its coefficients into coordinates;
            without the basis a map is rendered.
        axes: (pixels, P) the axes of the frame, orthonormal columns; None: these are the pixels.
    """

    size: int
    matrices: dict[Basis, Any]
    axes: Any = None

    @classmethod
    def of(cls, models: Sequence[Maps]) -> "Frame":
        """Frame of maps on the bases that these models have.

        With U the synthesis matrices of all bases side by side and UᵀU = VΛVᵀ, coefficients a have the
        coordinates Λ^½ Vᵀ a: x·y = aᵀ UᵀU b exactly. Cells do not overlap: their axes are the cells.
        """
        first = models[0].bases[0]
        pixels = first.height * first.width
        if not all(maps.shared and not isinstance(maps.bases[0], Pixels) for maps in models):
            return cls(pixels, {})
        bases = list(dict.fromkeys(maps.bases[0] for maps in models))
        if len(bases) == 1 and isinstance(bases[0], Cells):
            return cls._of_cells(bases[0])
        joint = sparse.hstack([basis.synthesis() for basis in bases])
        values, vectors = np.linalg.eigh((joint.T @ joint).toarray())
        keep = values > NEGLIGIBLE * values[-1]
        coordinates = vectors[:, keep] * np.sqrt(values[keep])
        starts = np.cumsum([0, *(basis.size for basis in bases)])
        matrices = {
            basis: coordinates[start : start + basis.size]
            for basis, start in zip(bases, starts, strict=False)
        }
        axes = joint @ (vectors[:, keep] / np.sqrt(values[keep]))
        return cls(int(keep.sum()), matrices, axes)

    @classmethod
    def _of_cells(cls, cells: Cells) -> "Frame":
        synthesis = cells.synthesis()
        lengths = np.sqrt(synthesis.sum(0))
        matrix = sparse.diags_array(lengths).tocsr()
        return cls(cells.size, {cells: matrix}, synthesis @ sparse.diags_array(1 / lengths))

    def coordinates(self, maps: Maps) -> np.ndarray:
        """Coordinates of the maps of one model, (N, P) float64."""
        if self.matrices:
            return np.asarray(maps.coefficients.astype(np.float64) @ self.matrices[maps.bases[0]])
        if not maps.shared:
            rows = [maps.row(i)[maps.basis(i).labels.ravel()] for i in range(len(maps))]  # type: ignore[attr-defined]
            return np.array(rows, np.float64).reshape(len(maps), self.size)
        coefficients = maps.coefficients.astype(np.float64)
        if isinstance(maps.bases[0], Pixels):
            return coefficients
        return np.asarray(coefficients @ maps.bases[0].synthesis().T)

    def nearest(self, pixels: np.ndarray) -> np.ndarray:
        """Coordinates of what is nearest to rendered maps (N, pixels) in the frame, (N, P)."""
        return pixels if self.axes is None else np.asarray(pixels @ self.axes)

    def coordinates_of(self, models: Sequence[Maps]) -> np.ndarray:
        """Coordinates of the maps of several models, (M, N, P) float64."""
        return np.stack([self.coordinates(maps) for maps in models])


def unit(coordinates: np.ndarray) -> np.ndarray:
    """Coordinates (…, P) scaled to length 1; a blank map stays zero."""
    scaled, _ = near_one(coordinates, axis=-1)
    norm = np.linalg.norm(scaled, axis=-1, keepdims=True)
    return np.divide(scaled, norm, out=scaled, where=norm > 0)


def without(coordinates: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Maps without what they have in common with one direction of each image, x − (x·p)p/‖p‖².

    Args:
        coordinates: (M, N, P).
        directions: p, (N, P).
    """
    axes = unit(directions)
    return coordinates - np.einsum("mnp,np->mn", coordinates, axes)[:, :, None] * axes
