"""PERMANOVA and PERMDISP against scikit-bio, coordinates, enumeration, and worlds of known truth."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import f_oneway
from skbio import DistanceMatrix
from skbio.stats import distance as peer

from tests.support.worlds import distances, family_names, most_rejections, world
from thinkalike.errors import InputError
from thinkalike.statistics.permanova import permanova, permdisp

SIZES = [(4, 3), (9, 5), (4, 3, 1), (5, 4, 3)]


def points_of(sizes: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(sum(sizes), 20))


def spreads(points: np.ndarray, families: np.ndarray) -> list[np.ndarray]:
    """Distances of points to the centroids of their families, family by family."""
    groups = [points[families == family] for family in np.unique(families)]
    return [np.linalg.norm(group - group.mean(0), axis=1) for group in groups]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("seed", [0, 1])
def test_both_f_are_those_of_scikit_bio(sizes, seed):
    matrix, families = distances(points_of(sizes, seed)), family_names(sizes)
    matrices = DistanceMatrix(matrix)
    theirs = peer.permanova(matrices, families, permutations=0)
    assert permanova(matrix, families, seed=0).f == pytest.approx(theirs["test statistic"])
    # by default it takes ten dimensions and medians
    options = {"test": "centroid", "permutations": 0, "dimensions": len(matrix) - 1}
    theirs = peer.permdisp(matrices, families, **options)
    assert permdisp(matrix, families, seed=0).f == pytest.approx(theirs["test statistic"])


@pytest.mark.parametrize("sizes", SIZES)
def test_p_of_drawn_labelings_is_that_of_scikit_bio_but_for_chance(sizes):
    matrix, families = world(np.random.default_rng(5), sizes, apart=0.5), family_names(sizes)
    number = 2_000
    options = {"test": "centroid", "dimensions": len(matrix) - 1, "seed": 1}
    theirs = [
        peer.permanova(DistanceMatrix(matrix), families, permutations=number, seed=1),
        peer.permdisp(DistanceMatrix(matrix), families, permutations=number, **options),
    ]
    for test, their in zip((permanova, permdisp), theirs, strict=True):
        p = test(matrix, families, seed=0).p
        error = np.sqrt(p * (1 - p) / number)
        assert their["p-value"] == pytest.approx(p, abs=5 * error + 1 / number)


@pytest.mark.parametrize("sizes", [(4, 3), (3, 2, 2), (4, 2, 1)])
def test_exact_p_is_that_of_every_order_of_the_points(sizes):
    points, families = points_of(sizes, 2)[:, :3], np.array(family_names(sizes))
    mean = points.mean(0)

    def pseudo_f(order: np.ndarray) -> float:
        groups = [points[order == family] for family in np.unique(order)]
        within = sum(((group - group.mean(0)) ** 2).sum() for group in groups)
        between = ((points - mean) ** 2).sum() - within
        return between / (len(groups) - 1) / (within / (len(points) - len(groups)))

    def anova(order: np.ndarray) -> float:
        return float(f_oneway(*spreads(points, order)).statistic)

    orders = [np.array(order) for order in set(permutations(families.tolist()))]
    for test, statistic in ((permanova, pseudo_f), (permdisp, anova)):
        found = test(distances(points), families.tolist(), seed=0)
        with np.errstate(invalid="ignore"):
            others = np.array([statistic(order) for order in orders])
        assert found.exact
        assert found.permutations == len(orders)
        assert found.f == pytest.approx(statistic(families))
        assert found.p == pytest.approx((others >= statistic(families) * (1 - 1e-9)).mean())


def test_r_squared_is_the_share_of_the_sum_of_squares():
    points, families = points_of((6, 4), 3), np.array(family_names((6, 4)))
    within = sum(
        ((points[families == name] - points[families == name].mean(0)) ** 2).sum() for name in "ab"
    )
    total = ((points - points.mean(0)) ** 2).sum()
    found = permanova(distances(points), families.tolist(), seed=0)
    assert found.r_squared == pytest.approx(1 - within / total)


def test_families_far_apart_have_the_smallest_p_that_there_is():
    for sizes in ((4, 3), (9, 5), (4, 4)):
        points = points_of(sizes, 0)
        points[: sizes[0], 0] += 100
        found = permanova(distances(points), family_names(sizes), seed=0)
        assert found.p == pytest.approx(found.smallest_p)


def test_models_that_are_all_alike_have_no_variance_to_test():
    matrix = np.zeros((5, 5))
    assert permanova(matrix, list("aabbb"), seed=0).p == 1
    assert permdisp(matrix, list("aabbb"), seed=0).p == 1
    equal = 1 - np.eye(6)  # a simplex: every division is as good
    assert permanova(equal, list("aabbbb"), seed=0).p == 1
    assert permdisp(equal, list("aaabbb"), seed=0).p == 1


def test_families_of_equal_points_have_an_infinite_f():
    matrix = np.array([[float(a != b) for a in "aaabb"] for b in "aaabb"])
    found = permanova(matrix, list("aaabb"), seed=0)
    assert (found.f, found.r_squared, found.p) == (np.inf, 1, found.smallest_p)


def test_scale_order_and_diagonal_do_not_matter():
    matrix, families = distances(points_of((4, 3), 4)), family_names((4, 3))
    order = np.random.default_rng(0).permutation(7)
    for test in (permanova, permdisp):
        first = test(matrix, families, seed=0)
        shuffled = test(matrix[np.ix_(order, order)], [families[i] for i in order], seed=0)
        scaled = test(1e-6 * matrix + 9 * np.eye(7), families, seed=0)
        for other in (shuffled, scaled):
            assert other.p == first.p
            assert other.f == pytest.approx(first.f)


@pytest.mark.parametrize(
    ("matrix", "families", "sentence"),
    [
        (np.zeros((3, 3)), ["a", "b"], "does not fit 2 families"),
        (np.zeros((3, 3)), ["a", "a", "a"], "fewer than two families"),
        (np.zeros((3, 3)), ["a", "b", "c"], "every family has but one model"),
        (np.full((4, 4), np.nan), list("aabb"), "a dissimilarity is missing"),
    ],
)
def test_what_cannot_be_tested_is_said(matrix, families, sentence):
    for test in (permanova, permdisp):
        with pytest.raises(InputError, match=sentence):
            test(matrix, families, seed=0)


def rejections(test, sizes: tuple[int, ...], trials: int = 300, **truth: object) -> float:
    draws = np.random.default_rng(7)
    families = family_names(sizes)
    ps = [test(world(draws, sizes, **truth), families, seed=s, most=199).p for s in range(trials)]
    return float((np.array(ps) <= 0.05).mean())


@pytest.mark.parametrize("sizes", [(9, 5), (4, 3), (4, 3, 1), (5, 4, 3)])
@pytest.mark.parametrize("test", [permanova, permdisp])
def test_of_alike_families_few_are_found_to_differ(test, sizes):
    assert rejections(test, sizes) <= most_rejections(300)


def test_permanova_takes_a_wider_small_family_for_a_difference_and_permdisp_says_so():
    """The reason why the two stand side by side."""
    wide_small, wide_large = (1, 2), (2, 1)
    assert rejections(permanova, (9, 5), spread=wide_small) > 0.12
    assert rejections(permanova, (9, 5), spread=wide_large) < 0.02
    assert rejections(permdisp, (9, 5), spread=wide_small) > 0.5
    assert rejections(permdisp, (9, 5), spread=wide_large) > 0.5


def test_families_with_centres_apart_are_found():
    assert rejections(permanova, (9, 5), apart=1.0) > 0.8
    assert rejections(permdisp, (9, 5), apart=1.0) <= most_rejections(300)
