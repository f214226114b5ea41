"""NEON where digits are scarce: clusters far apart, borders, copies of centroids; blocks of any size."""

import math
import tracemalloc
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from scipy.special import expit

from tests.support.clusters import (
    BETAS,
    Reference,
    error,
    every_beta,
    exactly,
    explained,
    extent,
    iris,
    written_out,
)
from thinkalike.neon import blocks
from thinkalike.neon.estimator import Neon

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

# clusters of clusters


def families(features: int, distances: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of pairs … of centroids, ever farther apart, somewhere in space; 8 points about each."""
    rng = np.random.default_rng(features)
    centroids = 5 * distances[-1] * rng.standard_normal((1, features))
    for distance in reversed(distances):
        step = rng.standard_normal((len(centroids), features))
        step *= distance / 2 / np.linalg.norm(step, axis=1, keepdims=True)
        centroids = np.concatenate([centroids - step, centroids + step])
    spread = 0.5 * distances[0] / np.sqrt(features)
    points = centroids + spread * rng.standard_normal((8, *centroids.shape))
    return points.reshape(-1, features), centroids


FAMILIES = [(3, (1, 1e6)), (20, (1, 1e6)), (4, (1, 1.5, 1e8)), (6, (1, 30, 1e3, 1e6))]


@cache
def exact_families(features: int, distances: tuple[float, ...], beta: float) -> Reference:
    return exactly(*families(features, distances), beta)


@every_beta
@pytest.mark.parametrize(("features", "distances"), FAMILIES)
def test_pairs_far_apart_are_told_apart_to_the_last_digits(features, distances, beta):
    """float64 has 1e-4 left of squares of 1e6 and nothing of 1e8; the formulas written out lose that."""
    points, centroids = families(features, distances)
    expected = exact_families(features, distances, beta)
    found = explained(points, centroids, beta)
    np.testing.assert_array_equal(found.clusters, expected.clusters)
    np.testing.assert_array_equal(found.competitors, expected.competitors)
    assert error(found.relevances, expected.relevances, expected.scale) < 1e-14
    assert error(found.logits, expected.logits, expected.scale) < 1e-14
    assert error(found.relevances.sum(1), found.logits, expected.scale) < 1e-14
    np.testing.assert_allclose(found.relevances.sum(1), found.logits, rtol=1e-10)
    plain = written_out(points, centroids, beta)
    assert error(plain.logits, expected.logits, expected.scale) > 1e-6


@every_beta
@pytest.mark.parametrize(("features", "distances"), FAMILIES)
def test_that_takes_a_look_from_near_by(features, distances, beta, monkeypatch):
    points, centroids = families(features, distances)
    expected = exact_families(features, distances, beta)
    monkeypatch.setattr(blocks, "LOCAL", 0)
    found = explained(points, centroids, beta)
    assert error(found.relevances, expected.relevances, expected.scale) > 1e-8
    assert error(found.relevances.sum(1), found.logits, expected.scale) > 1e-8


@every_beta
def test_in_float32_pairs_a_thousand_apart_are_told_apart_too(beta, monkeypatch):
    points, centroids = (array.astype(np.float32) for array in families(5, (1, 1e3)))
    expected = exactly(points, centroids, beta)
    found = explained(points, centroids, beta)
    assert found.relevances.dtype == np.float32
    assert error(found.relevances, expected.relevances, expected.scale) < 1e-6
    assert error(found.relevances.sum(1), found.logits, expected.scale) < 1e-6
    monkeypatch.setattr(blocks, "LOCAL", 0)
    plain = explained(points, centroids, beta)
    assert error(plain.relevances.sum(1), plain.logits, expected.scale) > 1e-3


def test_every_question_is_answered_from_near_by():
    points, centroids = families(5, (1, 1e6))
    expected = exactly(points, centroids, 1)
    fitted = Neon(centroids, beta=1).fit()
    np.testing.assert_array_equal(fitted.predict(points), expected.clusters)
    rows = np.arange(len(points))
    for found in (
        fitted.logits(points),
        fitted.decision_function(points)[rows, expected.clusters],
        fitted.discriminants(points)[rows, expected.competitors],
        fitted.competition(points)[rows, expected.competitors],
    ):
        assert error(found, expected.logits, expected.scale) < 1e-14
    np.testing.assert_allclose(fitted.probabilities(points), expit(expected.logits), rtol=1e-13)


@pytest.mark.parametrize("share", [0.03, 0.1, 0.3, 0.9])
def test_anywhere_logits_are_exact_to_a_share_of_the_distance_to_the_competitor(share):
    """Points on the way from pair to pair: whichever way they are looked at, 64 roundings of it."""
    _, centroids = families(5, (1, 1e6))
    rng = np.random.default_rng(0)
    start, end = rng.integers(4, size=(2, 100))
    points = centroids[start] + share * (centroids[end] - centroids[start])
    points += 10 ** rng.uniform(-1, 5, (100, 1)) * rng.standard_normal((100, 5))
    expected = exactly(points, centroids, math.inf)
    found = explained(points, centroids, math.inf)
    second = np.sort(cdist(points, centroids, "sqeuclidean"), 1)[:, 1]
    near = 64 * np.finfo(float).eps
    assert error(found.logits, expected.logits, second) < near
    assert error(found.relevances.sum(1), expected.logits, second) < near


# blocks


@every_beta
@pytest.mark.parametrize("rows", [0, 1, 7, 2**30])
def test_blocks_of_any_size_give_the_same(rows, beta, monkeypatch):
    """150 and 32 points: not a number of whole blocks of 7."""
    for points, centroids in (iris(), families(5, (1, 1e6))):
        expected = explained(points, centroids, beta)
        scale = np.abs(expected.relevances).sum(1)
        monkeypatch.setattr(blocks, "BLOCK_BYTES", rows * max(centroids.shape) * 8)
        fitted = Neon(centroids, beta=beta).fit()
        found = fitted.explain(points)
        np.testing.assert_array_equal(found.clusters, expected.clusters)
        np.testing.assert_array_equal(found.competitors, expected.competitors)
        assert error(found.logits, expected.logits, scale) < 1e-14
        assert error(found.relevances, expected.relevances, scale) < 1e-14
        np.testing.assert_array_equal(fitted.predict(points), expected.clusters)
        assert error(fitted.competition(points).sum(1), expected.logits, scale) < 1e-14
        monkeypatch.undo()


def test_more_points_than_a_block_holds_are_explained_as_each_alone():
    rng = np.random.default_rng(0)
    centroids = rng.standard_normal((3, 4))
    size = blocks.BLOCK_BYTES // (8 * 4)
    points = rng.standard_normal((2 * size + 5, 4))
    found = explained(points, centroids, 1)
    rows = np.r_[0, size - 1, size, 2 * size - 1, 2 * size, 2 * size + 4]
    size = np.array([extent(points, centroids)])
    for row in rows:
        alone = explained(points[[row]], centroids, 1)
        assert alone.clusters[0] == found.clusters[row]
        assert error(alone.relevances, found.relevances[[row]], size) < 1e-15
    np.testing.assert_allclose(found.relevances.sum(1), found.logits, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.clusters, cdist(points, centroids).argmin(1))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_no_points_give_empty_arrays(kind):
    _, centroids = iris()
    fitted = Neon(centroids, beta=1).fit()
    none = np.zeros((0, 4), kind)
    found = fitted.explain(none)
    assert found.clusters.shape == found.competitors.shape == found.logits.shape == (0,)
    assert found.relevances.shape == (0, 4)
    assert found.relevances.dtype == kind
    assert found.probabilities.shape == fitted.predict(none).shape == (0,)
    assert fitted.logits(none).shape == fitted.probabilities(none).shape == (0,)
    for answer in (fitted.decision_function, fitted.discriminants, fitted.competition):
        assert answer(none).shape == (0, 3)
    assert np.isnan(found.by_cluster).all()
    assert found.by_cluster.shape == (3, 4)
    assert found.table().shape == (0, 8)


def test_explaining_takes_little_memory_beside_what_it_returns():
    """41 MB of points; one array of points times clusters times features would be 20 times that."""
    rng = np.random.default_rng(0)
    points, centroids = rng.standard_normal((20000, 256)), rng.standard_normal((20, 256))
    fitted = Neon(centroids, beta=0.01).fit()
    tracemalloc.start()
    try:
        found = fitted.explain(points)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.relevances.nbytes == points.nbytes
    assert peak < 1.25 * points.nbytes


# borders and duplicates


def exact_numbers() -> tuple[np.ndarray, np.ndarray]:
    """Multiples of a power of two, in so few digits that no product of them is rounded."""
    rng = np.random.default_rng(0)
    return rng.integers(-64, 64, (50, 6)) / 8, rng.integers(-64, 64, (4, 6)) / 8


@pytest.mark.parametrize("beta", [*BETAS, None])
def test_between_centroids_that_are_the_same_nothing_is_relevant(beta):
    points, centroids = exact_numbers()
    centroids[3] = centroids[1]
    fitted = Neon(centroids, beta=beta).fit(points)
    found = fitted.explain(points)
    alike = np.isin(found.clusters, [1, 3])
    assert 5 < alike.sum() < 50
    assert set(found.clusters[alike] + found.competitors[alike]) == {4}
    assert not found.logits[alike].any()
    assert not fitted.competition(points)[alike].any()
    # a product with a share is rounded, and its opposite need not be
    near = 1e-16 * extent(points, centroids)
    np.testing.assert_allclose(found.relevances[alike], 0, rtol=0, atol=near)
    assert (found.probabilities[alike] == 0.5).all()
    # elsewhere both are competitors
    expected = exactly(points[~alike], centroids, fitted.beta_)
    assert error(found.relevances[~alike], expected.relevances, expected.scale) < 1e-13


@every_beta
@pytest.mark.parametrize("features", [1, 3, 50])
def test_centroids_that_are_the_same_differ_by_no_more_than_a_rounding(features, beta):
    rng = np.random.default_rng(features)
    for clusters in range(2, 20):
        centroids = rng.standard_normal((clusters, features))
        centroids[-1] = centroids[0]
        points = centroids[0] + 0.01 * rng.standard_normal((20, features))
        found = explained(points, centroids, beta)
        near = 1e-14 * extent(points, centroids)
        alike = np.isin(found.clusters, [0, clusters - 1])
        assert alike.any()
        assert np.abs(found.logits[alike]).max() <= near
        assert np.abs(found.relevances[alike]).max() <= near


@pytest.mark.parametrize("clusters", [2, 5])
def test_where_all_centroids_are_the_same_there_is_a_beta_and_nothing_is_relevant(clusters):
    points, centroids = exact_numbers()
    fitted = Neon(np.tile(centroids[:1], (clusters, 1))).fit(points)
    assert fitted.beta_ > 0
    found = fitted.explain(points)
    assert not found.logits.any()
    np.testing.assert_allclose(found.relevances, 0, rtol=0, atol=1e-16 * extent(points, centroids))
    assert not fitted.competition(points).any()


@every_beta
@pytest.mark.parametrize("others", [0, 2])
def test_on_a_border_relevances_sum_to_nothing_and_are_the_limit_from_inside(others, beta):
    """There R_k is left of the one competitor: its share of (x_i − m_i) w_i."""
    far = np.array([[8.0, 9.0, 8.0], [-9.0, 8.0, 8.0]])[:others]
    centroids = np.concatenate([[[-2.0, 0.0, 1.0], [2.0, 2.0, -1.0]], far])
    w, middle = 2 * (centroids[0] - centroids[1]), centroids[:2].mean(0)
    along = np.array([1.0, -1.0, 1.0])
    assert w @ along == 0
    border = middle + along
    found = explained(border[None], centroids, beta)
    parts = (border - middle) * w
    assert np.abs(parts).min() >= 4
    h = ((border - far) ** 2).sum(1) - ((border - centroids[0]) ** 2).sum()
    share = 1 / (1 + (np.exp(-beta * h).sum() if others and beta < math.inf else 0))
    near = 1e-14 * extent(border[None], centroids)
    assert {*found.clusters, *found.competitors} == {0, 1}
    assert found.logits == 0
    np.testing.assert_allclose(found.relevances.sum(1), 0, rtol=0, atol=near)
    sign = 1 if found.clusters[0] == 0 else -1
    np.testing.assert_allclose(found.relevances[0], sign * share * parts, rtol=0, atol=near)
    away = []
    for step in (1e-2, 1e-4, 1e-6):
        inside = explained((border + sign * step * w)[None], centroids, beta)
        assert inside.clusters[0] == found.clusters[0]
        assert inside.logits[0] == pytest.approx(2 * step * (w @ w) / 2, rel=1e-6)
        away.append(np.abs(inside.relevances - found.relevances).max())
        # the change is as the step
        assert away[-1] < 200 * step
    assert away == sorted(away, reverse=True)


@every_beta
def test_where_three_clusters_meet_relevances_are_finite_bounded_and_sum_to_nothing(beta):
    """They have no limit there: each side has its own."""
    rng = np.random.default_rng(0)
    around = rng.standard_normal((4, 3, 5))
    around /= np.linalg.norm(around, axis=2, keepdims=True)
    for directions in around:
        centre = rng.standard_normal(5)
        found = explained(centre[None], centre + directions, beta)
        np.testing.assert_allclose(found.logits, 0, atol=1e-14)
        np.testing.assert_allclose(found.relevances.sum(1), 0, atol=1e-14)
        assert np.abs(found.relevances).max() < 2


@every_beta
def test_an_outlier_is_explained_as_well(beta):
    """1e8 away from everything: h is as exact as it can be, w·x."""
    _, centroids = iris()
    points = 1e8 * np.random.default_rng(0).standard_normal((20, 4))
    expected = exactly(points, centroids, beta)
    found = explained(points, centroids, beta)
    np.testing.assert_array_equal(found.clusters, expected.clusters)
    assert error(found.relevances, expected.relevances, expected.scale) < 1e-14
    assert error(found.relevances.sum(1), found.logits, expected.scale) < 1e-14


# any centroids and points

NUMBERS = st.floats(-100, 100, width=32, allow_subnormal=False)
ANY_BETA = st.one_of(st.just(0.0), st.floats(0, 100), st.just(math.inf))


@st.composite
def clustered(draw: st.DrawFn, points: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Points and centroids, equal ones and such on borders among them."""
    features = draw(st.integers(1, 6))
    count = draw(st.integers(1, points))
    clusters = draw(st.integers(2, 6))
    numbers = draw(st.sampled_from([NUMBERS, st.integers(-3, 3).map(float)]))
    shapes = (count, features), (clusters, features)
    return tuple(draw(arrays(float, shape, elements=numbers)) for shape in shapes)


@settings(max_examples=300)
@given(clustered(), ANY_BETA)
def test_whatever_is_given_relevances_are_finite_bounded_and_sum_to_the_logit(data, beta):
    points, centroids = data
    fitted = Neon(centroids, beta=beta).fit()
    found = fitted.explain(points)
    near = 1e-14 * extent(points, centroids)
    assert (found.logits >= 0).all()
    assert (found.clusters != found.competitors).all()
    np.testing.assert_allclose(found.relevances.sum(1), found.logits, rtol=0, atol=near)
    np.testing.assert_allclose(fitted.competition(points).sum(1), found.logits, rtol=1e-14)
    # R_i = Σ_k share_k · f/h_k · (x_i − m_ik) w_ik, and the shares sum to 1, f ≤ h_k
    mine = centroids[found.clusters][:, None]
    parts = (points[:, None] - (mine + centroids) / 2) * 2 * (mine - centroids)
    assert (np.abs(found.relevances) <= np.abs(parts).max(1) + near).all()


@settings(max_examples=300)
@given(clustered())
def test_whatever_is_given_the_nearest_centroid_is_the_cluster_and_the_second_the_competitor(data):
    """Up to roundings of distances."""
    points, centroids = data
    squares = cdist(points, centroids, "sqeuclidean")
    near = 1e-14 * extent(points, centroids)
    found = explained(points, centroids, 1)
    rows, ordered = np.arange(len(points)), np.sort(squares, 1)
    assert (squares[rows, found.clusters] <= ordered[:, 0] + near).all()
    assert (squares[rows, found.competitors] <= ordered[:, 1] + near).all()
    gaps = ordered[:, 1] - ordered[:, 0]
    np.testing.assert_allclose(found.logits, gaps, rtol=0, atol=2 * near)
    decision = Neon(centroids, beta=1).fit().decision_function(points)
    np.testing.assert_array_equal(decision.max(1), found.logits)
    np.testing.assert_array_equal(decision[rows, found.clusters], found.logits)
    assert (np.delete(decision.ravel(), rows * len(centroids) + found.clusters) <= 0).all()


@settings(max_examples=200)
@given(clustered(points=1), st.floats(0, 10))
@example((np.array([[0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])), 1.0)
def test_whatever_is_given_off_the_borders_it_is_as_exact_arithmetic_says(data, factor):
    """A rounding of h, by ε of the extent S, counts β S ε in exp(−β h) and S ε/f in f/h."""
    points, centroids = data
    squares = np.sort(cdist(points, centroids, "sqeuclidean"), 1)
    away = squares[0, 1] - squares[0, 0]
    size = extent(points, centroids)
    assume(away > 1e-3 * size)
    beta = factor / away
    expected = exactly(points, centroids, beta)
    found = explained(points, centroids, beta)
    near = 1e-15 * (1 + (1 + factor) * size / away)
    assert found.clusters[0] == expected.clusters[0]
    assert error(found.logits, expected.logits, np.array([size])) < 1e-14
    assert error(found.relevances, expected.relevances, expected.scale) < near
