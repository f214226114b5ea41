"""Images moved to the right, and their maps moved back, against loops over pixels."""

import numpy as np
import pytest

from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.compare.moved import moved_back, moved_right
from thinkalike.errors import InputError

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 5, (3, 6, 8)).astype(np.int16)


@pytest.mark.parametrize("pixels", [1, 3])
@pytest.mark.parametrize("shape", [(2, 4, 6, 3), (2, 4, 6)])
def test_every_pixel_comes_from_its_left(shape, pixels):
    images = RANDOM.integers(0, 255, shape).astype(np.uint8)
    result = moved_right(images, pixels)
    assert (result.shape, result.dtype) == (images.shape, images.dtype)
    for column in range(6):
        np.testing.assert_array_equal(result[:, :, column], images[:, :, max(column - pixels, 0)])


@pytest.mark.parametrize("pixels", [0, 6, -1])
def test_a_move_of_nothing_or_of_everything_is_refused(pixels):
    with pytest.raises(InputError, match="images 6 pixels wide cannot be moved"):
        moved_right(np.zeros((1, 4, 6), np.uint8), pixels)


@pytest.mark.parametrize("pixels", [1, 2])
@pytest.mark.parametrize("basis", [Pixels(6, 8), Grid(2, 3, 6, 8)])
def test_maps_are_rendered_and_shifted_and_the_lost_columns_are_zero_in_both(basis, pixels):
    maps, moved = (Maps(RANDOM.normal(size=(3, basis.size)), (basis,)) for _ in range(2))
    first, second = moved_back(maps, moved, pixels)
    for image in range(3):
        here, there = render(maps, image), render(moved, image)
        expected = np.zeros((2, 6, 8))
        for row in range(6):
            for column in range(8 - pixels):
                expected[:, row, column] = here[row, column], there[row, column + pixels]
        np.testing.assert_allclose(render(first, image), expected[0], atol=1e-12)
        np.testing.assert_allclose(render(second, image), expected[1], atol=1e-12)


def test_maps_that_move_with_the_image_come_back_the_same():
    values = RANDOM.normal(size=(2, 6, 8))
    basis = (Pixels(6, 8),)
    moved = Maps(moved_right(values, 1).reshape(2, -1), basis)
    first, second = moved_back(Maps(values.reshape(2, -1), basis), moved, 1)
    np.testing.assert_array_equal(first.coefficients, second.coefficients)
    assert first.coefficients.any()


def test_superpixels_keep_their_values_and_show_what_the_shifted_pixels_show():
    bases = tuple(map(Segments, LABELS))
    there = tuple(map(Segments, moved_right(LABELS, 1)))
    maps, moved = (Maps(RANDOM.normal(size=(3, 5)), each) for each in (bases, there))
    first, second = moved_back(maps, moved, 1)
    np.testing.assert_array_equal(first.coefficients, maps.coefficients)
    np.testing.assert_array_equal(second.coefficients, moved.coefficients)
    for image in range(3):
        shifted = render(moved, image)[:, 1:]
        np.testing.assert_array_equal(render(second, image)[:, :-1], shifted)


def test_a_superpixel_that_the_move_loses_is_zero_in_both():
    labels = np.array([[[0, 0, 1, 2]] * 4, [[0, 1, 2, 2]] * 4], np.int16)
    there = moved_right(labels, 1)
    assert [each.max() for each in there] == [1, 2]
    maps = Maps(np.array([[1.0, 2, 3], [1, 2, 3]]), tuple(map(Segments, labels)))
    moved = Maps(np.array([[4.0, 5, np.nan], [4, 5, 6]]), tuple(map(Segments, there)))
    first, second = moved_back(maps, moved, 1)
    assert first.coefficients.tolist() == [[1, 2, 0], [1, 2, 3]]
    assert second.coefficients.tolist() == [[4, 5, 0], [4, 5, 6]]
    assert first.bases == second.bases == maps.bases
