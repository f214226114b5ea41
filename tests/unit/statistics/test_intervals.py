"""Intervals of means: scipy's, least squares within classes, and coverage in simulations."""

import numpy as np
import pytest
from scipy import stats

from thinkalike.statistics.intervals import (
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
