"""NEON against its formulas written out, exact arithmetic, published numbers and scikit-learn."""

import math
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import expit
from scipy.stats import special_ortho_group
from sklearn.base import clone
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.datasets import load_digits, load_iris, load_wine, make_blobs
from sklearn.frozen import FrozenEstimator
from sklearn.metrics.cluster import contingency_matrix
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from thinkalike.errors import InputError
from thinkalike.neon import estimator as neon
from thinkalike.neon.estimator import ClusterExplanation, Neon

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, and matrices too small for more than one."""
    with threadpool_limits(1):
        yield


# the formulas, point by point


@dataclass(frozen=True)
class Reference:
    """What the formulas say of N points.

    Attributes:
        scale: (N,) Σ_i Σ_k |R_k (x_i − m_ik) w_ik / h_k|: of all that is added up for a point. A
            relevance is a sum of terms of both signs, and is no unit for its own error.
    """

    clusters: np.ndarray
    competitors: np.ndarray
    logits: np.ndarray
    discriminants: np.ndarray
    competition: np.ndarray
    relevances: np.ndarray
    scale: np.ndarray


def by_definition(x: np.ndarray, centroids: np.ndarray, beta: float) -> tuple:
    """The attributes of a Reference for one point, in the type of number that is given."""
    distances = [((x - centroid) ** 2).sum() for centroid in centroids]
    c = min(range(len(centroids)), key=distances.__getitem__)
    others = [k for k in range(len(centroids)) if k != c]
    h, share, competition = (0 * centroids[:, 0] for _ in range(3))
    for k in others:
        w = 2 * (centroids[c] - centroids[k])
        b = (centroids[k] ** 2).sum() - (centroids[c] ** 2).sum()
        h[k] = (w * x).sum() + b
    f = min(h[k] for k in others)
    for k in others:
        excess = h[k] - f
        # exp(−β h) up to a factor that all competitors have in common
        share[k] = type(f)(math.exp(-beta * float(excess)) if excess else 1.0)
    relevances, scale = 0 * x, 0
    for k in others:
        competition[k] = f * share[k] / share.sum()
        w, m = 2 * (centroids[c] - centroids[k]), (centroids[c] + centroids[k]) / 2
        parts = (x - m) * w
        terms = competition[k] * parts / parts.sum()
        relevances = relevances + terms
        scale += abs(terms).sum()
    nearest = min(others, key=h.__getitem__)
    return c, nearest, f, h, competition, relevances, scale


def written_out(points: np.ndarray, centroids: np.ndarray, beta: float) -> Reference:
    """In float64."""
    found = [
        by_definition(x, np.asarray(centroids, float), beta) for x in np.asarray(points, float)
    ]
    return Reference(*map(np.array, zip(*found, strict=True)))


fractions = np.vectorize(Fraction, otypes=[object])


def exactly(points: np.ndarray, centroids: np.ndarray, beta: float) -> Reference:
    """In fractions, of which float64 and float32 are some: nothing is rounded but the exponentials."""
    # the exact value of a float32 is that of the float64 it becomes
    points, centroids = (np.asarray(a, float) for a in (points, centroids))
    found = zip(
        *(by_definition(x, fractions(centroids), beta) for x in fractions(points)), strict=True
    )
    clusters, competitors, *numbers = map(np.array, found)
    return Reference(clusters, competitors, *(n.astype(float) for n in numbers))


def explained(points: object, centroids: np.ndarray, beta: float) -> ClusterExplanation:
    return Neon(centroids, beta=beta).fit().explain(points)


def error(found: np.ndarray, expected: np.ndarray, scale: np.ndarray) -> float:
    """The largest deviation of any point, each in its unit."""
    away = np.abs(np.asarray(found, float) - expected).reshape(len(scale), -1)
    return float((away / scale[:, None]).max())


def undecided(expected: Reference, beta: float, size: float) -> np.ndarray:
    """(N,) by how much a relevance may change, in units of its scale, for a change of h in units of size.

    The shares exp(−β h) change by β times that, where no competitor has all: two that are nearly as
    near as each other are told apart by few digits of h.
    """
    rest = 1 - expected.competition.max(1) / expected.logits
    return 1 + np.multiply(beta * size, rest, where=rest > 0, out=np.zeros_like(rest))


def some(points: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """As many as fractions can be had of in a moment."""
    return points[:: len(points) * centroids.size // 10000 + 1]


def extent(points: np.ndarray, centroids: np.ndarray) -> float:
    """Largest squared distance from the middle: what a rounding of a squared distance is a share of."""
    both = np.concatenate([points, centroids]).astype(float)
    return float(((both - np.mean(centroids, 0)) ** 2).sum(1).max())


# data


def optimum(points: np.ndarray, clusters: int, inertia: float, first: tuple = ()) -> KMeans:
    """Of the local optima of k-means, the one of this inertia."""
    for seed in (*first, *range(300)):
        found = KMeans(clusters, n_init=1, random_state=seed).fit(points)
        if abs(found.inertia_ - inertia) < 1e-6:
            return found
    raise AssertionError(f"no start leads to an inertia of {inertia}")


@cache
def iris() -> tuple[np.ndarray, np.ndarray]:
    points = load_iris().data
    return points, KMeans(3, n_init=10, random_state=3).fit(points).cluster_centers_


def scaled_wine() -> np.ndarray:
    return MinMaxScaler().fit_transform(load_wine().data)


@cache
def published_wine() -> KMeans:
    return optimum(scaled_wine(), 3, 48.9605171, (2, 9, 22, 24, 31, 36, 40))


def wine() -> tuple[np.ndarray, np.ndarray]:
    return scaled_wine(), published_wine().cluster_centers_


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    points = load_digits().data
    return points, KMeans(10, n_init=1, random_state=0).fit(points).cluster_centers_


@cache
def scattered() -> tuple[np.ndarray, np.ndarray]:
    """Centroids that are no means of anything."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((300, 20)) * rng.uniform(0.1, 10, 20) + 5
    return points, 3 * rng.standard_normal((7, 20)) + 5


