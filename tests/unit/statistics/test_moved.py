"""Maps beside those of moved images, from files."""

import numpy as np
import pytest

from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.compare.moved import moved_right
from thinkalike.compare.similarity import similarity
from thinkalike.errors import InputError
from thinkalike.statistics.moved import input_ceiling_pairs
from thinkalike.stores.maps import write_maps

RANDOM = np.random.default_rng(0)
IMAGES = ["val/0", "val/1", "val/2"]


def written(path, maps: Maps, images: list[str]) -> str:
    write_maps(path, maps, image_ids=images, measures={}, attributes={})
    return str(path)


def test_the_first_images_are_read_and_maps_that_move_along_are_alike(tmp_path):
    values = RANDOM.normal(size=(3, 8, 8))
    maps, moved = (
        Maps(each.reshape(len(each), -1), (Pixels(8, 8),))
        for each in (values, moved_right(values[:2], 1))
    )
    paths = (
        written(tmp_path / "maps.nc", maps, IMAGES),
        written(tmp_path / "moved.nc", moved, IMAGES[:2]),
    )
    pair = input_ceiling_pairs(*paths, None, 1, "signed")
    assert [len(each) for each in pair] == [2, 2]
    np.testing.assert_allclose(similarity(pair, "cosine")[:, 0, 1], 1, atol=1e-6)


def test_superpixels_are_moved_to_read_the_maps_on_them(tmp_path):
    labels = RANDOM.integers(0, 4, (3, 8, 8)).astype(np.int16)
    segments, there = (
        [Segments(each) for each in many] for many in (labels, moved_right(labels, 2))
    )
    values = RANDOM.normal(size=(3, 4))
    paths = (
        written(tmp_path / "maps.nc", Maps(values, tuple(segments)), IMAGES),
        written(tmp_path / "moved.nc", Maps(values[:2], tuple(there[:2])), IMAGES[:2]),
    )
    first, second = input_ceiling_pairs(*paths, segments, 2, "signed")
    np.testing.assert_array_equal(first.coefficients, second.coefficients)
    with pytest.raises(InputError, match="other superpixels"):
        input_ceiling_pairs(*paths, segments, 1, "signed")


def test_the_sign_is_taken_before_maps_are_rendered(tmp_path):
    maps = Maps(RANDOM.normal(size=(2, 4)), (Grid(2, 2, 8, 8),))
    path = written(tmp_path / "maps.nc", maps, IMAGES[:2])
    first, _ = input_ceiling_pairs(path, path, None, 1, "positive")
    positive = Maps(np.maximum(maps.coefficients, 0), maps.bases)
    for image in range(2):
        expected = render(positive, image)
        expected[:, -1] = 0
        np.testing.assert_allclose(render(first, image), expected, atol=1e-6)


def test_maps_of_other_images_are_refused(tmp_path):
    maps = Maps(RANDOM.normal(size=(2, 64)), (Pixels(8, 8),))
    paths = (
        written(tmp_path / "maps.nc", maps, IMAGES[:2]),
        written(tmp_path / "moved.nc", maps, IMAGES[1:]),
    )
    with pytest.raises(InputError, match=r"moved\.nc is about other images"):
        input_ceiling_pairs(*paths, None, 1, "signed")
