"""Branch support and the one-factor test: other implementations, and worlds whose structure is known."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import least_squares
from scipy.spatial.distance import squareform

from thinkalike.randomness import generator as named_generator
from thinkalike.statistics.bootstrap import resampling_counts
from thinkalike.statistics.one_factor import OneFactor, fit_one_factor, one_factor_test
from thinkalike.statistics.support import SUPPORTED, Branch, branch_support

MODELS, IMAGES = 8, 100
UPPER = np.triu_indices(MODELS, 1)
LOADINGS = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.35, 0.3])


def square(pairs: np.ndarray) -> np.ndarray:
    """(N, M, M) with diagonal 1 from (N, Q)."""
    values = np.ones((len(pairs), MODELS, MODELS))
    values[:, UPPER[0], UPPER[1]] = values[:, UPPER[1], UPPER[0]] = pairs
    return values


def world(truth: np.ndarray, generator: np.random.Generator, images: int = IMAGES) -> np.ndarray:
    """Values per image: the true similarity and noise that pairs of one model share in part."""
    models = generator.normal(size=(images, MODELS))
    shared = (models[:, UPPER[0]] + models[:, UPPER[1]]) / 2
    noise = 0.15 * (shared + generator.normal(size=(images, len(UPPER[0]))))
    return square(truth + noise)


def clusters(tree: np.ndarray) -> set[frozenset[int]]:
    """Branches of a tree by cutting it at all heights."""
    found = set()
    for height in tree[:, 2]:
        labels = fcluster(tree, height, "distance")
        found |= {frozenset(np.flatnonzero(labels == label)) for label in labels}
    return {branch for branch in found if 1 < len(branch) < len(tree) + 1}


def test_branches_are_those_of_scipy_s_tree_and_support_is_a_loop_over_samples():
    generator = np.random.default_rng(0)
    truth = 0.4 + 0.1 * np.random.default_rng(1).random(len(UPPER[0]))
    values = world(truth, generator, 20)
    found = branch_support(values, ("average", "single"), bootstraps=60, seed=3)
    for kind, branches in found.items():
        matrix = np.sqrt(2 * (1 - values.mean(0)))
        tree = linkage(squareform(matrix, checks=False), kind)
        assert {frozenset(branch.models) for branch in branches} == clusters(tree)
        heights = [branch.height for branch in branches]
        np.testing.assert_allclose(heights, tree[:-1, 2])
    # the same samples, drawn by hand
    hits: dict[frozenset[int], int] = {}
    for row in resampling_counts(20, 60, named_generator(3, "bootstrap")).astype(int):
        mean = np.repeat(values, row, axis=0).mean(0)
        tree = linkage(squareform(np.sqrt(2 * (1 - mean)), checks=False), "average")
        for branch in clusters(tree):
            hits[branch] = hits.get(branch, 0) + 1
    for branch in found["average"]:
        assert branch.support == pytest.approx(hits.get(frozenset(branch.models), 0) / 60)


def test_planted_groups_are_supported_and_beyond_one_factor():
    groups = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    truth = np.where(groups[UPPER[0]] == groups[UPPER[1]], 0.6, 0.3)
    values = world(truth, np.random.default_rng(0))
    branches = branch_support(values, bootstraps=200, seed=0)["average"]
    supported = {branch.models for branch in branches if branch.support >= SUPPORTED}
    assert {(0, 2, 4, 6), (1, 3, 5, 7)} <= supported
    test = one_factor_test(values, bootstraps=200, seed=0)
    assert test.p < 0.01
    same = groups[:, None] == groups
    assert (test.alike <= same).all()
    assert test.alike[same & ~np.eye(MODELS, dtype=bool)].mean() > 0.9
    assert [b.models for b in findings(branches, test)]


def findings(branches: list[Branch], test: OneFactor) -> list[Branch]:
    """Supported branches with a pair that shares more than one factor explains."""
    return [
        branch
        for branch in branches
        if branch.support >= SUPPORTED and test.alike[np.ix_(branch.models, branch.models)].any()
    ]


@pytest.mark.parametrize("name", ["star", "one factor"])
def test_worlds_without_groups_show_none(name):
    truth = {
        "star": np.full(len(UPPER[0]), 0.35),
        "one factor": (LOADINGS[:, None] * LOADINGS)[UPPER],
    }[name]
    generator = np.random.default_rng(5)
    runs, supported, rejected, false = 100, 0, 0, 0
    for run in range(runs):
        values = world(truth, generator)
        branches = branch_support(values, bootstraps=200, seed=run)["average"]
        test = one_factor_test(values, bootstraps=200, seed=run)
        supported += any(branch.support >= SUPPORTED for branch in branches)
        rejected += bool(test.beyond.any())
        false += bool(findings(branches, test))
        assert test.beyond.any() == (test.p < 0.05) or abs(test.p - 0.05) < 0.01
    assert false / runs <= 0.1
    assert rejected / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
    # support alone takes the order of the loadings for groups
    assert (supported / runs > 0.95) == (name == "one factor")


def test_the_fit_is_the_least_sum_of_squares_off_the_diagonal():
    generator = np.random.default_rng(2)
    pairs = (LOADINGS[:, None] * LOADINGS)[UPPER] + 0.05 * generator.normal(size=(5, len(UPPER[0])))
    fitted = fit_one_factor(pairs, MODELS)
    for row, loadings in zip(pairs, fitted, strict=True):
        best = least_squares(lambda x, row=row: np.outer(x, x)[UPPER] - row, LOADINGS, xtol=1e-14)
        np.testing.assert_allclose(loadings, best.x * np.sign(best.x.sum()), atol=1e-5)


def test_exact_factors_leave_nothing_whatever_the_sign():
    exact = np.outer([0.9, -0.5, 0.7, 0.2], [0.9, -0.5, 0.7, 0.2])[np.triu_indices(4, 1)]
    loadings = fit_one_factor(exact[None], 4)[0]
    np.testing.assert_allclose(loadings, [0.9, -0.5, 0.7, 0.2], atol=1e-6)


def test_models_with_a_missing_cell_are_in_no_branch():
    values = world(np.full(len(UPPER[0]), 0.3), np.random.default_rng(0), 30)
    values[:, 3, 5] = values[:, 5, 3] = np.nan
    branches = branch_support(values, bootstraps=20, seed=0)["average"]
    members = {model for branch in branches for model in branch.models}
    assert members <= set(range(MODELS)) - {5}
    assert len(branches) == MODELS - 3
    assert "no image in common" in one_factor_test(values, bootstraps=20, seed=0).reason


def test_too_few_models_or_images_tell_nothing():
    values = world(np.full(len(UPPER[0]), 0.3), np.random.default_rng(0), 30)
    assert branch_support(values[:, :2, :2], bootstraps=20, seed=0) == {"average": []}
    assert len(branch_support(values[:, :3, :3], bootstraps=20, seed=0)["average"]) == 1
    three = one_factor_test(values[:, :3, :3], bootstraps=20, seed=0)
    assert "it takes four" in three.reason
    assert not three.beyond.any()
    assert "too few images" in one_factor_test(values[:1], bootstraps=20, seed=0).reason
    constant = one_factor_test(np.ones((20, 5, 5)), bootstraps=20, seed=0)
    assert "equally alike" in constant.reason
