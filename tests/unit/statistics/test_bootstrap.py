"""Bootstrap over images: NumPy's multinomial, plain loops, and formulas of sampling theory."""

import numpy as np
import pytest

from thinkalike.statistics.bootstrap import bootstrapped_means, resampling_counts
from thinkalike.statistics.intervals import mean_interval


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_counts_have_the_moments_of_drawing_with_replacement():
    counts = resampling_counts(12, 20_000, random())
    assert counts.shape == (20_000, 12)
    np.testing.assert_array_equal(counts.sum(1), 12)
    expected = random(1).multinomial(12, np.full(12, 1 / 12), size=20_000)
    np.testing.assert_allclose(counts.mean(0), 1, atol=0.04)
    np.testing.assert_allclose(np.cov(counts.T), np.cov(expected.T), atol=0.05)
    values, shares = np.unique(counts, return_counts=True)
    others, reference = np.unique(expected, return_counts=True)
    np.testing.assert_allclose(shares[:5] / counts.size, reference[:5] / counts.size, atol=0.005)
    assert values[:5].tolist() == others[:5].tolist() == [0, 1, 2, 3, 4]


def test_counts_keep_the_size_of_every_class():
    groups = np.array(list("abacbbaca"))
    counts = resampling_counts(9, 500, random(), groups)
    for label, size in (("a", 4), ("b", 3), ("c", 2)):
        np.testing.assert_allclose(counts[:, groups == label].sum(1), size, rtol=1e-6)


def test_a_class_of_one_image_is_in_every_sample():
    counts = resampling_counts(3, 50, random(), ["a", "b", "b"])
    np.testing.assert_array_equal(counts[:, 0], 1)


def test_means_of_samples_are_those_of_a_loop_over_the_drawn_images():
    values = random(1).normal(size=(7, 3, 3))
    values[random(2).random((7, 3, 3)) < 0.4] = np.nan
    values[0, 0, 0], values[1:, 0, 0] = 0.5, np.nan  # some samples have no image that counts
    counts = resampling_counts(7, 60, random())
    means = bootstrapped_means(values, counts)
    assert means.shape == (60, 3, 3)
    for row, found in zip(counts.astype(int), means, strict=True):
        drawn = np.repeat(values, row, axis=0)
        for a, b in np.ndindex(3, 3):
            cell = drawn[:, a, b][np.isfinite(drawn[:, a, b])]
            if len(cell):
                assert found[a, b] == pytest.approx(cell.mean(), abs=1e-6)
            else:
                assert np.isnan(found[a, b])
    assert np.isnan(means[:, 0, 0]).any()
    assert np.isfinite(means[:, 0, 0]).any()


def test_means_are_exact_relative_to_how_values_differ():
    values = 1000 + 1e-3 * random(1).normal(size=(50, 4))
    counts = resampling_counts(50, 20, random())
    expected = counts.astype(float) @ values / 50
    np.testing.assert_allclose(bootstrapped_means(values, counts), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("size", [2, 3, 10])
def test_samples_within_classes_vary_as_the_stratified_standard_error_says(size):
    groups = np.repeat(np.arange(8), size)
    values = random(3).normal(size=(8 * size, 5)) + 3 * random(4).normal(size=8)[groups, None]
    counts = resampling_counts(len(values), 20_000, random(), groups)
    spread = bootstrapped_means(values, counts).std(0)
    expected = mean_interval(values, groups).standard_error
    np.testing.assert_allclose(spread, expected, rtol=0.03)


def test_samples_vary_as_the_standard_error_says():
    values = random(3).normal(size=(40, 5))
    spread = bootstrapped_means(values, resampling_counts(40, 20_000, random())).std(0)
    expected = values.std(0) / np.sqrt(40)
    np.testing.assert_allclose(spread, expected, rtol=0.03)
