"""Explanations in the basis they were computed in.

A map over the H x W pixels of the frame is r = U a: coefficients a (K numbers) times the synthesis
matrix U (H·W x K) of its basis. A Grad-CAM map of 8 x 8 cells is 64 numbers and bilinear upsampling;
a KernelSHAP map is one number per segment. Inner products of rendered maps follow without rendering
any, r_a·r_b = aᵀ (U_aᵀ U_b) b, and the small matrix U_aᵀ U_b (`gram`) is the same for all images of
two bases. All three bases reproduce constants (U 1 = 1), so that an affine change of the rendered
map, s·r + t, is the same change of its coefficients: rescaling stays in the basis, and exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
import scipy.sparse as sparse

from thinkalike.errors import InputError

SIGNS = ("signed", "positive", "absolute")
RESCALINGS = ("none", "min_max", "max_abs")
PIXELS_AT_A_TIME = 2**13
"""Of all models, in float64: they stay in a processor's cache."""
NUMBERS_AT_A_TIME = 2**23
"""In float64, of maps of each of two models."""


class Basis(Protocol):
    """What a map is a combination of."""

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

    The same as torch's `interpolate(mode="bilinear", align_corners=False)` and OpenCV's
    `INTER_LINEAR`: the pixel y looks at (y + ½)·rows/height − ½, held inside the grid.
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


