"""Regions are joined, the smallest first, to the neighbour of the nearest colour."""

import numpy as np
import pytest
from scipy import ndimage

from thinkalike.images.merging import merge_regions

LABELS = np.array(
    [
        [0, 0, 1, 1, 1],
        [0, 0, 2, 1, 1],
        [3, 3, 3, 4, 4],
        [3, 3, 3, 4, 4],
    ]
)


def coloured(colours: list[int]) -> np.ndarray:
    return np.array(colours, np.uint8)[LABELS][..., None].repeat(3, 2)


@pytest.mark.parametrize(
    ("colours", "joined"),
    [
        # region 2 touches 0, 1 and 3 by an edge, 4 by a corner alone
        ([10, 50, 60, 90, 60], 1),
        ([10, 90, 20, 90, 20], 0),
        ([10, 10, 80, 90, 80], 3),
        ([40, 20, 30, 90, 30], 0),  # as near as 1, and before it
    ],
)
def test_the_smallest_region_is_joined_to_the_neighbour_of_the_nearest_colour(colours, joined):
    merged = merge_regions(LABELS, coloured(colours), 4)
    expected = np.where(LABELS == 2, joined, LABELS)
    np.testing.assert_array_equal(merged, np.unique(expected, return_inverse=True)[1].reshape(4, 5))
    assert merged.dtype == LABELS.dtype


@pytest.mark.parametrize("at_most", [5, 9])
def test_where_there_are_few_enough_nothing_is_joined(at_most):
    np.testing.assert_array_equal(merge_regions(LABELS, coloured([0] * 5), at_most), LABELS)


@pytest.mark.parametrize("at_most", [1, 2, 7, 20])
def test_what_is_left_is_connected_and_without_gaps(at_most):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.repeat(np.arange(25).reshape(5, 5), 4, 0), 4, 1).astype(np.int16)
    merged = merge_regions(labels, rng.integers(0, 256, (20, 20, 3)), at_most)
    assert np.unique(merged).tolist() == list(range(at_most))
    for label in range(at_most):
        assert ndimage.label(merged == label)[1] == 1
