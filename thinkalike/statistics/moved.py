"""Maps of images beside those of the images moved by a pixel, read from the files of a study."""

from collections.abc import Sequence

import numpy as np

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps, with_sign
from thinkalike.compare.moved import moved_back, moved_right
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_image_ids, read_maps


def input_ceiling_pairs(
    path: str,
    moved_path: str,
    segments: Sequence[Segments] | None,
    pixels: int,
    sign: str,
) -> tuple[Maps, Maps]:
    """Maps of the images that were moved, and those of the moved images moved back.

    Both have their sign, which is taken in the basis that they were computed in
    (`compare.maps.with_sign`), before they are rendered. They are prepared for a comparison as other
    maps are: taking the sign again changes nothing.

    Args:
        path: of a model's maps.
        moved_path: of its maps of the first images, moved.
        segments: superpixels of the images in their place, and maybe of more, for maps on superpixels.
        pixels: of the move.
        sign: signed, positive or absolute.

    Raises:
        InputError: a file is missing or damaged, or both are not about the same images.
    """
    images = read_image_ids(moved_path)
    part, there = slice(len(images)), None
    if segments is not None:
        segments = segments[part]
        labels = moved_right(np.stack([each.labels for each in segments]), pixels)
        there = [Segments(each) for each in labels]
    moved, _ = read_maps(moved_path, there)
    maps, expected = read_maps(path, segments, part)
    same_images(moved_path, images, path, expected)
    return moved_back(with_sign(maps, sign), with_sign(moved, sign), pixels)
