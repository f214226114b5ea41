"""Subsampling against sampling theory, enumeration of all subsets, and its own promises."""

import math
from itertools import combinations

import numpy as np
import pytest

from thinkalike.errors import InputError
from thinkalike.statistics.subsampling import subsample


def kernel(images: int, models: int, seed: int) -> np.ndarray:
    """(N, M, M) symmetric, unit diagonal, all pairs and images independent."""
    values = np.random.default_rng(seed).random((images, models, models))
    upper = np.triu(values, 1)
    return upper + upper.transpose(0, 2, 1) + np.eye(models)


def pair(*similarities: float) -> np.ndarray:
    """(N, 2, 2) of the similarities of two models."""
    values = np.ones((len(similarities), 2, 2))
    values[:, 0, 1] = values[:, 1, 0] = similarities
    return values


def test_the_expected_variance_is_that_of_all_subsets():
    values = kernel(images=7, models=3, seed=0)
    upper = np.triu_indices(3, 1)
    result = subsample(values, sizes=[1, 2, 5], repeats=2, seed=0)
    for size, expected in zip((1, 2, 5), result.expected, strict=True):
        means = [values[list(draw)].mean(0)[upper] for draw in combinations(range(7), size)]
        np.testing.assert_allclose(expected, np.var(means, axis=0), rtol=1e-12)


def test_the_variance_of_the_draws_is_s2_over_n_times_the_finite_population_factor():
    repeats, models = 300, 12
    values = kernel(images=200, models=models, seed=1)
    result = subsample(values, sizes=[10, 50, 100, 150], repeats=repeats, seed=3)
    pairs = models * (models - 1) // 2
    upper = np.triu_indices(models, 1)
    theory = values.var(0, ddof=1)[upper] / np.array([[10], [50], [100], [150]])
    ratio = (result.variance / theory).mean(1)
    # A variance of R nearly normal means has relative standard error sqrt(2 / (R - 1)); the pairs
    # are independent. Four of these standard errors, 4 %; without the factor the ratio would be 1.
    bound = 4 * np.sqrt(2 / (repeats - 1) / pairs)
    factor = np.array([0.95, 0.75, 0.5, 0.25])
    np.testing.assert_allclose(ratio / factor, 1, atol=bound)
    np.testing.assert_allclose(result.factor, factor)


def test_subsets_are_drawn_without_replacement_and_equally_often():
    # Means of two of these numbers tell which two.
    result = subsample(pair(0, 0.1, 0.3, 0.7), sizes=[2], repeats=1200, seed=0)
    differences = [abs(a + b - 0.55) / 2 for a, b in combinations((0, 0.1, 0.3, 0.7), 2)]
    assert len({round(d, 9) for d in differences}) == 3  # each of a subset and its complement
    drawn, counts = np.unique(result.sum_abs_difference.round(9), return_counts=True)
    assert drawn.tolist() == sorted({round(d, 9) for d in differences})
    # binomial(1200, 1/3): standard deviation 16.3; four of them
    assert np.abs(counts - 400).max() < 66


def test_all_images_give_exactly_the_matrix_of_all():
    result = subsample(kernel(images=37, models=5, seed=2), sizes=[37], repeats=9, seed=0)
    np.testing.assert_array_equal(result.sum_abs_difference, 0)
    np.testing.assert_array_equal(result.expected, 0)
    np.testing.assert_array_equal(result.factor, 0)
    np.testing.assert_allclose(result.variance, 0, atol=1e-30)


def test_the_difference_is_summed_over_pairs_once_each():
    one = subsample(pair(0, 0.1, 0.3, 0.7), sizes=[1, 3], repeats=5, seed=0)
    values = np.ones((4, 3, 3))
    for a, b in combinations(range(3), 2):
        values[:, a, b] = values[:, b, a] = (0, 0.1, 0.3, 0.7)
    three = subsample(values, sizes=[1, 3], repeats=5, seed=0)
    np.testing.assert_allclose(three.sum_abs_difference, 3 * one.sum_abs_difference, rtol=1e-12)


def test_more_sizes_and_repeats_leave_the_others_bit_equal():
    values = kernel(images=30, models=4, seed=3)
    fewer = subsample(values, sizes=[5, 20], repeats=6, seed=1)
    more = subsample(values, sizes=[2, 5, 11, 20, 30], repeats=8, seed=1)
    np.testing.assert_array_equal(more.sum_abs_difference[[1, 3], :6], fewer.sum_abs_difference)
    np.testing.assert_array_equal(more.expected[[1, 3]], fewer.expected)
    same_repeats = subsample(values, sizes=[20, 5], repeats=8, seed=1)
    np.testing.assert_array_equal(more.variance[[3, 1]], same_repeats.variance)


def test_another_model_leaves_the_older_pairs_bit_equal():
    values = kernel(images=30, models=5, seed=4)
    fewer = subsample(values[:, :4, :4], sizes=[7], repeats=6, seed=1)
    more = subsample(values, sizes=[7], repeats=6, seed=1)
    first, second = np.triu_indices(5, 1)
    older = (first < 4) & (second < 4)
    np.testing.assert_array_equal(more.variance[:, older], fewer.variance)


def test_all_metrics_see_the_same_subsets():
    values = kernel(images=30, models=4, seed=5)
    once = subsample(values, sizes=[3, 9], repeats=6, seed=1)
    doubled = subsample(2 * values, sizes=[3, 9], repeats=6, seed=1)
    np.testing.assert_array_equal(doubled.sum_abs_difference, 2 * once.sum_abs_difference)


