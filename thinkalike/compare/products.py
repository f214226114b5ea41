"""Exact inner products of rendered maps, computed in their bases without rendering."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy.sparse as sparse

from thinkalike.compare.bases import Basis, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError

PIXELS_AT_A_TIME = 2**13
"""Pixels of the maps of all models that are converted to float64 at once: they stay in a cache."""
NUMBERS_AT_A_TIME = 2**23
"""Coefficients of each of two models that are converted to float64 at once."""


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
    return np.stack([_squares(maps) for maps in models], 1)


def all_inner_products(models: Sequence[Maps]) -> np.ndarray:
    """Inner products of all rendered maps with each other, whatever their model and image.

    Args:
        models: maps on one basis each, of any number of images.

    Returns:
        (N, N) float64 for N maps in all, those of the first model first.

    Raises:
        InputError: maps on superpixels, of which every image has its own.
    """
    if not all(maps.shared for maps in models):
        raise InputError(
            "maps on superpixels cannot be compared from image to image, as every image has its own; "
            "choose another method"
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


def _squares(maps: Maps) -> np.ndarray:
    """(N,) inner products of rendered maps with themselves."""
    if not isinstance(maps.bases[0], Pixels):
        return inner_products([maps])[:, 0, 0]
    squares, row = np.empty(len(maps)), np.empty(maps.coefficients.shape[1])
    for image, coefficients in enumerate(maps.coefficients):
        row[:] = coefficients
        squares[image] = np.vecdot(row, row)
    return squares


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
    # a file may be padded for other images
    left, right = (np.stack([maps.coefficients[:, :most] for maps in group], 1) for group in (a, b))
    areas = np.zeros((len(left), most))
    for row, segments in zip(areas, a[0].bases, strict=True):
        row[: segments.size] = segments.areas  # type: ignore[attr-defined]
    absent = areas[:, None] == 0
    weighted = np.where(absent, 0, left * areas[:, None])
    return weighted @ np.where(absent, 0, right).transpose(0, 2, 1)


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