DATA = {"iris": iris, "wine": wine, "digits": digits, "scattered": scattered}


@cache
def reference(data: str, beta: float) -> Reference:
    return written_out(*DATA[data](), beta)


BETAS = [0, 0.17456, 1, 50, math.inf]

every_kind = pytest.mark.parametrize("data", DATA)
every_beta = pytest.mark.parametrize("beta", BETAS)


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
    assert error(found.logits, expected.logits, expected.scale) < 1e-6
    assert error(found.relevances.sum(1), found.logits, expected.scale) < 1e-6
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


# published numbers


def test_iris_has_the_published_inertia_and_centroids():
    points, centroids = iris()
    assert (cdist(points, centroids).min(1) ** 2).sum() == pytest.approx(78.851441426146, abs=1e-9)
    expected = [
        [5.006, 3.428, 1.462, 0.246],
        [5.901613, 2.748387, 4.393548, 1.433871],
        [6.85, 3.073684, 5.742105, 2.071053],
    ]
    np.testing.assert_allclose(centroids[centroids[:, 0].argsort()], expected, rtol=0, atol=5e-7)


def test_the_first_iris_has_the_published_beta_logit_and_relevances():
    points, centroids = iris()
    heuristic = Neon(centroids).fit(points)
    assert heuristic.beta_ == pytest.approx(0.17456391396625548, rel=1e-13)
    assert heuristic.logits(points[:1])[0] == pytest.approx(11.671294713839742, rel=1e-13)
    h = np.sort(heuristic.discriminants(points[:1])[0])
    np.testing.assert_allclose(h, [0, 11.67129471, 25.57898122], rtol=0, atol=5.1e-9)
    for fitted, expected in (
        (heuristic, [0.69533402, 0.52088700, 8.92858274, 1.52649095]),
        (Neon(centroids, beta=0.5).fit(), [0.63447193, 0.55928080, 8.95714782, 1.52039416]),
    ):
        found = fitted.explain(points[:1]).relevances[0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=5.1e-9)
        assert found.sum() == pytest.approx(11.671294713839742, rel=1e-13)
    # petal length
    share = heuristic.explain(points[:1]).relevances[0, 2] / 11.671294713839742
    assert share == pytest.approx(0.76, abs=0.01)