def test_draws_follow_the_seed_and_differ_from_size_to_size_and_repeat_to_repeat():
    values = kernel(images=30, models=4, seed=6)
    result = subsample(values, sizes=[4, 26], repeats=5, seed=1).sum_abs_difference
    np.testing.assert_array_equal(
        subsample(values, sizes=[4, 26], repeats=5, seed=1).sum_abs_difference, result
    )
    other = subsample(values, sizes=[4, 26], repeats=5, seed=2).sum_abs_difference
    assert len(np.unique(np.concatenate([result, other]))) == 20


def test_a_pair_without_any_image_is_missing_and_leaves_the_others_as_they_are():
    values = kernel(images=20, models=3, seed=7)
    values[:, 2, :] = values[:, :, 2] = np.nan
    result = subsample(values, sizes=[5, 10], repeats=4, seed=0)
    alone = subsample(values[:, :2, :2], sizes=[5, 10], repeats=4, seed=0)
    np.testing.assert_array_equal(np.isnan(result.variance), [[False, True, True]] * 2)
    np.testing.assert_array_equal(np.isnan(result.expected), [[False, True, True]] * 2)
    np.testing.assert_array_equal(result.sum_abs_difference, alone.sum_abs_difference)
    np.testing.assert_array_equal(result.variance[:, :1], alone.variance)


def test_draws_in_which_a_pair_has_no_image_do_not_count_for_its_variance():
    # A single image of four is there: drawn, it gives the mean 0.5, and else nothing.
    result = subsample(pair(0.5, np.nan, np.nan, np.nan), sizes=[1], repeats=40, seed=0)
    np.testing.assert_array_equal(result.sum_abs_difference, 0)
    np.testing.assert_array_equal(result.variance, 0)
    never = subsample(pair(0.5, *[np.nan] * 999), sizes=[1], repeats=2, seed=0)
    np.testing.assert_array_equal(never.variance, np.nan)


def test_a_single_draw_has_no_variance():
    result = subsample(pair(0.1, 0.4, 0.9), sizes=[2], repeats=1, seed=0)
    np.testing.assert_array_equal(result.variance, [[np.nan]])


def test_variance_is_numpys_over_the_repeats():
    values = pair(0.1, 0.4, 0.45, 0.9, 0.2)
    result = subsample(values, sizes=[2], repeats=7, seed=0)
    reference = values[:, 0, 1].mean()
    means = result.sum_abs_difference[0]
    # one pair: the means are the reference plus or minus the differences; their variance is one of
    # those of the 2^7 choices of signs
    signs = np.array(np.meshgrid(*[[-1, 1]] * 7)).reshape(7, -1)
    choices = np.var(reference + signs * means[:, None], axis=0, ddof=1)
    assert np.abs(choices - result.variance[0, 0]).min() < 1e-15


def test_more_images_than_there_are_are_refused_with_the_largest_number_that_is_not():
    with pytest.raises(InputError, match=r"sizes: 11 images of 10 .* sizes up to 10"):
        subsample(kernel(images=10, models=2, seed=0), sizes=[5, 11], repeats=2, seed=0)


@pytest.mark.parametrize("missing", [0, 1, 3, 5, 6])
def test_the_expected_variance_of_a_pair_that_misses_images_is_that_of_all_subsets(missing):
    """Subsets without any image of the pair have no mean, and are left out."""
    similarities = np.r_[np.random.default_rng(0).random(8 - missing), [np.nan] * missing]
    sizes = [1, 2, 3, 5, 7, 8]
    result = subsample(pair(*similarities), sizes=sizes, repeats=2, seed=0)
    for size, expected, images in zip(sizes, result.expected, result.images, strict=True):
        subsets = [similarities[list(draw)] for draw in combinations(range(8), size)]
        parts = [part[np.isfinite(part)] for part in subsets if np.isfinite(part).any()]
        means = [part.mean() for part in parts]
        np.testing.assert_allclose(expected, np.var(means), rtol=1e-10, atol=1e-16)
        np.testing.assert_allclose(images, np.mean([len(part) for part in parts]), rtol=1e-12)


def test_the_expected_variance_is_that_of_many_draws():
    random = np.random.default_rng(0)
    values = np.full((400, 2, 2), 1.0)
    values[:, 0, 1] = values[:, 1, 0] = random.normal(0.5, 0.2, 400)
    values[random.random(400) < 0.9] = np.nan
    result = subsample(values, sizes=[20, 40, 100], repeats=2000, seed=0)
    # 2,000 draws give a variance to about 3 %
    np.testing.assert_allclose(result.variance, result.expected, rtol=0.12)


def test_the_expected_variance_of_three_images_of_ten_thousand_follows_from_all_that_can_be_drawn():
    values = np.random.default_rng(0).normal(size=10_000)
    values[3:] = np.nan
    result = subsample(pair(*values), sizes=[1, 5000, 9999], repeats=2, seed=0)
    chances = np.array([math.comb(3, k) * math.comb(9997, 5000 - k) for k in (1, 2, 3)], object)
    half = float((chances * [6, 3, 2]).sum() / (6 * chances.sum()))
    inverse = np.array([1, half, (3 / 10_000) / 2 + (9997 / 10_000) / 3])
    theory = values[:3].var(ddof=1) * (inverse - 1 / 3)
    np.testing.assert_allclose(result.expected[:, 0], theory, rtol=1e-7)
