"""Maps averaged over cells."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import block_reduce

from tests.support import dense
from thinkalike.compare.bases import Basis, Cells, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.compare.pooling import pooled
from thinkalike.compare.scales import SEGMENTS
from thinkalike.compare.similarity import Comparison, similarity
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


@pytest.mark.parametrize("side", [1, 4, 5, 9])
def test_cells_that_differ_by_a_pixel_have_the_means_of_their_labels(side):
    height, width = 13, 9
    values = NUMBERS.normal(size=(4, height * width)).astype(np.float32)
    labels = Cells(side, side, height, width).labels
    result = pooled(Maps(values, (Pixels(height, width),)), side).coefficients
    expected = [ndimage.mean(row.reshape(height, width), labels, range(side**2)) for row in values]
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-15)


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


def segmentation(images: int = 4, count: int = 5) -> list[Segments]:
    """Segments of some images, each with all labels, that are not connected."""
    found = []
    for _ in range(images):
        labels = NUMBERS.integers(0, count, (SIDE, SIDE))
        labels.flat[:count] = np.arange(count)
        found.append(Segments(labels.astype(np.int16)))
    return found


def by_hand(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A rendered map, each pixel replaced by the mean of its segment."""
    result = np.empty_like(pixels)
    for label in np.unique(labels):
        result[labels == label] = pixels[labels == label].mean()
    return result


@pytest.mark.parametrize("kind", ["pixels", "grid"])
def test_over_segments_a_map_is_the_mean_of_each(kind):
    maps, segments = some_maps(kind), [*segmentation(3, 5), *segmentation(1, 9)]
    result = pooled(maps, SEGMENTS, segments)
    for image, basis in enumerate(segments):
        rendered = render(maps, image)
        expected = by_hand(rendered, basis.labels)
        np.testing.assert_allclose(render(result, image), expected, atol=1e-14)
        sums = [np.bincount(basis.labels.ravel(), m.ravel()) for m in (rendered, expected)]
        np.testing.assert_allclose(sums[0], sums[1], atol=1e-13)  # relevance of each is conserved
    assert result.bases == tuple(segments)


def test_a_segment_without_pixels_has_the_mean_0():
    segments = [Segments(np.array([[0, 0], [3, 3]], np.int16))]
    maps = Maps(np.array([[1.0, 3.0, 5.0, 9.0]]), (Pixels(2, 2),))
    assert pooled(maps, SEGMENTS, segments).coefficients.tolist() == [[2, 0, 0, 7]]


def test_pooling_over_segments_is_a_projection():
    maps, segments = some_maps("pixels"), segmentation()
    once = pooled(maps, SEGMENTS, segments)
    rendered = np.stack([render(once, i).ravel() for i in range(4)])
    again = pooled(Maps(rendered, maps.bases), SEGMENTS, segments)
    np.testing.assert_allclose(again.coefficients, once.coefficients, atol=1e-14)
    for row, basis in zip(maps.coefficients - rendered, segments, strict=True):
        np.testing.assert_allclose(row @ basis.synthesis(), 0, atol=1e-13)


def test_cells_of_a_grid_as_segments_are_cells():
    maps, cells = some_maps("grid"), Cells(4, 4, SIDE, SIDE)
    over_segments = pooled(maps, SEGMENTS, [Segments(cells.labels)] * 4)
    np.testing.assert_allclose(over_segments.coefficients, pooled(maps, 4).coefficients, atol=1e-14)


def test_maps_on_segments_stay_as_they_are():
    maps = some_maps("segments")
    assert pooled(maps, SEGMENTS) is maps


def test_segments_of_more_images_than_there_are_maps_of_are_passed_over():
    maps, segments = some_maps("pixels"), segmentation(6)
    result = pooled(maps, SEGMENTS, segments)
    np.testing.assert_array_equal(
        result.coefficients, pooled(maps, SEGMENTS, segments[:4]).coefficients
    )


def test_without_segments_nothing_can_be_averaged_over_them():
    with pytest.raises(InputError, match=r"segments: .*; give them"):
        pooled(some_maps("pixels"), SEGMENTS)


@pytest.mark.parametrize("metric", ["cosine", "rbf"])
@pytest.mark.parametrize("rescaling", ["max_abs", "min_max"])
def test_similarity_over_segments_is_that_of_rendered_averages(metric, rescaling):
    maps = [some_maps("pixels"), some_maps("grid"), some_maps("pixels")]
    segments = segmentation()
    comparison = Comparison(metric, "absolute", rescaling, sigma=0.3, pool=SEGMENTS)
    values = similarity([comparison.prepare(each, segments) for each in maps], metric, sigma=0.3)
    dense_maps = [
        dense.rescaled(
            np.stack(
                [
                    by_hand(pixels, basis.labels)
                    for pixels, basis in zip(
                        dense.rendered(dense.signed(each, "absolute")), segments, strict=True
                    )
                ]
            ),
            rescaling,
        )
        for each in maps
    ]
    for image in range(4):
        for i in range(3):
            for j in range(i):
                x, y = dense_maps[i][image], dense_maps[j][image]
                expected = dense.cosine(x, y) if metric == "cosine" else dense.rbf(x, y, 0.3)
                assert values[image, i, j] == pytest.approx(expected, abs=1e-12)
