"""The test of families against enumeration, closed forms and scipy."""

from itertools import permutations
from math import comb, factorial

import numpy as np
import pytest
from scipy import stats

from thinkalike.errors import InputError
from thinkalike.statistics.separation import family_test


def dissimilarities(models: int, seed: int = 0) -> np.ndarray:
    cells = np.random.default_rng(seed).random((models, models))
    return np.triu(cells, 1) + np.triu(cells, 1).T


def statistic(matrix: np.ndarray, families: tuple[str, ...]) -> float:
    """Pair by pair."""
    within, between = [], []
    for i in range(len(families)):
        for j in range(i + 1, len(families)):
            if not np.isnan(matrix[i, j]):
                (within if families[i] == families[j] else between).append(matrix[i, j])
    if not within or not between:
        return float("nan")
    return float(np.mean(between) - np.mean(within))


def enumerated(matrix: np.ndarray, families: list[str]) -> tuple[float, float, int]:
    """Statistic, p and number of divisions, from every distinct order of the labels."""
    given = statistic(matrix, tuple(families))
    others = np.array([statistic(matrix, order) for order in set(permutations(families))])
    others = others[~np.isnan(others)]
    return given, float((others >= given - 1e-12).mean()), len(others)


@pytest.mark.parametrize(
    "families",
    [
        list("aabb"),
        list("aaabbb"),
        list("aabbbbb"),
        list("aabbccc"),
        list("abbbbbb"),
        list("babaca"),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_exact_test_is_the_enumeration_of_all_divisions(families, seed):
    matrix = dissimilarities(len(families), seed)
    test = family_test(matrix, families, seed=0)
    given, p, number = enumerated(matrix, families)
    assert test.exact
    assert test.permutations == number
    assert test.statistic == pytest.approx(given, abs=1e-12)
    assert test.p == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_missing_cells_count_for_neither_mean(seed):
    families = list("aaabbcc")
    matrix = dissimilarities(7, seed)
    for i, j in [(0, 1), (2, 5), (3, 4)]:
        matrix[i, j] = matrix[j, i] = np.nan
    test = family_test(matrix, families, seed=0)
    given, p, number = enumerated(matrix, families)
    assert test.statistic == pytest.approx(given, abs=1e-12)
    assert test.p == pytest.approx(p, abs=1e-12)
    assert test.permutations == number


def test_a_division_with_an_empty_mean_does_not_count():
    matrix = dissimilarities(4)
    matrix[0, 1] = matrix[1, 0] = np.nan
    families = list("aabc")  # the only pair within may be the missing one
    with pytest.raises(InputError, match="no pair of models within a family"):
        family_test(matrix, families, seed=0)
    test = family_test(matrix, list("baac"), seed=0)
    given, p, number = enumerated(matrix, list("baac"))
    assert number < factorial(4) // 2
    assert (test.permutations, test.p) == (number, pytest.approx(p))
    assert test.statistic == pytest.approx(given)


@pytest.mark.parametrize("sizes", [(9, 5), (4, 3, 2)])
def test_scipy_gives_the_same_statistic_and_p(sizes):
    matrix = dissimilarities(sum(sizes), 3)
    families = np.repeat(list("abc")[: len(sizes)], sizes)
    peer = stats.permutation_test(
        [np.flatnonzero(families == family) for family in np.unique(families)],
        lambda *members: statistic(matrix, labelled(members)),
        alternative="greater",
        n_resamples=np.inf,
        vectorized=False,
    )
    test = family_test(matrix, families.tolist(), seed=0)
    assert test.permutations == len(peer.null_distribution)
    assert test.statistic == pytest.approx(peer.statistic)
    assert test.p == pytest.approx(peer.pvalue)


def labelled(members: tuple[np.ndarray, ...]) -> tuple[str, ...]:
    """Families of the models, from the positions of the models of each family."""
    pairs = [(model, family) for family, models in enumerate(members) for model in models]
    return tuple(str(family) for _, family in sorted(pairs))


def test_perfect_families_have_the_smallest_p_there_is():
    families = ["cnn"] * 9 + ["transformer"] * 5
    matrix = np.array([[float(a != b) for a in families] for b in families])
    test = family_test(matrix, families, seed=0)
    assert test.permutations == comb(14, 5) == 2002
    assert (test.statistic, test.p) == (1.0, 1 / 2002)


def test_divisions_that_differ_by_rounding_only_are_ties():
    # all dissimilarities equal: every division is as good, whatever its sums round to
    matrix = np.full((12, 12), 0.1)
    assert family_test(matrix, ["a"] * 5 + ["b"] * 7, seed=0).p == 1
    assert family_test(matrix, ["a"] * 5 + ["b"] * 7, seed=0, most=100).p == 1
    assert family_test(np.zeros((5, 5)), list("aabbb"), seed=0).p == 1


def test_neither_diagonal_nor_scale_nor_order_matters():
    families = list("aaabbbb")
    matrix = dissimilarities(7)
    test = family_test(matrix, families, seed=0)
    np.fill_diagonal(matrix, 9)
    before = matrix.copy()
    assert family_test(matrix, families, seed=0) == test
    np.testing.assert_array_equal(matrix, before)
    assert family_test(1e6 * matrix, families, seed=0).p == test.p
    order = np.random.default_rng(1).permutation(7)
    shuffled = family_test(matrix[np.ix_(order, order)], [families[i] for i in order], seed=0)
    assert shuffled.p == test.p
    assert shuffled.statistic == pytest.approx(test.statistic)


def test_drawn_divisions_agree_with_all_of_them():
    families = ["a"] * 6 + ["b"] * 6
    matrix = dissimilarities(12, 5)
    exact = family_test(matrix, families, seed=0)
    drawn = family_test(matrix, families, seed=0, most=900)
    assert exact.exact
    assert exact.permutations == comb(12, 6)
    assert not drawn.exact
    assert drawn.permutations == 901
    assert drawn.statistic == exact.statistic
    # five standard errors of a share
    assert drawn.p == pytest.approx(exact.p, abs=5 * np.sqrt(exact.p * (1 - exact.p) / 900))


def test_drawn_divisions_follow_from_the_seed_and_leave_p_above_zero():
    families = ["a"] * 15 + ["b"] * 15
    matrix = np.array([[float(a != b) for a in families] for b in families])
    test = family_test(matrix, families, seed=4, most=200)
    assert test == family_test(matrix, families, seed=4, most=200)
    assert test.p == 1 / 201
    noise = dissimilarities(30)
    ps = {family_test(noise, families, seed=seed, most=200).p for seed in range(5)}
    assert len(ps) > 1
    for p in ps:
        assert (p * 201) == pytest.approx(round(p * 201))
        assert round(p * 201) >= 1


@pytest.mark.parametrize("models", [8, 40])  # all divisions; drawn ones
def test_many_divisions_are_worked_on_in_chunks(models, monkeypatch):
    families = ["a", "b"] * (models // 2)
    matrix = dissimilarities(models)
    whole = family_test(matrix, families, seed=0, most=300)
    assert whole.exact == (models == 8)
    monkeypatch.setattr("thinkalike.statistics.permutations.CELLS", models * 7)
    assert family_test(matrix, families, seed=0, most=300) == whole


@pytest.mark.parametrize(
    ("matrix", "families", "sentence"),
    [
        (np.zeros((3, 3)), ["a", "b"], "does not fit 2 families"),
        (np.zeros((3, 2)), ["a", "b", "a"], "one row, one column and one family"),
        (np.zeros((3, 3)), ["a", "a", "a"], "fewer than two families"),
        (np.zeros((3, 3)), ["a", "b", "c"], "no pair of models within a family"),
        (np.full((4, 4), np.nan), list("aabb"), "compare more models"),
    ],
)
def test_what_cannot_be_tested_is_said(matrix, families, sentence):
    with pytest.raises(InputError, match=sentence):
        family_test(matrix, families, seed=0)
