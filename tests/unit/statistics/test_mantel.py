"""Mantel's test against scikit-bio, scipy, enumeration, and worlds of known truth."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from skbio import DistanceMatrix
from skbio.stats.distance import mantel as peer

from tests.support.worlds import distances, family_names, most_rejections, world
from thinkalike.errors import InputError
from thinkalike.statistics.mantel import mantel

KINDS = {"pearson": pearsonr, "spearman": spearmanr}


def two_matrices(models: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    points = draws.normal(size=(models, 4))
    return distances(points), distances(points + draws.normal(size=(models, 4)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("models", [4, 9, 14])
def test_r_is_the_correlation_of_the_pairs_as_scikit_bio_has_it(kind, models):
    a, b = two_matrices(models)
    cells = np.triu_indices(models, 1)
    r = mantel(a, b, seed=0, kind=kind).r
    assert r == pytest.approx(KINDS[kind](a[cells], b[cells]).statistic)
    theirs, _, number = peer(DistanceMatrix(a), DistanceMatrix(b), method=kind, permutations=0)
    assert (r, models) == (pytest.approx(theirs), number)


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
@pytest.mark.parametrize("kind", KINDS)
def test_p_is_that_of_scikit_bio_but_for_chance(kind, alternative):
    a, b = two_matrices(9, 3)
    theirs = peer(
        *(DistanceMatrix(a), DistanceMatrix(b)),
        method=kind,
        permutations=4_000,
        alternative=alternative,
        seed=1,
    )
    test = mantel(a, b, seed=0, kind=kind, alternative=alternative, most=19_999)
    error = np.sqrt(test.p * (1 - test.p) / 4_000)
    assert theirs[1] == pytest.approx(test.p, abs=5 * error + 1 / 4_000)


@pytest.mark.parametrize("families", ["aaaa", "aaabb", "aabbbc", "ababab"])
@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
@pytest.mark.parametrize("kind", KINDS)
def test_exact_p_is_that_of_every_order_within_families(families, alternative, kind):
    a, b = two_matrices(len(families), 1)
    cells = np.triu_indices(len(families), 1)
    given = KINDS[kind](a[cells], b[cells]).statistic
    others = []
    for order in permutations(range(len(families))):
        if all(families[i] == families[j] for i, j in enumerate(order)):
            moved = a[np.ix_(order, order)]
            others.append(KINDS[kind](moved[cells], b[cells]).statistic)
    signed = np.array(others) if alternative == "greater" else np.abs(others)
    least = given if alternative == "greater" else abs(given)
    test = mantel(a, b, list(families), seed=0, kind=kind, alternative=alternative)
    assert test.exact
    assert test.permutations == len(others)
    assert test.smallest_p == 1 / len(others)
    assert test.p == pytest.approx((signed >= least - 1e-12).mean())


def test_drawn_moves_agree_with_all_of_them():
    a, b = two_matrices(8, 2)
    families = family_names((5, 3))
    exact = mantel(a, b, families, seed=0)
    drawn = mantel(a, b, families, seed=0, most=700)
    assert (exact.exact, exact.permutations) == (True, 720)
    assert (drawn.exact, drawn.permutations) == (False, 701)
    assert drawn.r == exact.r
    assert drawn.p == pytest.approx(exact.p, abs=5 * np.sqrt(exact.p * (1 - exact.p) / 700))


def test_a_matrix_and_itself_have_the_smallest_p_there_is():
    a, _ = two_matrices(9)
    test = mantel(a, a, family_names((5, 4)), seed=0)
    assert (test.r, test.p) == (pytest.approx(1), test.smallest_p)
    opposed = mantel(a, a.max() - a, family_names((5, 4)), seed=0)
    assert (opposed.r, opposed.p) == (pytest.approx(-1), 1)
    both = mantel(a, a.max() - a, family_names((5, 4)), seed=0, alternative="two-sided")
    assert both.p == both.smallest_p


def test_chunks_and_the_diagonal_change_nothing(monkeypatch):
    a, b = two_matrices(7)
    whole = mantel(a, b, family_names((4, 3)), seed=0)
    monkeypatch.setattr("thinkalike.statistics.permutations.CELLS", 100)
    assert mantel(a + np.eye(7), b, family_names((4, 3)), seed=0) == whole


@pytest.mark.parametrize(
    ("first", "second", "families", "sentence"),
    [
        (np.eye(3), np.eye(4), None, "not of the same models"),
        (np.eye(2), np.eye(2), None, "there are 2 models; a correlation of matrices takes 3"),
        (np.eye(4), np.full((4, 4), np.nan), None, "a cell is missing"),
        (np.ones((4, 4)), np.eye(4), None, "the same value"),
        (*two_matrices(3), ["a", "b", "c"], "no permutation within families"),
    ],
)
def test_what_cannot_be_tested_is_said(first, second, families, sentence):
    with pytest.raises(InputError, match=sentence):
        mantel(first, second, families, seed=0)


TRIALS = 300


def confounded(sizes: tuple[int, ...], *, within: bool) -> float:
    """Rejections for two matrices that know the families, and have nothing else in common."""
    draws = np.random.default_rng(11)
    families = family_names(sizes)
    ps = [
        mantel(
            *(world(draws, sizes, apart=1.5), world(draws, sizes, apart=1.5)),
            families if within else None,
            seed=trial,
            most=199,
            alternative="two-sided",
        ).p
        for trial in range(TRIALS)
    ]
    return float((np.array(ps) <= 0.05).mean())


@pytest.mark.parametrize("sizes", [(4, 3, 3), (9, 5)])
def test_within_families_the_size_holds_where_the_plain_test_fails(sizes):
    assert confounded(sizes, within=True) <= most_rejections(TRIALS)
    assert confounded(sizes, within=False) > 0.5


@pytest.mark.parametrize("alternative", ["greater", "two-sided"])
@pytest.mark.parametrize("sizes", [(10,), (9, 5)])
def test_of_independent_matrices_few_are_found_to_go_together(sizes, alternative):
    draws = np.random.default_rng(5)
    ps = [
        mantel(
            *(world(draws, sizes), world(draws, sizes)),
            family_names(sizes),
            seed=trial,
            most=199,
            alternative=alternative,
        ).p
        for trial in range(TRIALS)
    ]
    assert (np.array(ps) <= 0.05).mean() <= most_rejections(TRIALS)


def test_matrices_that_go_together_beyond_families_are_found():
    draws = np.random.default_rng(2)
    ps = []
    for trial in range(60):
        shared = draws.normal(size=(14, 8))
        a, b = (distances(shared + 0.7 * draws.normal(size=(14, 8))) for _ in range(2))
        ps.append(mantel(a, b, family_names((9, 5)), seed=trial, most=199).p)
    assert (np.array(ps) <= 0.05).mean() > 0.8
