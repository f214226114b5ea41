"""Planted features: the known answer is the one that was planted, and NEON finds it."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from thinkalike.neon.planted import SEPARATIONS, Planted, planted, recovery, separability


def test_a_cluster_differs_from_the_others_in_its_own_features_alone():
    case = planted(4, draw=np.random.default_rng(0), points=5000)
    assert case.points.shape == (5000, 64)
    assert np.bincount(case.owners + 1).tolist() == [44, 4, 4, 4, 4, 4]
    assert np.bincount(case.clusters).tolist() == [1000] * 5
    for feature, owner in enumerate(case.owners):
        column = case.points[:, feature]
        means = np.array([column[case.clusters == k].mean() for k in range(5)])
        others = np.delete(means, owner) if owner >= 0 else means
        error = column[case.clusters != owner].std() / 1000**0.5
        assert np.ptp(others) < 6 * error
        if owner >= 0:
            assert means[owner] - others.mean() == pytest.approx(4, abs=6 * error)


def test_neither_the_value_nor_the_spread_of_a_feature_says_whether_it_was_planted():
    sizes, spreads = [], []
    for seed in range(200):
        case = planted(0, draw=np.random.default_rng(seed))
        noise = case.owners < 0
        sizes.append(roc_auc_score(~noise, np.abs(case.points.mean(0))))
        spreads.append(roc_auc_score(~noise, case.points.std(0)))
    assert np.mean(sizes) == pytest.approx(0.5, abs=0.03)
    assert np.mean(spreads) == pytest.approx(0.5, abs=0.03)


def test_relevant_are_features_of_the_two_clusters_on_the_points_own_side():
    case = Planted(
        points=np.zeros((2, 4)),
        clusters=np.array([0, 1]),
        owners=np.array([0, 1, 2, -1]),
        shifted=np.array([[True, False, True, True], [True, True, False, False]]),
    )
    # point 0 is shifted in its own feature, and not in that of cluster 1
    assert case.relevant(np.array([1, 0])).tolist() == [
        [True, True, False, False],
        [False, True, False, False],
    ]


def test_separability_is_the_area_under_the_roc_curve():
    draw = np.random.default_rng(1)
    scores = draw.integers(0, 6, (30, 12)).astype(float)  # with ties
    noise = np.arange(12) >= 7
    relevant = draw.random((30, 12)) < 0.4
    relevant[:, noise] = False
    relevant[0] = False
    found = separability(scores, relevant, noise)
    assert np.isnan(found[0])
    for row in range(1, 30):
        if relevant[row].any():
            kept = relevant[row] | noise
            expected = roc_auc_score(relevant[row][kept], scores[row][kept])
            assert found[row] == pytest.approx(expected)


def test_neon_ranks_planted_features_above_noise_and_other_scores_do_not():
    table = recovery(0)
    assert sorted(table["separation"].unique()) == sorted(SEPARATIONS)
    clear = table[table["found"] > 0.95]
    assert (clear["separation"] >= 2).any()
    neon = clear[clear["order"] == "neon"]
    assert (neon["low"] >= 0.95).all()
    assert (clear.loc[clear["order"] == "gradient_input", "high"] < 0.8).all()
    assert (clear.loc[clear["order"] == "distance", "high"] < 0.8).all()
    assert "effect" not in set(table["order"])


def test_another_seed_is_another_draw_and_the_same_seed_the_same():
    first, again, other = recovery(5), recovery(5), recovery(6)
    assert first.equals(again)
    assert not first.equals(other)
