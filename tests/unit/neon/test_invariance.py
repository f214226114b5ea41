"""What must not matter to NEON: place, order, units and rotation of points and centroids."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import special_ortho_group

from tests.support.clusters import (
    DATA,
    error,
    every_beta,
    every_kind,
    explained,
    extent,
    reference,
    undecided,
)
from thinkalike.neon.estimator import Neon
from thinkalike.neon.explanation import ClusterExplanation

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

# what does not matter


@cache
def unit(data: str) -> tuple[float, ClusterExplanation, np.ndarray]:
    """β by the heuristic, the explanation with it, and each point's scale."""
    points, centroids = DATA[data]()
    fitted = Neon(centroids).fit(points)
    return fitted.beta_, fitted.explain(points), reference(data, fitted.beta_).scale


@every_kind
@pytest.mark.parametrize("distance", [1, 30, 1e3])
def test_where_points_and_centroids_lie_does_not_matter(data, distance):
    """Beyond what becomes of the numbers themselves out there."""
    points, centroids = DATA[data]()
    beta, one, scale = unit(data)
    shift = distance * np.sqrt(extent(points, centroids))
    shift *= np.random.default_rng(0).choice([-1, 1], points.shape[1])
    other = explained(points + shift, centroids + shift, beta)
    np.testing.assert_array_equal(other.clusters, one.clusters)
    assert error(other.relevances, one.relevances, scale) < 1e-14 * (1 + distance)


@every_kind
@every_beta
def test_where_numbers_keep_their_digits_no_digit_is_lost(data, beta):
    """On a grid that can be moved without rounding, a thousand and a million times the spread away."""
    points, centroids = (np.round(array * 2**10) / 2**10 for array in DATA[data]())
    # of numbers that have not been rounded to the grid, and are nearly the same
    expected = reference(data, beta)
    scale = expected.scale * undecided(expected, beta, extent(points, centroids))
    one = explained(points, centroids, beta)
    for distance in (1e3, 1e6):
        shift = np.round(distance * np.sqrt(extent(points, centroids)))
        moved = points + shift, centroids + shift
        np.testing.assert_array_equal(moved[0] - shift, points)
        np.testing.assert_array_equal(moved[1] - shift, centroids)
        other = explained(*moved, beta)
        assert error(other.relevances, one.relevances, scale) < 1e-14


@every_kind
def test_the_order_of_clusters_does_not_matter(data):
    points, centroids = DATA[data]()
    beta, one, scale = unit(data)
    order = np.random.default_rng(0).permutation(len(centroids))
    one_fitted, fitted = (Neon(c, beta=beta).fit() for c in (centroids, centroids[order]))
    other = fitted.explain(points)
    np.testing.assert_array_equal(order[other.clusters], one.clusters)
    np.testing.assert_array_equal(order[other.competitors], one.competitors)
    assert error(other.relevances, one.relevances, scale) < 1e-14
    competition = one_fitted.competition(points)[:, order]
    assert error(fitted.competition(points), competition, scale) < 1e-14
    np.testing.assert_array_equal(other.by_cluster.argmax(1), one.by_cluster[order].argmax(1))


@every_kind
def test_the_order_of_features_does_not_matter(data):
    points, centroids = DATA[data]()
    beta, one, scale = unit(data)
    order = np.random.default_rng(0).permutation(points.shape[1])
    other = explained(points[:, order], centroids[:, order], beta)
    np.testing.assert_array_equal(other.clusters, one.clusters)
    assert error(other.relevances, one.relevances[:, order], scale) < 1e-14


@every_kind
def test_the_order_of_points_does_not_matter(data):
    points, centroids = DATA[data]()
    beta, one, scale = unit(data)
    order = np.random.default_rng(0).permutation(len(points))
    other = explained(points[order], centroids, beta)
    np.testing.assert_array_equal(other.clusters, one.clusters[order])
    assert error(other.relevances, one.relevances[order], scale[order]) < 1e-14


@every_kind
@pytest.mark.parametrize("factor", [2.0**-40, 1e-3, 7.3, -1.0, 2.0**40])
def test_in_other_units_relevances_are_the_same_in_squares_of_those_units(data, factor):
    """β is in units of one by their square."""
    points, centroids = DATA[data]()
    beta, one, scale = unit(data)
    other = explained(factor * points, factor * centroids, beta / factor**2)
    np.testing.assert_array_equal(other.clusters, one.clusters)
    assert error(other.relevances / factor**2, one.relevances, scale) < 1e-14
    heuristic = Neon(factor * centroids).fit(factor * points).beta_
    assert heuristic == pytest.approx(beta / factor**2, rel=1e-12)


@every_kind
def test_a_rotation_keeps_logits_and_what_competitors_get(data):
    points, centroids = DATA[data]()
    beta, one, scale = unit(data)
    turn = special_ortho_group.rvs(points.shape[1], random_state=0)
    fitted = Neon(centroids @ turn, beta=beta).fit()
    other = fitted.explain(points @ turn)
    np.testing.assert_array_equal(other.clusters, one.clusters)
    assert error(other.logits, one.logits, scale) < 2e-14
    competition = Neon(centroids, beta=beta).fit().competition(points)
    assert error(fitted.competition(points @ turn), competition, scale) < 2e-14
    # whereas features have become others
    assert error(other.relevances, one.relevances, scale) > 0.01


@every_kind
def test_a_feature_in_which_centroids_agree_gets_nothing(data):
    points, centroids = DATA[data]()
    beta, one, scale = unit(data)
    noise = np.random.default_rng(0).standard_normal((len(points), 1)) * points.std()
    level = np.full((len(centroids), 1), 3.7)
    other = explained(np.hstack([points, noise]), np.hstack([centroids, level]), beta)
    assert error(other.relevances[:, :-1], one.relevances, scale) < 1e-14
    assert error(other.relevances[:, -1], np.zeros(len(points)), scale) < 1e-14
