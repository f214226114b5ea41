"""What makes a distance: Schoenberg's condition, the triangle inequality, missing cells."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thinkalike.compare.bases import Grid, Pixels
from thinkalike.compare.dissimilarity import dissimilarity
from thinkalike.compare.geometry import complete, doubly_centred, geometry
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import METRICS, similarity
from thinkalike.compare.summaries import summarise

SIGMA = 0.357


def on_pixels(*vectors) -> list[Maps]:
    """One model per vector, one image of a row of pixels."""
    return [Maps(np.array([vector], float), (Pixels(1, len(vector)),)) for vector in vectors]


def random_models(images: int, count: int, seed: int) -> list[Maps]:
    cells = np.random.default_rng(seed).normal(size=(count, images, 12))
    return [Maps(model, (Grid(3, 4, 8, 8),)) for model in cells]


@pytest.mark.parametrize("metric", METRICS)
def test_chord_over_a_common_set_of_images_is_euclidean(metric):
    values = similarity(random_models(images=7, count=9, seed=9), metric, sigma=SIGMA)
    shape = geometry(dissimilarity(summarise(values), "chord"))
    assert shape.euclidean
    assert shape.triangle
    assert shape.missing == 0
    assert shape.models == 9


def test_rms_breaks_the_triangle_inequality():
    # Unit vectors at 0, 30 and 60 degrees, the same for both images, so that std = 0 and
    # D = 1 - cos: 0.5 from end to end, 0.134 for each half.
    turns = np.radians([0, 30, 60])
    models = [Maps(np.array([[np.cos(t), np.sin(t)]] * 2), (Pixels(1, 2),)) for t in turns]
    summary = summarise(similarity(models, "cosine"))
    shape = geometry(dissimilarity(summary, "rms"))
    assert not shape.triangle
    assert not shape.euclidean
    assert shape.worst_triangle == pytest.approx(0.5 - 2 * (1 - np.sqrt(0.75)))
    assert geometry(dissimilarity(summary, "chord")).euclidean


def test_images_that_differ_from_pair_to_pair_can_break_chord():
    values = np.stack([np.eye(3)] * 2)
    values[0, 0, 2] = values[0, 2, 0] = 1
    values[1, 1, 2] = values[1, 2, 1] = 1
    assert geometry(dissimilarity(summarise(values), "chord")).euclidean
    # 2 is like 0 on the one image that counts for the two, like 1 on the other: a way of length 0
    # from 0 to 1, which are nowhere alike
    mask = np.ones(values.shape, bool)
    mask[1, 0, 2] = mask[1, 2, 0] = mask[0, 1, 2] = mask[0, 2, 1] = False
    assert not geometry(dissimilarity(summarise(values, mask), "chord")).triangle


def test_a_detour_that_is_shorter_is_found_with_its_length():
    matrix = np.array([[0, 1, 4], [1, 0, 2], [4, 2, 0]], float)
    shape = geometry(matrix)
    assert not shape.triangle
    assert not shape.euclidean
    assert shape.worst_triangle == 1


def test_a_metric_without_points_is_not_euclidean():
    # Three leaves at distance 1 from a centre and 2 from each other: in Euclidean space the centre
    # would have to be half-way between each two of them.
    matrix = np.full((4, 4), 2.0)
    matrix[0] = matrix[:, 0] = 1
    np.fill_diagonal(matrix, 0)
    shape = geometry(matrix)
    assert shape.triangle
    assert not shape.euclidean
    # by hand: -1/2 J D^2 J has the eigenvalues 2, 2, 0 and -1/4
    assert shape.smallest_eigenvalue == pytest.approx(-1 / 8)


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_distances_of_points_are_euclidean_at_every_scale(dimensions, scale):
    points = scale * np.random.default_rng(dimensions).normal(size=(8, dimensions))
    shape = geometry(np.linalg.norm(points[:, None] - points[None], axis=2))
    assert shape.euclidean
    assert shape.triangle


@given(arrays(np.float64, 10, elements=st.floats(0.01, 10)))
def test_the_triangle_inequality_is_checked_over_all_triples(cells):
    matrix = np.zeros((5, 5))
    matrix[np.triu_indices(5, 1)] = cells
    matrix += matrix.T
    gaps = [matrix[a, b] - matrix[a, c] - matrix[c, b] for a, b, c in permutations(range(5), 3)]
    shape = geometry(matrix)
    assert shape.worst_triangle == pytest.approx(max(0, *gaps), abs=1e-12)
    assert shape.triangle == (max(gaps) <= 1e-8 * matrix.max())


def test_a_diagonal_that_is_not_zero_makes_no_distance():
    # the zero convention: a model that is often blank is unlike itself
    values = similarity(on_pixels((1, 2), (0, 0), (2, 1)), "cosine", blanks="zero")
    shape = geometry(dissimilarity(summarise(values), "chord"))
    assert not shape.euclidean
    assert not shape.triangle


def test_missing_cells_are_counted_above_the_diagonal_and_their_models_left_out():
    points = np.random.default_rng(0).normal(size=(5, 2))
    matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
    for a, b in ((1, 3), (2, 3)):
        matrix[a, b] = matrix[b, a] = np.nan
    shape = geometry(matrix)
    assert (shape.missing, shape.models) == (2, 4)
    assert shape.euclidean


def test_fewer_than_two_models_have_no_geometry():
    shape = geometry(np.array([[0, np.nan], [np.nan, 0]]))
    assert (shape.models, shape.missing) == (1, 1)
    assert not shape.euclidean
    assert not shape.triangle


def test_complete_keeps_everything_where_nothing_is_missing():
    assert complete(np.ones((4, 4))).tolist() == [0, 1, 2, 3]


def test_complete_drops_the_model_with_most_missing_cells():
    matrix = np.ones((4, 4))
    matrix[1, [0, 2, 3]] = matrix[[0, 2, 3], 1] = np.nan
    assert complete(matrix).tolist() == [0, 2, 3]


def test_complete_drops_the_later_of_equals():
    matrix = np.ones((4, 4))
    matrix[1, 2] = matrix[2, 1] = np.nan
    assert complete(matrix).tolist() == [0, 1, 3]


def test_complete_drops_a_model_that_is_blank_on_all_images():
    matrix = np.ones((3, 3))
    matrix[0, :] = matrix[:, 0] = np.nan
    assert complete(matrix).tolist() == [1, 2]


@given(arrays(bool, (6, 6)))
def test_complete_leaves_no_hole(holes):
    matrix = np.where(np.triu(holes, 1) | np.triu(holes, 1).T, np.nan, 1.0)
    keep = complete(matrix)
    assert not np.isnan(matrix[np.ix_(keep, keep)]).any()
    assert len(keep) >= 1


def test_double_centring_gives_inner_products_about_the_mean():
    points = np.random.default_rng(3).normal(size=(6, 3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    centred = points - points.mean(0)
    np.testing.assert_allclose(doubly_centred(distances), centred @ centred.T, atol=1e-13)


@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_complete_leaves_out_no_model_that_would_fit(seed, size):
    random = np.random.default_rng(seed)
    holes = np.triu(random.random((size, size)) < 0.25, 1)
    matrix = np.where(holes | holes.T, np.nan, 1.0)
    keep = complete(matrix)
    assert not np.isnan(matrix[np.ix_(keep, keep)]).any()
    for model in set(range(size)) - set(keep.tolist()):
        larger = [*keep.tolist(), model]
        assert np.isnan(matrix[np.ix_(larger, larger)]).any()
