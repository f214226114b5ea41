"""Images moved to the right, and maps of moved images moved back: how much a step of a pixel changes.

No network should look elsewhere because the picture is a pixel further to the right. How similar a map
is to that of the moved image, moved back, is a ceiling of what two models can share: the input ceiling.
"""

from dataclasses import replace

import numpy as np

from thinkalike.compare.bases import Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError


def moved_right(images: np.ndarray, pixels: int) -> np.ndarray:
    """Images, or labels of their superpixels, some pixels to the right; the left column is repeated.

    Args:
        images: (N, height, width) or (N, height, width, channels), of any type.
        pixels: at least 1, fewer than the width.

    Returns:
        The same shape and type; the last `pixels` columns of the images are lost.

    Raises:
        InputError: `pixels` leaves nothing of the image, or moves nothing.
    """
    if not 0 < pixels < images.shape[2]:
        raise InputError(
            f"pixels: images {images.shape[2]} pixels wide cannot be moved by {pixels}; give at least "
            f"1 and fewer than their width"
        )
    border = np.repeat(images[:, :, :1], pixels, axis=2)
    return np.concatenate([border, images[:, :, :-pixels]], axis=2)


def moved_back(maps: Maps, moved: Maps, pixels: int) -> tuple[Maps, Maps]:
    """Maps, and those of the images moved to the right moved back, where both can be compared.

    Maps on pixels or cells are rendered, and those of the moved images shifted back. The columns that
    the move lost are zero in both. Maps on superpixels stay in that basis: the superpixels moved with
    the image, so a superpixel has one value before and one after. One that lies in the lost columns
    alone is zero in both.

    Args:
        maps: of N images, with their sign: it is taken in the basis that they were computed in.
        moved: of the same images moved by `moved_right`, likewise.
        pixels: of the move.

    Returns:
        Both in the basis `Pixels`, or on the superpixels of the images where they are.
    """
    if isinstance(maps.bases[0], Segments):
        return _on_superpixels(maps, moved, pixels)
    height, width = maps.bases[0].height, maps.bases[0].width
    kept = width - pixels
    frames = [_rendered(each).reshape(-1, height, width) for each in (maps, moved)]
    first, second = (np.zeros_like(frame) for frame in frames)
    first[:, :, :kept] = frames[0][:, :, :kept]
    second[:, :, :kept] = frames[1][:, :, pixels:]
    basis = (Pixels(height, width),)
    return Maps(first.reshape(len(maps), -1), basis), Maps(second.reshape(len(maps), -1), basis)


def _rendered(maps: Maps) -> np.ndarray:
    """Pixels of maps that share a basis, (N, height · width) float64."""
    basis, coefficients = maps.bases[0], maps.coefficients.astype(np.float64)
    return coefficients if isinstance(basis, Pixels) else coefficients @ basis.synthesis().T


def _on_superpixels(maps: Maps, moved: Maps, pixels: int) -> tuple[Maps, Maps]:
    first = maps.coefficients.astype(np.float64)
    second = np.full_like(first, np.nan)
    for image, basis in enumerate(maps.bases):
        assert isinstance(basis, Segments)
        stays = np.zeros(basis.size, bool)
        stays[np.unique(basis.labels[:, :-pixels])] = True
        values = np.zeros(basis.size)
        # superpixels behind the last one that stays have no row in the maps of moved images
        row = moved.row(image)
        values[: len(row)] = row
        second[image, : basis.size] = np.where(stays, values, 0)
        first[image, : basis.size] *= stays
    return replace(maps, coefficients=first), replace(maps, coefficients=second)
