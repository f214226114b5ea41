"""Feature flipping against replacing features one by one, and against all orders there are."""

from itertools import permutations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_blobs

from thinkalike.neon.estimator import Neon
from thinkalike.neon.flipping import (
    FACTORS,
    ORDERS,
    Curves,
    areas,
    by_distance,
    by_effect,
    by_gradient,
    by_relevance,
    conservation,
    flip,
    flip_by,
    ratio_of_means,
    sweep,
)


def draw(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def case(clusters: int = 4, features: int = 6, points: int = 40) -> tuple[Neon, np.ndarray]:
    values, _ = make_blobs(points, features, centers=clusters, cluster_std=2.5, random_state=3)
    fitted = KMeans(clusters, n_init=3, random_state=0).fit(values)
    return Neon(fitted).fit(values), values


def logit(point: np.ndarray, centroids: np.ndarray, cluster: int) -> float:
    distances = ((point - centroids) ** 2).sum(1)
    return np.delete(distances, cluster).min() - distances[cluster]


def test_curves_are_logits_of_points_with_features_replaced():
    neon, points = case()
    clusters, fill = neon.predict(points), points.mean(0)
    order = draw().permuted(np.tile(np.arange(6), (len(points), 1)), axis=1)
    curves = flip(points, neon.centroids_, clusters, order, fill)
    assert curves.shares.tolist() == [n / 6 for n in range(7)]
    for row in range(len(points)):
        changed = points[row].copy()
        for step in range(7):
            expected = logit(changed, neon.centroids_, clusters[row])
            assert curves.logits[row, step] == pytest.approx(expected, abs=1e-9)
            if step < 6:
                changed[order[row, step]] = fill[order[row, step]]


def test_many_features_are_removed_in_at_most_32_steps_from_none_to_all():
    neon, points = case(features=100)
    order = np.tile(np.arange(100), (len(points), 1))
    curves = flip(points, neon.centroids_, neon.predict(points), order, points.mean(0))
    assert len(curves.shares) == 33
    assert (curves.shares[0], curves.shares[-1]) == (0, 1)
    np.testing.assert_allclose(curves.logits[:, 0], neon.logits(points), rtol=1e-9)


def test_a_point_that_is_another_cluster_by_now_has_a_negative_logit_and_does_not_stay():
    centroids = np.array([[0.0, 0.0], [10.0, 0.0]])
    points = np.array([[1.0, 3.0], [2.0, -1.0]])
    order = np.array([[0, 1], [1, 0]])
    curves = flip(points, centroids, np.array([0, 0]), order, np.array([9.0, 0.0]))
    assert curves.logits.tolist() == [[80, -80, -80], [60, 60, -80]]
    assert curves.staying.tolist() == [1, 0.5, 0]


def test_areas_are_those_of_trapezoids():
    curves = Curves(np.array([0, 0.5, 1]), np.array([[4.0, 2.0, 0.0], [1.0, 1.0, -1.0]]))
    assert curves.areas.tolist() == [2.0, 0.5]


def test_the_gradient_is_that_of_the_logit():
    neon, points = case()
    found = neon.explain(points)
    scores = by_gradient(points, neon.centroids_, found, points.mean(0))
    step = 1e-6
    for feature in range(points.shape[1]):
        moved = points.copy()
        moved[:, feature] += step
        slopes = np.array(
            [
                logit(m, neon.centroids_, c) - logit(p, neon.centroids_, c)
                for p, m, c in zip(points, moved, found.clusters, strict=True)
            ]
        )
        expected = points[:, feature] * slopes / step
        np.testing.assert_allclose(scores[:, feature], expected, rtol=1e-4, atol=1e-4)


def test_the_effect_is_what_removing_a_feature_takes_from_the_nearest_competitors_distance():
    neon, points = case()
    found, fill = neon.explain(points), points.mean(0)
    scores = by_effect(points, neon.centroids_, found, fill)
    for row, point in enumerate(points):
        pair = neon.centroids_[[found.clusters[row], found.competitors[row]]]
        for feature in range(points.shape[1]):
            changed = point.copy()
            changed[feature] = fill[feature]
            assert scores[row, feature] == pytest.approx(
                logit(point, pair, 0) - logit(changed, pair, 0)
            )


def test_with_two_clusters_no_order_is_better_than_the_effect():
    neon, points = case(clusters=2, features=5, points=12)
    found, fill = neon.explain(points), points.mean(0)
    order = np.argsort(-by_effect(points, neon.centroids_, found, fill), axis=1)

    def area(order: np.ndarray) -> np.ndarray:
        return flip(points, neon.centroids_, found.clusters, order, fill).areas

    best = np.min([area(np.tile(o, (len(points), 1))) for o in permutations(range(5))], axis=0)
    np.testing.assert_allclose(area(order), best, atol=1e-9)


def test_the_distance_ranks_first_what_is_nearest_to_the_centroid():
    neon, points = case()
    found = neon.explain(points)
    scores = by_distance(points, neon.centroids_, found, points.mean(0))
    gaps = np.abs(points - neon.centroids_[found.clusters])
    assert (np.argsort(-scores, axis=1)[:, 0] == gaps.argmin(1)).all()


def test_neon_ranks_by_its_relevances():
    neon, points = case()
    found = neon.explain(points)
    assert by_relevance(points, neon.centroids_, found, points.mean(0)) is found.relevances


def test_neon_beats_random_distance_and_gradient_on_iris():
    points = load_iris().data
    neon = Neon(KMeans(3, n_init=10, random_state=3).fit(points)).fit(points)
    curves = flip_by(neon, points, draw=draw())
    assert list(curves) == [*ORDERS, "random"]
    table = areas(curves, draw=draw()).set_index("order")
    for other in ("random", "distance", "gradient_input"):
        assert table.loc[other, "difference_low"] > 0, other
    assert table.loc["neon", ["difference", "difference_low", "difference_high"]].eq(0).all()
    area = curves["neon"].areas.mean() / curves["neon"].logits[:, 0].mean()
    assert table.loc["neon", "area"] == pytest.approx(area)
    assert (table["low"] < table["area"]).all()
    assert (table["area"] < table["high"]).all()


def test_the_random_curve_is_a_mean_over_orders():
    neon, points = case(features=3, points=10)
    all_orders = [np.tile(order, (len(points), 1)) for order in permutations(range(3))]
    clusters, fill = neon.predict(points), points.mean(0)
    exact = np.mean(
        [flip(points, neon.centroids_, clusters, o, fill).logits for o in all_orders], axis=0
    )
    many = flip_by(neon, points, draw=draw(), repeats=3000)["random"].logits
    spread = np.ptp(exact)
    np.testing.assert_allclose(many, exact, atol=0.03 * spread)


def test_intervals_of_a_mean_are_those_of_the_normal_distribution():
    values = draw().normal(3, 2, 4000)
    mean, low, high = ratio_of_means(values, np.ones(4000), draw=draw(1))
    assert mean == pytest.approx(values.mean())
    half = 1.96 * values.std(ddof=1) / 4000**0.5
    assert (low, high) == (
        pytest.approx(mean - half, abs=0.15 * half),
        pytest.approx(mean + half, abs=0.15 * half),
    )


def test_intervals_of_a_ratio_hold_the_truth_as_often_as_they_say():
    held = 0
    for seed in range(200):
        numbers = draw(seed)
        of = numbers.gamma(2, 1, 60)
        values = 0.3 * of + numbers.normal(0, 0.5, 60)
        _, low, high = ratio_of_means(values, of, draw=numbers)
        held += low <= 0.3 <= high
    assert 0.89 <= held / 200 <= 0.99


def test_a_single_point_has_no_interval_and_points_on_borders_no_ratio():
    assert ratio_of_means(np.array([1.0]), np.array([4.0]), draw=draw())[0] == 0.25
    assert np.isnan(ratio_of_means(np.array([1.0]), np.array([4.0]), draw=draw())[1:]).all()
    assert np.isnan(ratio_of_means(np.zeros(3), np.zeros(3), draw=draw())).all()


def test_a_sweep_goes_from_all_competitors_to_one():
    neon, points = case()
    table = sweep(neon, points, draw=draw())
    assert table["factor"].tolist() == list(FACTORS)
    np.testing.assert_array_equal(table["beta"], np.array(FACTORS) * neon.beta_)
    assert table["competitors"].iloc[0] == pytest.approx(3)
    assert table["competitors"].iloc[-1] == pytest.approx(1)
    assert (table["competitors"].diff().dropna() <= 1e-12).all()
    assert table["cosine"].iloc[-1] == pytest.approx(1)
    found = Neon(neon.centroids_, beta=neon.beta_).fit().explain(points)
    order = np.argsort(-found.relevances, axis=1)
    curves = flip(points, neon.centroids_, found.clusters, order, points.mean(0))
    expected = curves.areas.mean() / found.logits.mean()
    assert table.loc[table["factor"] == 1, "area"].item() == pytest.approx(expected)


def test_conservation_is_measured_in_both_precisions_for_three_betas(monkeypatch):
    neon, points = case()
    table = conservation(neon, points)
    assert table["beta"].tolist() == [0, 0, neon.beta_, neon.beta_, np.inf, np.inf]
    exact = table[table["precision"] == "float64"]
    single = table[table["precision"] == "float32"]
    assert (exact["largest"] < 1e-10).all()
    assert (single["largest"] > 1e-9).all()
    assert (single["largest"] < 1e-3).all()
    # it can fail: relevances that miss a thousandth are found
    explain = Neon.explain

    def leaking(self: Neon, values: np.ndarray):
        found = explain(self, values)
        found.relevances[...] *= 0.999
        return found

    monkeypatch.setattr(Neon, "explain", leaking)
    np.testing.assert_allclose(conservation(neon, points)["median"], 1e-3, rtol=1e-2)