@dataclass(frozen=True, eq=False)
class Segments:
    """One coefficient per superpixel of one image; `labels` (height, width) counts from 0."""

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
        pixels = self.labels.size
        entries = (np.ones(pixels), (np.arange(pixels), self.labels.ravel()))
        return sparse.csr_array(entries, shape=(pixels, self.size))

    def extremes(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        coefficients = coefficients[:, : self.size]
        return coefficients.min(1), coefficients.max(1)


@dataclass(frozen=True)
class Maps:
    """The maps of one model for N images.

    Attributes:
        coefficients: (N, K) float. With a basis per image, row i has its first `bases[i].size`
            entries filled and NaN after them.
        bases: one basis for all images, or one for each.
    """

    coefficients: np.ndarray
    bases: tuple[Basis, ...]

    def __post_init__(self) -> None:
        if len(self.bases) not in (1, len(self.coefficients)):
            raise ValueError(
                f"{len(self.bases)} bases for {len(self.coefficients)} maps; give one, or one each"
            )

    def __len__(self) -> int:
        return len(self.coefficients)

    @property
    def shared(self) -> bool:
        """Whether all images have the same basis."""
        return len(self.bases) == 1 and not isinstance(self.bases[0], Segments)

    def basis(self, image: int) -> Basis:
        return self.bases[0] if len(self.bases) == 1 else self.bases[image]

    def row(self, image: int) -> np.ndarray:
        """The coefficients of one image, without padding."""
        return self.coefficients[image, : self.basis(image).size]


def gram(a: Basis, b: Basis) -> sparse.csr_array:
    """Inner products of the rendered basis functions, U_aᵀ U_b: (K_a, K_b)."""
    if (a.height, a.width) != (b.height, b.width):
        raise ValueError(
            f"a frame of {a.height} x {a.width} pixels cannot be compared with one of "
            f"{b.height} x {b.width}; render both in one frame"
        )
    return sparse.csr_array(a.synthesis().T @ b.synthesis())


@lru_cache(maxsize=64)
def _gram_cached(a: Basis, b: Basis) -> sparse.csr_array:
    return gram(a, b)


def inner_products(models: Sequence[Maps], others: Sequence[Maps] | None = None) -> np.ndarray:
    """Inner products of the rendered maps of all pairs of models, per image.

    Args:
        models: maps of the same N images, one entry per model.
        others: the second of each pair; by default the same models.

    Returns:
        (N, M, M) or (N, M, M') float64: entry (i, a, b) is Σ_pixels r_ia · r_ib, equal to the dense sum.
    """
    images = len(models[0])
    if others is not None:
        products = np.empty((images, len(models), len(others)))
        for group_a in _groups(models):
            for group_b in _groups(others):
                block = _block([models[m] for m in group_a], [others[m] for m in group_b])
                rows, columns = np.ix_(group_a, group_b)
                products[:, rows, columns] = block
        return products
    products = np.empty((images, len(models), len(models)))
    groups = _groups(models)
    for i, group_a in enumerate(groups):
        for group_b in groups[i:]:
            block = _block([models[m] for m in group_a], [models[m] for m in group_b])
            rows, columns = np.ix_(group_a, group_b)
            products[:, rows, columns] = block
            products[:, columns, rows] = block
    return products


def squared_norms(models: Sequence[Maps]) -> np.ndarray:
    """Inner products of rendered maps with themselves: (N, M) float64."""
    return np.concatenate([inner_products([maps])[:, 0] for maps in models], 1)


def all_inner_products(models: Sequence[Maps]) -> np.ndarray:
    """Inner products of all rendered maps with each other, whatever their model and image.

    Args:
        models: maps on one basis each, of as many images as there are.

    Returns:
        (N, N) float64 for N maps in all, those of the first model first.

    Raises:
        InputError: maps on superpixels, of which every image has its own.
    """
    if not all(maps.shared for maps in models):
        raise InputError(
            "maps on superpixels cannot be compared from image to image, as every image has its own; "
            "choose another method (spectral.method)"
        )
    starts = np.cumsum([0, *map(len, models)])
    products = np.empty((starts[-1], starts[-1]))
    for i, a in enumerate(models):
        for j, b in enumerate(models[: i + 1]):
            matrix = _gram_cached(a.bases[0], b.bases[0])  # type: ignore[arg-type]
            same = a.bases == b.bases and isinstance(a.bases[0], Pixels)
            step = max(NUMBERS_AT_A_TIME // max(a.bases[0].size, b.bases[0].size), 1)
            for row in range(0, len(a), step):
                left = a.coefficients[row : row + step].astype(np.float64)
                left = left if same else left @ matrix
                rows = slice(starts[i] + row, starts[i] + row + len(left))
                for column in range(0, len(b), step):
                    right = b.coefficients[column : column + step].astype(np.float64)
                    columns = slice(starts[j] + column, starts[j] + column + len(right))
                    products[rows, columns] = left @ right.T
                    products[columns, rows] = products[rows, columns].T
    return products


def _groups(models: Sequence[Maps]) -> list[list[int]]:
    """Indices of the models that share a basis (segments: the same objects)."""
    groups: dict[object, list[int]] = {}
    for index, maps in enumerate(models):
        key: object = maps.bases[0] if maps.shared else tuple(map(id, maps.bases))
        groups.setdefault(key, []).append(index)
    return list(groups.values())


def _block(a: Sequence[Maps], b: Sequence[Maps]) -> np.ndarray:
    """(N, M_a, M_b) inner products between models of one basis and models of another."""
    if a[0].bases == b[0].bases and isinstance(a[0].bases[0], Pixels):
        return _pixel_products(a, b)
    if a[0].shared and b[0].shared:
        left = np.stack([maps.coefficients for maps in a], 1).astype(np.float64)
        right = np.stack([maps.coefficients for maps in b], 1).astype(np.float64)
        images, models, size = left.shape
        matrix = _gram_cached(a[0].bases[0], b[0].bases[0])  # type: ignore[arg-type]
        left = (left.reshape(images * models, size) @ matrix).reshape(images, models, -1)
        return left @ right.transpose(0, 2, 1)
    if isinstance(a[0].bases[0], Segments) and _same(a[0].bases, b[0].bases):
        return _segment_products(a, b)
    block = np.empty((len(a[0]), len(a), len(b)))
    for image in range(len(a[0])):
        left = np.stack([maps.row(image) for maps in a]).astype(np.float64)
        right = np.stack([maps.row(image) for maps in b]).astype(np.float64)
        block[image] = (left @ gram(a[0].basis(image), b[0].basis(image))) @ right.T
    return block


def _same(a: Sequence[Basis], b: Sequence[Basis]) -> bool:
    return all(x is y for x, y in zip(a, b, strict=True))


def _segment_products(a: Sequence[Maps], b: Sequence[Maps]) -> np.ndarray:
    """(N, M_a, M_b) inner products of maps on the same segments: Σ area · a · b."""
    most = max(segments.size for segments in a[0].bases)
    # a file may be padded for images that are not among these
    left, right = (np.stack([maps.coefficients[:, :most] for maps in group], 1) for group in (a, b))
    areas = np.zeros((len(left), most))
    for row, segments in zip(areas, a[0].bases, strict=True):
        row[: segments.size] = segments.areas  # type: ignore[attr-defined]
    beyond = np.arange(most) >= [[segments.size] for segments in a[0].bases]
    weighted = np.where(beyond[:, None], 0, left * areas[:, None])
    return weighted @ np.where(beyond[:, None], 0, right).transpose(0, 2, 1)


def _pixel_products(a: Sequence[Maps], b: Sequence[Maps]) -> np.ndarray:
    """(N, M_a, M_b) inner products of maps of pixels, in float64 without a copy of all of them."""
    images, pixels = a[0].coefficients.shape
    same = all(x is y for x, y in zip(a, b, strict=False)) and len(a) == len(b)
    block = np.zeros((images, len(a), len(b)))
    left, right = np.empty((len(a), PIXELS_AT_A_TIME)), np.empty((len(b), PIXELS_AT_A_TIME))
    for image in range(images):
        for start in range(0, pixels, PIXELS_AT_A_TIME):
            part = slice(start, min(start + PIXELS_AT_A_TIME, pixels))
            width = part.stop - part.start
            for row, maps in zip(left, a, strict=True):
                row[:width] = maps.coefficients[image, part]
            if same:
                block[image] += left[:, :width] @ left[:, :width].T
                continue
            for row, maps in zip(right, b, strict=True):
                row[:width] = maps.coefficients[image, part]
            block[image] += left[:, :width] @ right[:, :width].T
    return block


def with_sign(maps: Maps, sign: str) -> Maps:
    """Keep a map signed, only its positive part (Grad-CAM's ReLU), or its absolute value.

    Taken in the native basis, before upsampling. For pixels and segments that is the same as on the
    rendered map; for a grid it is the usual definition of Grad-CAM.
    """
    match sign:
        case "signed":
            return maps
        case "positive":
            return replace(maps, coefficients=np.maximum(maps.coefficients, 0))
        case "absolute":
            return replace(maps, coefficients=np.abs(maps.coefficients))
    raise InputError(f"sign {sign!r} is none of {', '.join(SIGNS)}; choose one of them")


def rescaled(maps: Maps, rescaling: str) -> Maps:
    """Rescale every rendered map on its own; never by its batch.

    `min_max`: (r − min)/(max − min), in [0, 1]. `max_abs`: r/max|r|, in [−1, 1]. `none`: as it is.
    A map for which that is 0/0 (constant; all zero) becomes all zero, which is blank.
    """
    if rescaling == "none":
        return maps
    low, high = extremes(maps)
    match rescaling:
        case "min_max":
            shift, span = low, high - low
        case "max_abs":
            shift, span = np.zeros_like(low), np.maximum(np.abs(low), np.abs(high))
        case _:
            raise InputError(f"rescaling {rescaling!r} is none of {', '.join(RESCALINGS)}")
    # Float32 coefficients leave a rounding of about 1e-7 in the span of a constant map.
    constant = span <= 1e-6 * np.maximum(np.abs(low), np.abs(high))
    scale = np.where(constant, 0.0, 1 / np.where(constant, 1.0, span))
    coefficients = (maps.coefficients.astype(np.float64) - shift[:, None]) * scale[:, None]
    return replace(maps, coefficients=coefficients)


def extremes(maps: Maps) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest pixel of every rendered map, (N,) float64 each."""
    if maps.shared:
        return maps.bases[0].extremes(maps.coefficients.astype(np.float64))
    pairs = [maps.basis(i).extremes(maps.row(i)[None].astype(np.float64)) for i in range(len(maps))]
    low, high = np.array(pairs)[:, :, 0].T
    return low, high


def blank(maps: Maps) -> np.ndarray:
    """Which maps are all zero: (N,) bool. They have no direction, and no similarity."""
    return np.all(np.nan_to_num(maps.coefficients) == 0, axis=1)


def render(maps: Maps, image: int) -> np.ndarray:
    """One map as pixels, (height, width) float64; for pictures only."""
    basis = maps.basis(image)
    pixels = basis.synthesis() @ maps.row(image).astype(np.float64)
    return pixels.reshape(basis.height, basis.width)


@lru_cache(maxsize=64)
def _interpolation(cells: int, pixels: int) -> sparse.csr_array:
    """Linear interpolation from cell centres to pixel centres, (pixels, cells)."""
    low, weight = _position(cells, pixels)
    high = np.minimum(low + 1, cells - 1)
    pixel = np.arange(pixels)
    entries = (np.r_[1 - weight, weight], (np.r_[pixel, pixel], np.r_[low, high]))
    return sparse.csr_array(entries, shape=(pixels, cells))


def _corners(cells: int, pixels: int) -> np.ndarray:
    """The first and last pixel between each two neighbouring cell centres."""
    low, _ = _position(cells, pixels)
    change = np.flatnonzero(np.diff(low))
    return np.unique(np.r_[0, change, change + 1, pixels - 1])


def _position(cells: int, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """For every pixel, the cell centre before it and the weight of the one after."""
    place = np.clip((np.arange(pixels) + 0.5) * cells / pixels - 0.5, 0, cells - 1)
    low = np.minimum(place.astype(int), max(cells - 2, 0))
    return low, place - low
