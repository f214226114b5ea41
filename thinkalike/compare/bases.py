"""Explanations in the basis they were computed in.

A map over the H x W pixels of the frame is r = U a: coefficients a (K numbers) times the synthesis
matrix U (H·W x K) of its basis. A Grad-CAM map of 8 x 8 cells is 64 numbers and bilinear upsampling;
a KernelSHAP map is one number per segment. Inner products of rendered maps follow without rendering
any, r_a·r_b = aᵀ (U_aᵀ U_b) b, and the small matrix U_aᵀ U_b (`gram`) is the same for all images of
two bases. All bases reproduce constants (U 1 = 1), so that an affine change of the rendered map,
s·r + t, is the same change of its coefficients: rescaling stays in the basis, and exact.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
import scipy.sparse as sparse


class Basis(Protocol):
    """Functions over the pixels of a frame; a map is a combination of them."""

    @property
    def height(self) -> int:
        """Rows of the frame."""
        ...

    @property
    def width(self) -> int:
        """Columns of the frame."""
        ...

    @property
    def size(self) -> int:
        """Number of coefficients, K."""
        ...

    def synthesis(self) -> sparse.csr_array:
        """U: (height·width, K), rows in row-major pixel order."""
        ...

    def extremes(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest pixel of the rendered maps, (N,) each, from (N, K)."""
        ...


@dataclass(frozen=True)
class Pixels:
    """One coefficient per pixel of the frame, in row-major order."""

    height: int
    width: int

    @property
    def size(self) -> int:
        return self.height * self.width

    def synthesis(self) -> sparse.csr_array:
        return sparse.eye_array(self.size, format="csr")

    def extremes(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return coefficients.min(1), coefficients.max(1)


@dataclass(frozen=True)
class Grid:
    """`rows` x `columns` cells, upsampled bilinearly to the frame with half-pixel centres.

    Equal to torch's `interpolate(mode="bilinear", align_corners=False)` and OpenCV's
    `INTER_LINEAR`: the pixel y is at (y + ½)·rows/height − ½, held inside the grid.
    """

    rows: int
    columns: int
    height: int
    width: int

    @property
    def size(self) -> int:
        return self.rows * self.columns

    def synthesis(self) -> sparse.csr_array:
        vertical = _interpolation(self.rows, self.height)
        horizontal = _interpolation(self.columns, self.width)
        return sparse.csr_array(sparse.kron(vertical, horizontal))

    def extremes(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # Between four cell centres the map is bilinear, and a bilinear function takes its extremes
        # over a lattice of pixels at the lattice's corners: two pixels per cell and axis suffice.
        vertical = _interpolation(self.rows, self.height)[_corners(self.rows, self.height)]
        horizontal = _interpolation(self.columns, self.width)[_corners(self.columns, self.width)]
        cells = coefficients.reshape(-1, self.rows, self.columns)
        pixels = vertical.toarray() @ cells @ horizontal.toarray().T
        return pixels.min((1, 2)), pixels.max((1, 2))


@dataclass(frozen=True)
class Cells:
    """`rows` x `columns` cells of constant value that tile the frame; one coefficient for each.

    Pixel y is in row ⌊y · rows/height⌋. Where a side is no multiple of the number of cells, cells
    differ by a pixel.
    """

    rows: int
    columns: int
    height: int
    width: int

    @property
    def size(self) -> int:
        return self.rows * self.columns

    @cached_property
    def labels(self) -> np.ndarray:
        """Cell of every pixel, (height, width), numbered row by row."""
        row = np.arange(self.height) * self.rows // self.height
        column = np.arange(self.width) * self.columns // self.width
        return row[:, None] * self.columns + column

    def synthesis(self) -> sparse.csr_array:
        return _membership(self.labels, self.size)

    def extremes(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return coefficients.min(1), coefficients.max(1)


@dataclass(frozen=True, eq=False)
class Segments:
    """One coefficient per superpixel of one image; `labels` (height, width) counts from 0.

    Labels may have gaps, as those of a moved image do. The coefficient of a label without pixels is in
    no rendered map, and counts for nothing, whatever it is.
    """

    labels: np.ndarray

    @property
    def height(self) -> int:
        return int(self.labels.shape[0])

    @property
    def width(self) -> int:
        return int(self.labels.shape[1])

    @property
    def size(self) -> int:
        return len(self.areas)

    @cached_property
    def areas(self) -> np.ndarray:
        """Pixels of each segment, (K,)."""
        return np.bincount(self.labels.ravel())

    def synthesis(self) -> sparse.csr_array:
        return _membership(self.labels, self.size)

    def extremes(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        coefficients = coefficients[:, : self.size][:, self.areas > 0]
        return coefficients.min(1), coefficients.max(1)


def _membership(labels: np.ndarray, size: int) -> sparse.csr_array:
    """Indicator matrix (pixels, size) of the parts that `labels` (height, width) numbers from 0."""
    pixels = labels.size
    entries = (np.ones(pixels), (np.arange(pixels), labels.ravel()))
    return sparse.csr_array(entries, shape=(pixels, size))


@lru_cache(maxsize=64)
def _interpolation(cells: int, pixels: int) -> sparse.csr_array:
    """Linear interpolation from cell centres to pixel centres, (pixels, cells)."""
    low, weight = _position(cells, pixels)
    high = np.minimum(low + 1, cells - 1)
    pixel = np.arange(pixels)
    entries = (np.r_[1 - weight, weight], (np.r_[pixel, pixel], np.r_[low, high]))
    return sparse.csr_array(entries, shape=(pixels, cells))


def _corners(cells: int, pixels: int) -> np.ndarray:
    """First and last pixel between each two neighbouring cell centres."""
    low, _ = _position(cells, pixels)
    change = np.flatnonzero(np.diff(low))
    return np.unique(np.r_[0, change, change + 1, pixels - 1])


def _position(cells: int, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Cell centre before every pixel, and the weight of the centre after it."""
    place = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    low = np.minimum(place.astype(int), max(cells - 2, 0))
    return low, place - low
