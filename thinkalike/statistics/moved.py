"""Maps of images beside those of the images moved by a pixel, read from the files of a study."""

from collections.abc import Sequence

import numpy as np

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps
from thinkalike.compare.moved import moved_back, moved_right
from thinkalike.compare.similarity import Comparison
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_image_ids, read_maps


def input_ceiling_pairs(
    path: str,
    moved_path: str,
    segments: Sequence[Segments] | None,
    pixels: int,
    comparison: Comparison,
) -> tuple[Maps, Maps]:
    """Maps of the images that were moved, and those of the moved images moved back, prepared.

    Both have the sign and rescaling of the comparison, taken before they are rendered, as
    `compare.moved.moved_back` says. What is left to do is to pool them and to compare them.

    Args:
        path: of a model's maps.
        moved_path: of its maps of the first images, moved.
        segments: superpixels of the images in their place, and maybe of more, for maps on superpixels.
        pixels: of the move.
        comparison: as the maps of different models are compared.

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
    return moved_back(comparison.prepare(maps), comparison.prepare(moved), pixels)
