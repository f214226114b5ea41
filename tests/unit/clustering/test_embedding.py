"""Embeddings against scikit-learn's PCA of the points, and configurations known by geometry."""

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.decomposition import PCA

from thinkalike.clustering.embedding import multidimensional_scaling, principal_components


def points(count: int, dimensions: int, seed: int = 0) -> np.ndarray:
    # axes of different lengths, so that the components are well apart
    lengths = 3.0 ** -np.arange(dimensions)
    return np.random.default_rng(seed).normal(size=(count, dimensions)) * lengths


def distances(configuration: np.ndarray) -> np.ndarray:
    return squareform(pdist(configuration))


def stress(configuration: np.ndarray, matrix: np.ndarray) -> float:
    """Kruskal's stress-1."""
    wanted = squareform(matrix, checks=False)
    return float(np.sqrt(((pdist(configuration) - wanted) ** 2).sum() / (wanted**2).sum()))


@pytest.mark.parametrize("dimensions", [2, 3, 6])
def test_components_of_distances_are_the_pca_of_the_points_up_to_signs(dimensions):
    cloud = points(9, dimensions)
    found = principal_components(distances(cloud))
    pca = PCA(n_components=2)
    scores = pca.fit_transform(cloud)
    signs = np.sign((scores * found.points).sum(0))
    np.testing.assert_allclose(found.points, scores * signs, atol=1e-12)
    np.testing.assert_allclose(found.quality, pca.explained_variance_ratio_, atol=1e-12)


def test_the_entry_of_largest_size_on_each_axis_is_positive():
    for seed in range(8):
        found = principal_components(distances(points(7, 4, seed))).points
        assert (found[np.abs(found).argmax(0), [0, 1]] > 0).all()


def test_points_on_a_line_have_all_their_variance_on_the_first_axis():
    found = principal_components(distances(np.array([[0.0], [1], [5]])))
    np.testing.assert_allclose(found.points, [[-2, 0], [-1, 0], [3, 0]], atol=1e-7)
    np.testing.assert_allclose(found.quality, [1, 0], atol=1e-12)


def test_negative_eigenvalues_have_no_share_of_the_variance():
    # three leaves at 1 from a centre and 2 from each other: eigenvalues 2, 2, 0 and -1/4
    matrix = np.full((4, 4), 2.0)
    matrix[0] = matrix[:, 0] = 1
    np.fill_diagonal(matrix, 0)
    np.testing.assert_allclose(principal_components(matrix).quality, [0.5, 0.5])


@pytest.mark.parametrize("embed", [principal_components, multidimensional_scaling])
@pytest.mark.parametrize("seed", range(3))
def test_points_of_the_plane_are_recovered(embed, seed):
    matrix = distances(points(8, 2, seed))
    found = embed(matrix)
    np.testing.assert_allclose(distances(found.points), matrix, atol=1e-7)


def test_scaling_points_of_the_plane_has_no_stress():
    found = multidimensional_scaling(distances(points(8, 2)))
    assert found.quality[0] < 1e-7


def test_stress_is_kruskals_and_no_worse_than_that_of_the_components():
    for seed in range(4):
        matrix = distances(points(9, 5, seed) + np.random.default_rng(seed).normal(size=(9, 5)))
        found = multidimensional_scaling(matrix)
        assert found.quality[0] == pytest.approx(stress(found.points, matrix), rel=1e-12)
        assert found.quality[0] < stress(principal_components(matrix).points, matrix)


def test_scaling_stops_where_no_small_step_lowers_the_stress():
    matrix = distances(points(7, 4) + np.random.default_rng(1).normal(size=(7, 4)))
    found = multidimensional_scaling(matrix)
    rng = np.random.default_rng(0)
    for _ in range(50):
        step = found.points + 1e-3 * rng.normal(size=found.points.shape)
        assert stress(step, matrix) > found.quality[0]


@pytest.mark.parametrize("embed", [principal_components, multidimensional_scaling])
def test_an_embedding_is_centred_and_the_same_every_time(embed):
    matrix = distances(points(8, 5))
    found = embed(matrix)
    np.testing.assert_allclose(found.points.mean(0), 0, atol=1e-12)
    np.testing.assert_array_equal(found.points, embed(matrix).points)


@pytest.mark.parametrize("embed", [principal_components, multidimensional_scaling])
def test_the_matrix_stays_as_it_is(embed):
    matrix = distances(points(6, 3))
    given = matrix.copy()
    embed(matrix)
    np.testing.assert_array_equal(matrix, given)


def test_the_diagonal_is_no_data_for_scaling():
    matrix = distances(points(6, 3))
    found = multidimensional_scaling(matrix + np.eye(6))
    np.testing.assert_array_equal(found.points, multidimensional_scaling(matrix).points)


@pytest.mark.parametrize("embed", [principal_components, multidimensional_scaling])
def test_two_models_lie_their_dissimilarity_apart_on_the_first_axis(embed):
    found = embed(np.array([[0, 0.6], [0.6, 0]]))
    np.testing.assert_allclose(np.abs(found.points), [[0.3, 0], [0.3, 0]], atol=1e-12)


@pytest.mark.parametrize("embed", [principal_components, multidimensional_scaling])
def test_three_models_equally_far_apart_make_an_equilateral_triangle(embed):
    matrix = 0.5 * (1 - np.eye(3))
    np.testing.assert_allclose(distances(embed(matrix).points), matrix, atol=1e-7)


def test_four_models_equally_far_apart_have_equal_shares_and_do_not_fit_into_the_plane():
    matrix = 1 - np.eye(4)
    np.testing.assert_allclose(principal_components(matrix).quality, [1 / 3, 1 / 3])
    # The best picture is a square of side (2 + sqrt 2) / 4.
    side = (2 + np.sqrt(2)) / 4
    square = np.sqrt((4 * (side - 1) ** 2 + 2 * (np.sqrt(2) * side - 1) ** 2) / 6)
    assert multidimensional_scaling(matrix).quality[0] == pytest.approx(square, abs=1e-6)


@pytest.mark.parametrize("embed", [principal_components, multidimensional_scaling])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_models_that_do_not_differ_are_one_point_without_a_warning(embed, count):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = embed(np.zeros((count, count)))
    np.testing.assert_array_equal(found.points, np.zeros((count, 2)))
    np.testing.assert_array_equal(found.quality, 0)