def by_size(found: ClusterExplanation) -> dict[int, np.ndarray]:
    """Points of a cluster → its mean relevances; k-means numbers clusters as it likes."""
    sizes = np.bincount(found.clusters, minlength=found.count)
    return dict(zip(sizes.tolist(), found.by_cluster, strict=True))


def test_iris_has_the_published_means():
    points, centroids = iris()
    found = Neon(centroids).fit(points).explain(points)
    overall = [0.73044099, 0.23664964, 4.04069916, 0.72077104]
    np.testing.assert_allclose(found.overall, overall, rtol=0, atol=5.1e-9)
    assert found.logits.mean() == pytest.approx(5.7285608, abs=5.1e-8)
    clusters = by_size(found)
    assert set(clusters) == {38, 50, 62}
    for size, expected in {
        50: [0.861144, 0.424384, 8.565356, 1.418126],
        62: [0.525823, 0.166761, 1.747576, 0.351758],
        38: [0.892314, 0.103660, 1.828615, 0.405274],
    }.items():
        np.testing.assert_allclose(clusters[size], expected, rtol=0, atol=5.1e-7)


def test_iris_in_its_other_optimum_has_the_published_numbers():
    """Where a single start with the same seed leads to."""
    points = load_iris().data
    fitted = Neon(optimum(points, 3, 78.855666, (3,))).fit(points)
    assert sorted(np.bincount(fitted.predict(points))) == [39, 50, 61]
    assert fitted.beta_ == pytest.approx(0.17551227, abs=5.1e-9)
    assert fitted.logits(points[:1])[0] == pytest.approx(11.62525246, abs=5.1e-9)


def test_iris_in_two_clusters_has_the_published_relevances():
    points = load_iris().data
    found = explained(points, KMeans(2, n_init=10, random_state=3).fit(points).cluster_centers_, 1)
    expected = [1.434, 0.359, 12.639, 2.229]
    np.testing.assert_allclose(found.relevances[0], expected, rtol=0, atol=5.1e-4)
    assert found.logits[0] == pytest.approx(16.661, abs=5.1e-4)


