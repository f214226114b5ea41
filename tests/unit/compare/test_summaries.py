"""Means over images against numpy, and their errors."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thinkalike.compare.summaries import mean_error, summarise

values_with_holes = arrays(
    np.float64, (6, 3, 3), elements=st.one_of(st.floats(-1, 1), st.just(np.nan))
)


@settings(max_examples=50)
@given(values_with_holes, arrays(bool, (6, 3, 3)))
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
def test_a_summary_is_numpys_over_the_images_that_count(values, mask):
    summary = summarise(values, mask)
    counted = np.where(mask, values, np.nan)
    np.testing.assert_array_equal(summary.count, np.isfinite(counted).sum(0))
    np.testing.assert_allclose(summary.mean, np.nanmean(counted, 0), atol=1e-15)
    np.testing.assert_allclose(summary.deviation, np.nanstd(counted, 0, ddof=1), atol=1e-15)


def test_all_images_count_without_a_mask():
    values = np.random.default_rng(0).random((5, 2, 2))
    summary = summarise(values)
    np.testing.assert_array_equal(summary.count, 5)
    np.testing.assert_allclose(summary.mean, values.mean(0), rtol=1e-14)
    np.testing.assert_allclose(summary.deviation, values.std(0, ddof=1), rtol=1e-14)


def test_a_pair_without_an_image_is_missing_and_one_image_has_no_deviation():
    values = np.full((2, 2, 2), 0.5)
    mask = np.array([[[1, 0], [0, 1]], [[1, 0], [0, 0]]], bool)
    summary = summarise(values, mask)
    np.testing.assert_array_equal(summary.count, [[2, 0], [0, 1]])
    np.testing.assert_array_equal(summary.mean, [[0.5, np.nan], [np.nan, 0.5]])
    np.testing.assert_array_equal(summary.deviation, [[0, np.nan], [np.nan, np.nan]])


errors_and_masks = st.tuples(
    arrays(float, (5, 3, 3), elements=st.floats(0, 10) | st.just(np.nan)), arrays(bool, (5, 3, 3))
)


@given(errors_and_masks, st.booleans())
def test_the_error_of_a_mean_is_that_of_a_sum_of_independent_errors(both, masked):
    errors, mask = both
    found = mean_error(errors, mask) if masked else mean_error(errors)
    for a, b in permutations(range(3), 2):
        cells = [
            e for e, use in zip(errors[:, a, b], mask[:, a, b], strict=True) if use or not masked
        ]
        cells = [e for e in cells if not np.isnan(e)]
        if cells:
            expected = sum(e**2 for e in cells) ** 0.5 / len(cells)
            assert found[a, b] == pytest.approx(expected)
        else:
            assert np.isnan(found[a, b])


@pytest.mark.filterwarnings("error")
def test_a_pair_without_an_image_has_no_error_and_no_warning():
    errors = np.full((4, 2, 2), 0.5)
    errors[:, 0, 1] = np.nan
    found = mean_error(errors, np.arange(4)[:, None, None] < np.array([[4, 4], [0, 2]]))
    np.testing.assert_allclose(found, [[0.25, np.nan], [np.nan, 0.5 / 2**0.5]])
