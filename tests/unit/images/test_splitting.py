"""Regions that are cut in two."""

import numpy as np
import pytest
from scipy import ndimage

from thinkalike.images.splitting import split_regions

NUMBERS = np.random.default_rng(5)


def pieces(labels: np.ndarray) -> list[int]:
    """Number of connected pieces of each region."""
    return [ndimage.label(labels == label)[1] for label in range(labels.max() + 1)]


def blobs(side: int) -> np.ndarray:
    """A partition into winding connected regions."""
    noise = ndimage.gaussian_filter(NUMBERS.normal(size=(side, side)), 1.2)
    levels = np.digitize(noise, np.quantile(noise, [0.35, 0.65]))
    labels = np.zeros((side, side), int)
    for level in range(3):
        found, _ = ndimage.label(levels == level)
        labels[found > 0] = found[found > 0] + labels.max()
    return np.unique(labels, return_inverse=True)[1].reshape(side, side)


def test_a_rectangle_is_halved_across_its_longer_side():
    tall = split_regions(np.zeros((6, 4), int), 2)
    assert tall.tolist() == [[0] * 4] * 3 + [[1] * 4] * 3
    wide = split_regions(np.zeros((4, 6), int), 2)
    assert wide.tolist() == [[0] * 3 + [1] * 3] * 4


def test_the_largest_region_is_cut_first_and_of_equal_ones_the_first():
    labels = np.array([[0, 1, 1, 1, 1, 2, 2]])
    assert split_regions(labels, 4).tolist() == [[0, 1, 1, 3, 3, 2, 2]]
    assert split_regions(labels, 5).tolist() == [[0, 1, 4, 3, 3, 2, 2]]


def test_a_comb_becomes_two_connected_regions():
    comb = np.ones((7, 9), int)
    comb[:5, ::2] = 0  # five teeth of label 0 ...
    comb[5:] = 0  # ... on one back
    labels = split_regions(comb, comb.max() + 2)
    assert pieces(labels)[0] == 1
    assert pieces(labels)[2] == 1


@pytest.mark.parametrize("side", [12, 40])
def test_connected_regions_stay_connected_and_nothing_else_moves(side):
    labels = blobs(side)
    number = labels.max() + 1
    for at_least in range(number, number + 30):
        cut = split_regions(labels, at_least)
        assert np.unique(cut).tolist() == list(range(at_least))
        assert set(pieces(cut)) == {1}
        # a refinement: each new region lies in one old one
        assert len(np.unique(np.stack([cut.ravel(), labels.ravel()]), axis=1).T) == at_least


def test_every_pixel_can_be_a_region():
    labels = split_regions(np.zeros((5, 7), np.int16), 35)
    assert sorted(labels.ravel()) == list(range(35))
    assert labels.dtype == np.int16


def test_enough_regions_stay_as_they_are():
    labels = blobs(20)
    np.testing.assert_array_equal(split_regions(labels, labels.max() + 1), labels)