def classes_of(assigned: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Clusters named for the classes that fit them best."""
    cluster, matching = linear_sum_assignment(-contingency_matrix(true, assigned).T)
    return matching[np.searchsorted(cluster, assigned)]


MISCLASSIFIED_WINES = {
    # row: cluster, named for a class; true class; probability; sum of relevances and logit
    60: (2, 1, "0.52", "0.0772"),
    61: (2, 1, "0.56", "0.2447"),
    68: (2, 1, "0.52", "0.0800"),
    70: (2, 1, "0.52", "0.0866"),
    73: (0, 1, "0.57", "0.2848"),
    83: (2, 1, "0.61", "0.4378"),
    92: (2, 1, "0.50", "0.0089"),
    95: (0, 1, "0.53", "0.1348"),
    118: (2, 1, "0.55", "0.2151"),
}


def test_all_nine_misclassified_wines_have_the_published_numbers():
    points, true = scaled_wine(), load_wine().target
    fitted = Neon(published_wine(), beta=1).fit()
    found = fitted.explain(points)
    named = classes_of(found.clusters, true)
    table = contingency_matrix(true, named)
    np.testing.assert_array_equal(table, [[59, 0, 0], [2, 62, 7], [0, 0, 48]])
    assert np.flatnonzero(named != true).tolist() == list(MISCLASSIFIED_WINES)
    for row, (cluster, label, probable, logit) in MISCLASSIFIED_WINES.items():
        assert (named[row], true[row]) == (cluster, label)
        assert f"{found.probabilities[row]:.2f}" == probable
        assert f"{found.relevances[row].sum():.4f}" == f"{found.logits[row]:.4f}" == logit


def test_two_wines_have_the_published_relevances():
    found = explained(*wine(), beta=1).relevances
    for row, expected in {
        60: "−.023509 −.096513 −.002707 −.014446 .005020 −.003523 .036924 "
        ".128144 .076290 −.066839 −.115002 .139972 .013427",
        83: ".035897 .098254 .000044 .013989 −.004314 .055607 .001476 "
        ".145351 −.017289 −.010711 .018243 .081054 .020205",
    }.items():
        numbers = [float(number) for number in expected.replace("−", "-").split()]
        np.testing.assert_allclose(found[row], numbers, rtol=0, atol=5.1e-7)


def test_wine_has_the_published_mean_logit_and_beta():
    points = scaled_wine()
    fitted = Neon(published_wine()).fit(points)
    assert fitted.logits(points).mean() == pytest.approx(0.5495281, abs=5.1e-8)
    assert fitted.beta_ == pytest.approx(1.8197433, abs=5.1e-8)


@pytest.mark.parametrize(
    ("inertia", "sizes", "wrong"),
    [
        (48.954036, [54, 61, 63], [60, 61, 68, 70, 73, 83, 95, 118]),
        (48.970291, [55, 60, 63], [43, *MISCLASSIFIED_WINES]),
    ],
)
def test_wine_in_its_other_optima_has_the_published_errors(inertia, sizes, wrong):
    points, true = scaled_wine(), load_wine().target
    found = explained(points, optimum(points, 3, inertia, (77,)).cluster_centers_, 1)
    assert sorted(np.bincount(found.clusters)) == sizes
    assert np.flatnonzero(classes_of(found.clusters, true) != true).tolist() == sorted(wrong)
    if 43 not in wrong:
        assert f"{found.logits[60]:.4f}" == "0.0500"


# another rule, which has been published under the same name


def cxplain(x: np.ndarray, centroids: np.ndarray, beta: float, stale: bool = False) -> np.ndarray:
    """R_i = Σ_k R_k a_ik / Σ_k' a_ik' with a_ik = (x_i − w_ik/4) h_k; once, h_k was w_ik."""
    c = ((x - centroids) ** 2).sum(1).argmin()
    mine, rivals = centroids[c], np.delete(centroids, c, 0)
    w = 2 * (mine - rivals)
    h = w @ x + (rivals**2).sum(1) - mine @ mine
    competition = h.min() * np.exp(-beta * h) / np.exp(-beta * h).sum()
    a = (x - w / 4) * (w if stale else h[:, None])
    return (competition[:, None] * a / a.sum(0)).sum(0)


def test_the_rule_of_cxplain_gives_the_vectors_published_for_it():
    points, centroids = iris()
    beta = 0.17456391396625548
    for given_beta, expected in (
        (beta, [3.84030905, 3.90558126, 3.58400297, 3.34829464]),
        (0.5, [3.45867224, 3.53642868, 3.15334397, 2.87255308]),
    ):
        theirs = cxplain(points[0], centroids, given_beta)
        np.testing.assert_allclose(theirs, expected, rtol=0, atol=5.1e-9)
    stale = cxplain(points[0], centroids, 0.5, stale=True)
    expected = [3.61217025, 7.53545926, 4.16625167, 3.70579392]
    np.testing.assert_allclose(stale, expected, rtol=0, atol=5.1e-9)
    everywhere = np.mean([cxplain(x, centroids, beta) for x in points], 0)
    expected = [1.795856, 1.787152, 1.770622, 1.729748]
    np.testing.assert_allclose(everywhere, expected, rtol=0, atol=5.1e-7)


def test_the_rule_of_cxplain_is_another_and_does_not_conserve():
    points, centroids = iris()
    fitted = Neon(centroids).fit(points)
    found = fitted.explain(points)
    theirs = np.array([cxplain(x, centroids, fitted.beta_) for x in points])
    ratio = theirs.sum(1) / found.logits
    assert ratio.min() == pytest.approx(0.21, abs=0.01)
    assert ratio.max() == pytest.approx(2.03, abs=0.01)
    # where theirs says that all features count alike, one counts for three quarters
    assert theirs[0].max() / theirs[0].sum() < 0.27
    assert found.relevances[0].max() / found.logits[0] > 0.75


def test_of_two_clusters_the_rule_of_cxplain_gives_every_feature_the_logit():
    points = load_iris().data
    centroids = KMeans(2, n_init=10, random_state=3).fit(points).cluster_centers_
    found = explained(points, centroids, 1)
    theirs = np.array([cxplain(x, centroids, 1) for x in points])
    np.testing.assert_allclose(theirs, np.tile(found.logits[:, None], 4), rtol=1e-9)
    assert np.ptp(found.relevances, axis=1).min() > 0.1


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


@pytest.mark.parametrize("beta", [0, 0.25, 1, 1e300, math.inf])
def test_a_given_beta_is_kept(beta):
    points, centroids = iris()
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
    monkeypatch.setattr(neon, "LOCAL", 0)
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
    monkeypatch.setattr(neon, "LOCAL", 0)
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
        monkeypatch.setattr(neon, "BLOCK_BYTES", rows * max(centroids.shape) * 8)
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
    size = neon.BLOCK_BYTES // (8 * 4)
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


def frame() -> pd.DataFrame:
    return load_iris(as_frame=True).data


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


@pytest.mark.parametrize("named", [True, False])
def test_the_table_has_a_row_for_each_point_and_a_column_for_each_feature(named):
    points, centroids = iris()
    found = Neon(centroids).fit(points).explain(frame() if named else points)
    table = found.table()
    features = list(frame().columns) if named else [f"feature_{i}" for i in range(4)]
    assert list(table) == ["cluster", "competitor", "logit", "probability", *features]
    assert len(table) == 150
    np.testing.assert_array_equal(table["cluster"], found.clusters)
    np.testing.assert_array_equal(table["competitor"], found.competitors)
    np.testing.assert_array_equal(table["logit"], found.logits)
    np.testing.assert_array_equal(table["probability"], found.probabilities)
    np.testing.assert_array_equal(table[features], found.relevances)


@every_kind
def test_means_are_those_of_the_table(data):
    points, centroids = DATA[data]()
    # and one cluster that nobody is in
    centroids = np.concatenate([centroids[:1], centroids[:1] + 1e3, centroids[1:]])
    found = Neon(centroids).fit(points).explain(points)
    table = found.table()
    features = table.columns[4:]
    grouped = table.groupby("cluster")[list(features)].mean().reindex(range(len(centroids)))
    assert grouped.loc[1].isna().all()
    near = {"rtol": 0, "atol": 1e-13 * found.logits.max()}
    np.testing.assert_allclose(found.by_cluster, grouped, **near)
    np.testing.assert_allclose(found.overall, table[features].mean(), **near)
    assert found.overall.sum() == pytest.approx(found.logits.mean(), rel=1e-13)
    # of clusters, weighted with their sizes, as of all
    sizes = np.bincount(found.clusters, minlength=len(centroids))
    weighted = sizes @ np.nan_to_num(found.by_cluster) / len(points)
    np.testing.assert_allclose(weighted, found.overall, **near)


def test_means_of_a_million_points_in_float32_have_its_digits():
    rng = np.random.default_rng(0)
    points = rng.random((1_000_000, 2), np.float32)
    found = explained(points, np.array([[0, 0], [1, 1]]), 1)
    expected = found.relevances.mean(0, dtype=float)
    np.testing.assert_allclose(found.overall, expected, rtol=1e-6)
    assert found.overall.sum() == pytest.approx(found.logits.mean(dtype=float), rel=1e-6)
    for cluster in range(2):
        of_it = found.relevances[found.clusters == cluster].mean(0, dtype=float)
        np.testing.assert_allclose(found.by_cluster[cluster], of_it, rtol=1e-6)


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
answers = pytest.mark.parametrize("answer", ANSWERS)


@answers
def test_not_fitted_it_says_so(answer):
    points, centroids = iris()
    with pytest.raises(InputError, match="this Neon is not fitted; call fit"):
        getattr(Neon(centroids, beta=1), answer)(points)


@answers
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_points_that_are_not_finite_are_refused_with_a_feature(answer, value):
    points, centroids = iris()
    points = points.copy()
    points[[3, 70], 2] = value
    with pytest.raises(InputError, match=r"points 2 are not finite, the first in feature 2\b"):
        getattr(Neon(centroids, beta=1).fit(), answer)(points)
    with pytest.raises(InputError, match="points 2 are not finite"):
        Neon(centroids).fit(points)


def test_points_that_are_not_finite_are_counted_in_all_blocks(monkeypatch):
    points, centroids = iris()
    points = points.copy()
    points[[3, 70, 149], 2] = math.nan
    monkeypatch.setattr(neon, "BLOCK_BYTES", 50 * 8 * 4)
    with pytest.raises(InputError, match=r"points 3 are not finite, the first in feature 2\b"):
        explained(points, centroids, 1)


@answers
def test_points_whose_squared_distances_overflow_are_refused(answer):
    points, centroids = iris()
    with pytest.raises(InputError, match="squared distances overflow"):
        getattr(Neon(1e160 * centroids, beta=1).fit(), answer)(1e160 * points)
    single = (1e25 * points).astype(np.float32)
    with pytest.raises(InputError, match="squared distances overflow"):
        getattr(Neon(1e25 * centroids, beta=1).fit(), answer)(single)


@answers
@pytest.mark.parametrize("shape", [(150, 3), (150, 5), (4,), (), (2, 2, 4), (0, 3)])
def test_points_of_other_features_are_refused_with_their_shape(answer, shape):
    _, centroids = iris()
    with pytest.raises(InputError) as caught:
        getattr(Neon(centroids, beta=1).fit(), answer)(np.zeros(shape))
    assert f"the points have shape {shape}" in str(caught.value)
    assert "4 features" in str(caught.value)


@answers
@pytest.mark.parametrize(
    "points",
    [
        [["long", "wide", "long", "wide"]],
        [[1j, 0, 0, 0]],
        np.array([[None, 1, 2, 3]]),
        pd.DataFrame({"a": [1.0], "b": ["x"], "c": [2.0], "d": [0.0]}),
    ],
)
def test_points_that_are_no_real_numbers_are_refused_with_their_type(answer, points):
    _, centroids = iris()
    with pytest.raises(InputError, match=f"the points are of type {np.asarray(points).dtype}"):
        getattr(Neon(centroids, beta=1).fit(), answer)(points)


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
    for answer in ANSWERS:
        with pytest.raises(InputError, match="same columns in the same order") as caught:
            getattr(fitted, answer)(other)
        assert fact in str(caught.value)


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


@pytest.mark.parametrize("name", ["gamma", "centroids_"])
def test_unknown_parameters_are_refused_by_name(name):
    with pytest.raises(InputError, match=f"no parameter '{name}'; it has clusters and beta"):
        Neon(np.eye(2)).set_params(**{name: 1})


def test_the_summary_has_the_means_of_every_cluster_and_of_all():
    points = load_iris(as_frame=True).data
    centroids = np.vstack([iris()[1], [[90.0, 90.0, 90.0, 90.0]]])
    found = Neon(centroids, beta=1.0).fit(points).explain(points)
    table = found.summary()
    assert table.index.tolist() == [0, 1, 2, 3, "all"]
    assert table["points"].tolist() == [*np.bincount(found.clusters, minlength=4), 150]
    by_point = found.table().groupby("cluster")[["logit", *points.columns]].mean()
    pd.testing.assert_frame_equal(
        table.loc[[0, 1, 2], ["logit", *points.columns]],
        by_point,
        check_names=False,
        check_index_type=False,
        rtol=1e-12,
    )
    assert table.loc[3].drop("points").isna().all()
    assert table.loc["all", "logit"] == pytest.approx(found.logits.mean())
    np.testing.assert_allclose(table.loc["all", points.columns].to_numpy(float), found.overall)
