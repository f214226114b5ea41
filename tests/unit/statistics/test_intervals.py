"""Intervals of means: scipy's, least squares within classes, and coverage in simulations."""

import numpy as np
import pytest
from scipy import stats

from thinkalike.statistics.intervals import (
    bounded_interval,
    chord,
    chord_interval,
    mean_interval,
    residuals_of_groups,
    strata,
)


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_intervals_are_scipy_s_where_no_value_is_missing():
    values = random().normal(size=(12, 3, 3))
    found = mean_interval(values)
    for a, b in np.ndindex(3, 3):
        expected = stats.ttest_1samp(values[:, a, b], 0).confidence_interval(0.95)
        assert found.low[a, b] == pytest.approx(expected.low)
        assert found.high[a, b] == pytest.approx(expected.high)
        assert found.standard_error[a, b] == pytest.approx(stats.sem(values[:, a, b]))


def test_missing_values_are_left_out_pair_by_pair():
    values = random().normal(size=(12, 4))
    values[random(1).random((12, 4)) < 0.4] = np.nan
    found = mean_interval(values)
    for pair in range(4):
        kept = values[np.isfinite(values[:, pair]), pair]
        expected = stats.ttest_1samp(kept, 0).confidence_interval(0.95)
        assert found.mean[pair] == pytest.approx(kept.mean())
        assert (found.low[pair], found.high[pair]) == pytest.approx(tuple(expected))


def test_one_image_tells_a_mean_and_no_error_and_none_tells_nothing():
    values = np.array([[1.0, np.nan], [np.nan, np.nan]])
    found = mean_interval(values)
    assert found.mean[0] == 1
    assert np.isnan(found.mean[1])
    for array in (found.standard_error, found.low, found.high):
        assert np.isnan(array).all()


def test_strata_take_the_variance_within_classes():
    """The residual variance of a one-way analysis of variance, from least squares on indicators."""
    groups = np.array([0] * 5 + [1] * 4 + [2] * 3)
    values = random().normal(size=12) + 10 * groups
    found = mean_interval(values[:, None], groups)
    indicators = (groups[:, None] == np.arange(3)).astype(float)
    _, square, *_ = np.linalg.lstsq(indicators, values, rcond=None)
    error = np.sqrt(square[0] / 9 / 12)
    assert found.standard_error[0] == pytest.approx(error)
    assert found.high[0] - found.mean[0] == pytest.approx(stats.t.ppf(0.975, 9) * error)


def test_fewer_than_two_images_a_class_are_a_simple_sample():
    values = random().normal(size=(4, 2))
    found = mean_interval(values, np.array([0, 1, 2, 2]))
    np.testing.assert_allclose(found.standard_error, stats.sem(values))
    _, degrees = residuals_of_groups(values, [0, 0, 1, 2])
    assert degrees.tolist() == [1, 1]


def test_classes_of_one_image_are_no_strata():
    assert strata(["a", "b", "a"]) is None
    assert strata([]) is None
    np.testing.assert_array_equal(strata(["a", "b", "b", "a"]), ["a", "b", "b", "a"])


@pytest.mark.parametrize("images", [16, 100])
@pytest.mark.parametrize("stratified", [False, True])
def test_intervals_cover_the_true_mean(images, stratified):
    """Similarities: bounded, skewed, and different from class to class."""
    generator = random(images)
    classes = np.arange(images) % 4
    offsets = np.array([0.3, 0.5, 0.6, 0.8])
    simulations = 4000
    centre = offsets[classes] if stratified else generator.choice(offsets, (simulations, images))
    values = generator.beta(6 * centre, 6 * (1 - centre), size=(simulations, images)).T
    found = mean_interval(values, classes if stratified else None)
    covered = ((found.low <= 0.55) & (found.high >= 0.55)).mean()
    assert 0.92 <= covered <= 0.98


def test_the_interval_of_a_chord_has_the_transformed_ends():
    low, high = chord_interval(np.array([-1.5, 0.2]), np.array([0.5, 0.9]))
    np.testing.assert_allclose(low, [1, np.sqrt(0.2)])
    np.testing.assert_allclose(high, [2, np.sqrt(1.6)])
    units = random().normal(size=(2, 5))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    assert chord(units[0] @ units[1]) == pytest.approx(np.linalg.norm(units[0] - units[1]))


def test_a_bounded_interval_is_that_of_fisher_s_transform_between_minus_one_and_one():
    mean, error = np.array([-0.5, 0.1, 0.9]), np.array([0.1, 0.02, 0.03])
    reach = 1.959964 * error / (1 - mean**2)
    expected = np.tanh(np.arctanh(mean) - reach), np.tanh(np.arctanh(mean) + reach)
    np.testing.assert_allclose(bounded_interval(mean, error, lowest=-1), expected, rtol=1e-6)


def test_a_bounded_interval_is_the_logit_s_between_zero_and_one():
    reach = stats.t.ppf(0.975, 4) * 0.05 / (0.9 * 0.1)
    expected = [1 / (1 + np.exp(-np.log(9) + sign * reach)) for sign in (1, -1)]
    assert bounded_interval(0.9, 0.05, lowest=0, freedom=4) == pytest.approx(expected)


def test_ends_of_a_bounded_interval_stay_inside_and_small_errors_change_nothing():
    low, high = bounded_interval(0.98, 0.014, lowest=-1)
    assert 0.9 < low < 0.98 - 1.9 * 0.014
    assert 0.98 < high < 1 < 0.98 + 1.96 * 0.014
    assert bounded_interval(0.5, 1e-5, lowest=-1) == pytest.approx(
        (0.5 - 1.96e-5, 0.5 + 1.96e-5), abs=1e-9
    )
    low, high = bounded_interval(0.01, 0.03, lowest=0)
    assert 0 < low < 0.01 < high < 1


def test_a_mean_on_its_bound_has_an_interval_of_one_point_and_an_unknown_error_none():
    assert bounded_interval(1.0, 0.0, lowest=-1) == (1, 1)
    assert bounded_interval(1 + 1e-12, 1e-12, lowest=0) == (1, 1)
    assert np.isnan(bounded_interval(0.9, np.nan, lowest=-1)).all()


def test_bounded_intervals_of_means_near_one_cover_them():
    covered, plain, size, rng = 0, 0, 10, random(5)
    for _ in range(2000):
        values = rng.beta(30, 1.5, size)
        mean, error = values.mean(), stats.sem(values)
        truth, quantile = 30 / 31.5, stats.t.ppf(0.975, size - 1)
        low, high = bounded_interval(mean, error, lowest=0, freedom=size - 1)
        covered += low <= truth <= high
        plain += abs(mean - truth) <= quantile * error
    assert 0.92 <= covered / 2000 <= 0.97
    assert covered >= plain
