"""Maps averaged over cells."""

import numpy as np
import pytest
from skimage.measure import block_reduce

from thinkalike.compare.bases import Basis, Cells, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.compare.pooling import pooled
from thinkalike.errors import InputError

NUMBERS = np.random.default_rng(0)
SIDE = 12


def bases(kind: str) -> tuple[Basis, ...]:
    if kind == "segments":
        return tuple(Segments(NUMBERS.integers(0, 5, (SIDE, SIDE))) for _ in range(4))
    return {"pixels": (Pixels(SIDE, SIDE),), "grid": (Grid(3, 5, SIDE, SIDE),)}[kind]


def some_maps(kind: str) -> Maps:
    of_images = bases(kind)
    return Maps(NUMBERS.normal(size=(4, of_images[0].size)), of_images)


@pytest.mark.parametrize("kind", ["pixels", "grid", "segments"])
@pytest.mark.parametrize("side", [1, 3, 4, 12])
def test_a_pooled_map_is_the_mean_of_each_block_of_pixels(kind, side):
    maps = some_maps(kind)
    result = pooled(maps, side)
    for image in range(4):
        blocks = block_reduce(render(maps, image), SIDE // side, np.mean)
        np.testing.assert_allclose(result.row(image).reshape(side, side), blocks, atol=1e-14)


@pytest.mark.parametrize("kind", ["pixels", "grid", "segments"])
@pytest.mark.parametrize("side", [3, 5, 8])
def test_pooling_conserves_the_sum_of_a_map(kind, side):
    maps = some_maps(kind)
    result = pooled(maps, side)
    for image in range(4):
        assert abs(render(result, image).sum() - render(maps, image).sum()) < 1e-12


def test_pooling_is_a_projection():
    maps = some_maps("pixels")
    once = pooled(maps, 5)
    rendered = Maps(np.stack([render(once, i).ravel() for i in range(4)]), maps.bases)
    np.testing.assert_allclose(pooled(rendered, 5).coefficients, once.coefficients, atol=1e-14)
    left = maps.coefficients - rendered.coefficients  # orthogonal to all that is constant on cells
    np.testing.assert_allclose(left @ Cells(5, 5, SIDE, SIDE).synthesis(), 0, atol=1e-13)


def test_without_a_number_of_cells_maps_stay_as_they_are():
    maps = some_maps("grid")
    assert pooled(maps, None) is maps


def test_more_cells_than_pixels_are_refused():
    with pytest.raises(InputError, match="side: 13 x 13 cells do not fit a frame of 12 x 12"):
        pooled(some_maps("pixels"), 13)
