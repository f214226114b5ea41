"""Superpixels: a partition into connected pieces that follows the image and nothing else."""

import numpy as np
import pytest
from scipy import ndimage

from thinkalike.compare.bases import Segments
from thinkalike.errors import InputError
from thinkalike.images.segments import superpixels


def picture(side: int = 64, seed: int = 0) -> np.ndarray:
    """A smooth colourful picture with a little noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (6, 6, 3))
    fine = ndimage.zoom(coarse, (side / 6, side / 6, 1), order=1)
    return np.clip(fine + rng.normal(0, 4, fine.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("count", [10, 40, 100])
@pytest.mark.parametrize("side", [16, 64])
def test_labels_count_from_0_without_gaps(side, count):
    labels = superpixels(picture(side), count=count, compactness=10)
    assert labels.shape == (side, side)
    assert labels.dtype == np.int16
    assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    assert Segments(labels).size == labels.max() + 1


@pytest.mark.parametrize("count", [10, 40, 100])
def test_there_are_about_as_many_segments_as_asked_for(count):
    found = superpixels(picture(), count=count, compactness=10).max() + 1
    assert 0.5 * count <= found <= 1.5 * count


def test_every_segment_is_one_connected_piece():
    labels = superpixels(picture(seed=1), count=40, compactness=10)
    for label in range(labels.max() + 1):
        _, pieces = ndimage.label(labels == label)
        assert pieces == 1


def test_segments_end_where_colours_do():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 27:] = (200, 30, 30)
    image[40:, :27] = (30, 30, 200)
    labels = superpixels(image, count=20, compactness=1)
    colours = image.reshape(-1, 3)
    for label in range(labels.max() + 1):
        assert len(np.unique(colours[labels.ravel() == label], axis=0)) == 1


def test_the_same_image_has_the_same_segments_whatever_came_before():
    expected = superpixels(picture(), count=40, compactness=10)
    superpixels(picture(seed=2), count=40, compactness=10)
    np.testing.assert_array_equal(superpixels(picture(), count=40, compactness=10), expected)


def test_colour_counts_not_only_brightness():
    # a red and a green whose luminance differs by a quarter of a percent
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, :13] = (255, 0, 0)
    image[:, 13:] = (0, 149, 0)
    labels = superpixels(image, count=8, compactness=1)
    assert set(labels[:, 12]).isdisjoint(labels[:, 13])


def test_an_image_of_one_colour_is_cut_into_several():
    assert superpixels(np.full((64, 64, 3), 9, np.uint8), count=40, compactness=10).max() > 10


def test_great_compactness_makes_a_grid_whatever_the_colours():
    grids = [superpixels(picture(seed=seed), count=16, compactness=1e6) for seed in (0, 1)]
    np.testing.assert_array_equal(grids[0], grids[1])
    cells = [superpixels(picture(seed=seed), count=16, compactness=1) for seed in (0, 1)]
    assert (cells[0] != cells[1]).any()


def test_two_segments_are_enough():
    assert superpixels(picture(), count=5, compactness=10).max() == 1


def test_the_image_stays_as_it_is():
    image = picture()
    given = image.copy()
    superpixels(image, count=10, compactness=10)
    np.testing.assert_array_equal(image, given)


def test_a_single_segment_is_refused_with_the_size_of_the_image():
    with pytest.raises(InputError, match=r"count: 1 .* single segment .* 64 x 48 pixels"):
        superpixels(picture()[:, :48], count=1, compactness=10)
