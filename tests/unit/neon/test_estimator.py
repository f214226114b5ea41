"""NEON against its formulas written out, exact arithmetic and scikit-learn; what it refuses."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from scipy.special import expit
from sklearn.base import clone
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.datasets import load_wine, make_blobs
from sklearn.frozen import FrozenEstimator

from tests.support.clusters import (
    BETAS,
    DATA,
    digits,
    error,
    every_beta,
    every_kind,
    exactly,
    explained,
    extent,
    frame,
    iris,
    reference,
    scattered,
    some,
    undecided,
)
from thinkalike.errors import InputError
from thinkalike.neon import blocks
from thinkalike.neon.estimator import Neon

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

# equal to the formulas


@every_kind
@every_beta
def test_everything_is_as_the_formulas_written_out_say(data, beta):
    points, centroids = DATA[data]()
    expected = reference(data, beta)
    fitted = Neon(centroids, beta=beta).fit()
    found = fitted.explain(points)
    np.testing.assert_array_equal(found.clusters, expected.clusters)
    np.testing.assert_array_equal(found.competitors, expected.competitors)
    assert error(found.relevances, expected.relevances, expected.scale) < 1e-12
    assert error(found.logits, expected.logits, expected.scale) < 1e-12
    assert error(fitted.competition(points), expected.competition, expected.scale) < 1e-12
    discriminants = fitted.discriminants(points)
    largest = expected.discriminants.max(1)
    assert error(discriminants, expected.discriminants, largest) < 1e-12
    # what is asked alone is what explain says
    np.testing.assert_array_equal(fitted.predict(points), found.clusters)
    np.testing.assert_array_equal(fitted.logits(points), found.logits)


@every_kind
@every_beta
def test_relevances_are_those_of_exact_arithmetic(data, beta):
    """Nearer than the formulas written out in float64 are."""
    points, centroids = DATA[data]()
    points = some(points, centroids)
    expected = exactly(points, centroids, beta)
    found = explained(points, centroids, beta)
    scale = expected.scale * undecided(expected, beta, extent(points, centroids))
    assert error(found.relevances, expected.relevances, scale) < 5e-15
    assert error(found.logits, expected.logits, expected.scale) < 5e-15


@pytest.mark.parametrize("beta", [0, 1e-4, math.inf])
def test_small_features_beside_large_ones_are_as_exact(beta):
    """Wine as it is measured: proline has 10 million times the relevance of the phenols."""
    points = load_wine().data
    centroids = KMeans(3, n_init=10, random_state=0).fit(points).cluster_centers_
    expected = exactly(points, centroids, beta)
    found = explained(points, centroids, beta)
    mine = centroids[expected.clusters][:, None]
    parts = (points[:, None] - (mine + centroids) / 2) * 2 * (mine - centroids)
    discriminants = np.where(expected.discriminants > 0, expected.discriminants, 1)
    terms = expected.competition[:, :, None] * np.abs(parts) / discriminants[:, :, None]
    of_feature = terms.sum(1).max(0)
    assert of_feature[12] > 5e6 * of_feature[7]
    assert error(found.relevances.T, expected.relevances.T, of_feature) < 2e-14


@every_kind
@every_beta
def test_relevances_and_competition_sum_to_the_logit(data, beta):
    points, centroids = DATA[data]()
    fitted = Neon(centroids, beta=beta).fit()
    found = fitted.explain(points)
    assert found.relevances.dtype == found.logits.dtype == np.float64
    assert (found.logits > 0).all()
    np.testing.assert_allclose(found.relevances.sum(1), found.logits, rtol=1e-10)
    scale = reference(data, beta).scale
    assert error(found.relevances.sum(1), found.logits, scale) < 1e-14
    competition = fitted.competition(points)
    np.testing.assert_allclose(competition.sum(1), found.logits, rtol=1e-14)
    assert (competition >= 0).all()
    assert not competition[np.arange(len(points)), found.clusters].any()


@every_kind
@every_beta
def test_float32_stays_float32_and_is_right_to_its_digits(data, beta):
    """Of the numbers that float32 makes of the data."""
    points, centroids = (array.astype(np.float32) for array in DATA[data]())
    points = some(points, centroids)
    expected = exactly(points, centroids, beta)
    scale = expected.scale * undecided(expected, beta, extent(points, centroids))
    fitted = Neon(centroids, beta=beta).fit()
    found = fitted.explain(points)
    for part in (
        found.relevances,
        found.logits,
        found.probabilities,
        found.overall,
        found.by_cluster,
        fitted.logits(points),
        fitted.competition(points),
        fitted.discriminants(points),
        fitted.decision_function(points),
    ):
        assert part.dtype == np.float32
    assert error(found.relevances, expected.relevances, scale) < 1e-6
    # A sum of D numbers is right to D roundings of half a last digit (Higham, 2002, section 4.2); how
    # many of them happen depends on the order of summation, which differs between processors.
    rounding = max(1e-6, points.shape[1] * 2.0**-24)
    assert error(found.logits, expected.logits, expected.scale) < rounding
    assert error(found.relevances.sum(1), found.logits, expected.scale) < rounding
    # float64 centroids make float64 of nothing
    also = Neon(centroids.astype(float), beta=beta).fit().explain(points)
    np.testing.assert_array_equal(also.relevances, found.relevances)


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float16, bool])
def test_other_numbers_are_computed_in_float64(kind):
    points = np.array([[0, 1], [1, 1], [1, 0]], kind)
    centroids = np.array([[0, 0], [1, 1], [0, 2]])
    found = explained(points, centroids, 0.5)
    assert found.relevances.dtype == np.float64
    same = explained(points.astype(float), centroids.astype(float), 0.5)
    np.testing.assert_array_equal(found.relevances, same.relevances)


def test_on_a_centroid_relevance_is_as_the_squared_differences_of_centroids():
    """x = μ_c: (x_i − m_ik) w_ik = (μ_ci − μ_ki)², and h_k is their sum."""
    _, centroids = scattered()
    beta = 0.01
    found = explained(centroids, centroids, beta)
    np.testing.assert_array_equal(found.clusters, np.arange(7))
    for c in range(7):
        squares = np.delete((centroids[c] - centroids) ** 2, c, 0)
        h = squares.sum(1)
        share = np.exp(-beta * h) / np.exp(-beta * h).sum()
        expected = (h.min() * share / h) @ squares
        assert (found.relevances[c] > 0).all()
        np.testing.assert_allclose(found.logits[c], h.min(), rtol=1e-13)
        np.testing.assert_allclose(found.relevances[c], expected, rtol=0, atol=1e-13 * h.min())


def test_of_two_clusters_beta_does_not_matter():
    """There is one competitor: R_i = (x_i − m_i) w_i."""
    points, centroids = scattered()
    centroids = centroids[:2]
    assigned = cdist(points, centroids).argmin(1)
    w = 2 * (centroids[assigned] - centroids[1 - assigned])
    expected = (points - centroids.mean(0)) * w
    scale = np.abs(expected).sum(1)
    for beta in BETAS:
        found = explained(points, centroids, beta)
        np.testing.assert_array_equal(found.clusters, assigned)
        np.testing.assert_array_equal(found.competitors, 1 - assigned)
        assert error(found.relevances, expected, scale) < 1e-14


# the assignment


def blobs() -> tuple[np.ndarray, np.ndarray]:
    points, _ = make_blobs(500, 8, centers=6, cluster_std=3, random_state=0)
    return points, KMeans(6, n_init=1, random_state=0).fit(points).cluster_centers_


@pytest.mark.parametrize("estimator", [KMeans, MiniBatchKMeans])
@pytest.mark.parametrize("data", [blobs, digits])
def test_it_predicts_what_scikit_learn_predicts(data, estimator):
    points, centroids = data()
    theirs = estimator(len(centroids), n_init=1, random_state=1).fit(points)
    fitted = Neon(theirs, beta=1).fit()
    np.testing.assert_array_equal(fitted.centroids_, theirs.cluster_centers_)
    assert fitted.n_features_in_ == points.shape[1]
    np.testing.assert_array_equal(fitted.predict(points), theirs.predict(points))


@every_kind
def test_of_the_decision_function_the_own_cluster_is_the_largest_and_alone_positive(data):
    points, centroids = DATA[data]()
    fitted = Neon(centroids, beta=1).fit()
    squares = cdist(points, centroids, "sqeuclidean")
    expected = np.stack(
        [np.delete(squares, k, 1).min(1) - squares[:, k] for k in range(len(centroids))], 1
    )
    found = fitted.decision_function(points)
    assert error(found, expected, squares.max(1)) < 1e-14
    assigned = fitted.predict(points)
    np.testing.assert_array_equal(found.argmax(1), assigned)
    np.testing.assert_array_equal(found.max(1), fitted.logits(points))
    np.testing.assert_array_equal(found > 0, np.eye(len(centroids), dtype=bool)[assigned])


@every_kind
def test_probabilities_are_the_logistic_function_of_logits(data):
    points, centroids = DATA[data]()
    fitted = Neon(centroids, beta=1).fit()
    found = fitted.probabilities(points)
    np.testing.assert_allclose(found, expit(fitted.logits(points)), rtol=1e-15)
    np.testing.assert_array_equal(found, fitted.explain(points).probabilities)
    assert (found >= 0.5).all()


# β


@every_kind
def test_without_a_beta_it_is_one_by_the_mean_logit(data):
    points, centroids = DATA[data]()
    squares = np.sort(cdist(points, centroids, "sqeuclidean"), 1)
    expected = 1 / (squares[:, 1] - squares[:, 0]).mean()
    assert Neon(centroids).fit(points).beta_ == pytest.approx(expected, rel=1e-12)
    single = Neon(centroids.astype(np.float32)).fit(points.astype(np.float32))
    assert single.beta_ == pytest.approx(expected, rel=1e-6)


def test_a_given_beta_is_kept():
    points, centroids = iris()
    for beta in (0, 0.25, 1e300, math.inf):
        assert Neon(centroids, beta=beta).fit(points).beta_ == beta
        assert Neon(centroids, beta=beta).fit().beta_ == beta


@every_kind
def test_the_larger_beta_the_more_the_nearest_competitor_counts_and_at_infinity_alone(data):
    """R_i = (x_i − m_ik) w_ik is then the relevance, k the competitor."""
    points, centroids = DATA[data]()
    fitted = Neon(centroids, beta=math.inf).fit()
    found = fitted.explain(points)
    mine, other = (centroids[index] for index in (found.clusters, found.competitors))
    alone = (points - (mine + other) / 2) * 2 * (mine - other)
    scale = np.abs(alone).sum(1)
    assert error(found.relevances, alone, scale) < 1e-14
    rows = np.arange(len(points))
    competition = fitted.competition(points)
    np.testing.assert_array_equal(competition[rows, found.competitors], found.logits)
    assert (np.count_nonzero(competition, axis=1) == 1).all()
    away = []
    for factor in (1, 10, 100, 1e4, 1e7):
        beta = factor / found.logits.mean()
        away.append(error(explained(points, centroids, beta).relevances, alone, scale))
    assert away == sorted(away, reverse=True)
    assert away[0] > 0.1
    assert away[-1] < 1e-14


@every_kind
def test_at_beta_zero_all_competitors_count_the_same(data):
    points, centroids = DATA[data]()
    fitted = Neon(centroids, beta=0).fit()
    found, competition = fitted.logits(points), fitted.competition(points)
    np.fill_diagonal(own := np.zeros((len(centroids),) * 2), 1)
    share = (1 - own[fitted.predict(points)]) / (len(centroids) - 1)
    np.testing.assert_allclose(competition, found[:, None] * share, rtol=1e-14)


def test_competitors_as_near_as_each_other_share_alike():
    """Numbers without rounding. Two competitors of h = 4, one of 16; R_i by hand."""
    centroids = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [-4.0, 0.0]])
    fitted = Neon(centroids, beta=math.inf).fit()
    point = np.array([[0.0, 0.0]])
    np.testing.assert_array_equal(fitted.discriminants(point), [[0, 4, 4, 16]])
    np.testing.assert_array_equal(fitted.competition(point), [[0, 2, 2, 0]])
    np.testing.assert_array_equal(fitted.explain(point).relevances, [[2, 2]])
    # at any β these two have the same
    for beta in (0, 0.1, 1, 1e300):
        share = fitted.set_params(beta=beta).fit().competition(point)[0]
        assert share[1] == share[2]
        assert share.sum() == pytest.approx(4, rel=1e-15)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("beta", [1e30, 1e39, 1e300])
def test_a_huge_beta_is_as_an_infinite_one(beta, kind):
    """Also one that is no number of float32."""
    points, centroids = (array.astype(kind) for array in iris())
    found = explained(points, centroids, beta).relevances
    np.testing.assert_array_equal(found, explained(points, centroids, math.inf).relevances)


# scikit-learn's conventions


def test_a_clone_has_the_same_arguments():
    points, centroids = iris()
    copy = clone(Neon(centroids, beta=2.0))
    assert copy.beta == 2.0
    np.testing.assert_array_equal(copy.fit().centroids_, centroids)
    estimator = KMeans(3, n_init=1, random_state=0).fit(points)
    fitted = Neon(estimator, beta=2.0).fit()
    copy = clone(fitted)
    assert copy.beta == 2.0
    assert not hasattr(copy, "beta_")
    # scikit-learn's clones are of what is not yet fitted, at every depth
    assert copy.clusters.get_params() == estimator.get_params()
    assert not hasattr(copy.clusters, "cluster_centers_")
    kept = clone(Neon(FrozenEstimator(estimator), beta=2.0)).fit()
    np.testing.assert_array_equal(kept.centroids_, fitted.centroids_)


def test_parameters_can_be_read_and_set():
    points, centroids = iris()
    one = Neon(centroids, beta=2.0)
    assert set(one.get_params()) == {"clusters", "beta"}
    assert one.get_params()["beta"] == 2.0
    assert one.set_params(beta=None) is one
    assert one.fit(points) is one
    assert one.beta_ == pytest.approx(0.17456391396625548, rel=1e-13)
    assert one.set_params(clusters=centroids[:2], beta=0.5).fit(points).beta_ == 0.5
    assert len(one.centroids_) == 2


def test_what_is_given_is_left_as_it_is():
    points, centroids = (array.copy() for array in iris())
    fitted = Neon(centroids, beta=None).fit(points)
    fitted.explain(points)
    for answer in (fitted.competition, fitted.decision_function, fitted.discriminants):
        answer(points)
    np.testing.assert_array_equal(points, iris()[0])
    np.testing.assert_array_equal(centroids, iris()[1])


@pytest.mark.parametrize("form", [np.asfortranarray, lambda a: np.repeat(a, 2, 0)[::2], list])
def test_points_in_any_layout_of_memory_give_the_same(form):
    points, centroids = iris()
    expected = explained(points, centroids, 1)
    np.testing.assert_allclose(
        explained(form(points), centroids, 1).relevances, expected.relevances, rtol=0, atol=1e-13
    )


def test_names_of_features_are_kept():
    points, centroids = iris()
    fitted = Neon(centroids).fit(frame())
    assert fitted.feature_names_in_.tolist() == list(frame().columns)
    assert fitted.n_features_in_ == 4
    named = fitted.explain(frame())
    assert named.feature_names == tuple(frame().columns)
    np.testing.assert_array_equal(
        named.relevances, explained(points, centroids, fitted.beta_).relevances
    )
    # points without names are taken to be in the same order
    assert fitted.explain(points).feature_names == tuple(frame().columns)
    # and a frame is asked for its own where none are known
    assert Neon(centroids, beta=1).fit().explain(frame()).feature_names == tuple(frame().columns)


def test_names_are_forgotten_where_it_is_fitted_to_points_without():
    points, centroids = iris()
    fitted = Neon(centroids).fit(frame()).fit(points)
    assert not hasattr(fitted, "feature_names_in_")
    assert fitted.explain(points).feature_names == ()
    assert fitted.explain(pd.DataFrame(points)).feature_names == ()


# what cannot be used

ANSWERS = [
    "predict",
    "logits",
    "probabilities",
    "decision_function",
    "discriminants",
    "competition",
    "explain",
]


def refused(fitted: Neon, points: object, fact: str) -> None:
    """Every answer refuses these points with this fact."""
    for answer in ANSWERS:
        with pytest.raises(InputError, match=fact):
            getattr(fitted, answer)(points)


def test_not_fitted_it_says_so():
    points, centroids = iris()
    refused(Neon(centroids, beta=1), points, "this Neon is not fitted; call fit")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_points_that_are_not_finite_are_refused_with_a_feature(value):
    points, centroids = iris()
    points = points.copy()
    points[[3, 70], 2] = value
    fact = r"points 2 are not finite, the first in feature 2\b"
    refused(Neon(centroids, beta=1).fit(), points, fact)
    with pytest.raises(InputError, match=fact):
        Neon(centroids).fit(points)


def test_points_that_are_not_finite_are_counted_in_all_blocks(monkeypatch):
    points, centroids = iris()
    points = points.copy()
    points[[3, 70, 149], 2] = math.nan
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 50 * 8 * 4)
    with pytest.raises(InputError, match=r"points 3 are not finite, the first in feature 2\b"):
        explained(points, centroids, 1)


def test_points_whose_squared_distances_overflow_are_refused():
    points, centroids = iris()
    fact = "squared distances overflow"
    refused(Neon(1e160 * centroids, beta=1).fit(), 1e160 * points, fact)
    refused(Neon(1e25 * centroids, beta=1).fit(), (1e25 * points).astype(np.float32), fact)


@pytest.mark.parametrize("shape", [(150, 3), (150, 5), (4,), (), (2, 2, 4), (0, 3)])
def test_points_of_other_features_are_refused_with_their_shape(shape):
    _, centroids = iris()
    fact = re.escape(f"the points have shape {shape}, and the centroids 4 features")
    refused(Neon(centroids, beta=1).fit(), np.zeros(shape), fact)


@pytest.mark.parametrize(
    "points",
    [
        [["long", "wide", "long", "wide"]],
        [[1j, 0, 0, 0]],
        np.array([[None, 1, 2, 3]]),
        pd.DataFrame({"a": [1.0], "b": ["x"], "c": [2.0], "d": [0.0]}),
    ],
)
def test_points_that_are_no_real_numbers_are_refused_with_their_type(points):
    _, centroids = iris()
    fact = f"the points are of type {np.asarray(points).dtype}"
    refused(Neon(centroids, beta=1).fit(), points, fact)


@pytest.mark.parametrize(
    ("columns", "fact"),
    [
        (lambda names: names[::-1], "petal width"),
        (lambda names: names[:3], "petal width"),
        (lambda names: ["height", *names[1:]], "height"),
        (lambda names: [*names[:3], "height"], "height"),
    ],
)
def test_frames_with_other_columns_are_refused_with_a_name_that_differs(columns, fact):
    """Also if it is the last one."""
    _, centroids = iris()
    fitted = Neon(centroids).fit(frame())
    other = pd.DataFrame(0.0, range(3), columns(list(frame().columns)))
    refused(fitted, other, f"{fact}.* same columns in the same order")


@pytest.mark.parametrize(
    ("clusters", "fact"),
    [
        (np.zeros((1, 4)), "one cluster only"),
        (np.array([[0.0, 1.0], [math.nan, 2.0]]), "centroid of cluster 1 is not finite"),
        (np.array([[math.inf, 1.0], [0.0, 2.0]]), "centroid of cluster 0 is not finite"),
        (np.zeros(4), r"the centroids have shape \(4,\)"),
        (np.zeros((0, 4)), r"the centroids have shape \(0, 4\)"),
        (np.zeros((3, 0)), r"the centroids have shape \(3, 0\)"),
        (np.zeros((2, 3, 4)), r"the centroids have shape \(2, 3, 4\)"),
        ("centroids.npy", r"the centroids have shape \(\)"),
        ([["a", "b"], ["c", "d"]], "the centroids are of type <U1"),
        (KMeans(3), "the KMeans has no cluster_centers_; fit it first"),
        (MiniBatchKMeans(3), "the MiniBatchKMeans has no cluster_centers_; fit it first"),
    ],
)
def test_clusters_that_cannot_be_used_are_refused(clusters, fact):
    with pytest.raises(InputError, match=fact):
        Neon(clusters, beta=1).fit()


def test_an_estimator_of_one_cluster_is_refused():
    points, _ = iris()
    with pytest.raises(InputError, match="one cluster only"):
        Neon(KMeans(1, n_init=1).fit(points)).fit(points)


@pytest.mark.parametrize("beta", [-1, -1e-9, -math.inf, math.nan, "large"])
def test_a_beta_that_is_negative_or_no_number_is_refused(beta):
    points, centroids = iris()
    with pytest.raises(InputError, match=f"beta is .*{beta}"):
        Neon(centroids, beta=beta).fit(points)


@pytest.mark.parametrize("points", [None, np.zeros((0, 4))])
def test_without_a_beta_there_must_be_points(points):
    _, centroids = iris()
    with pytest.raises(InputError, match="without a beta"):
        Neon(centroids).fit(points)


@pytest.mark.parametrize("beta", [None, 1.0])
def test_points_that_it_is_fitted_to_are_looked_at_even_if_beta_is_given(beta):
    points, centroids = iris()
    with pytest.raises(InputError, match=r"the points have shape \(150, 3\)"):
        Neon(centroids, beta=beta).fit(points[:, :3])
    with pytest.raises(InputError, match="not finite"):
        Neon(centroids, beta=beta).fit(np.where(points > 7, math.nan, points))


def test_unknown_parameters_are_refused_by_name():
    with pytest.raises(ValueError, match="Invalid parameter 'centroids_'"):
        Neon(np.eye(2)).set_params(centroids_=1)
