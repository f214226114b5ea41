"""Holm's correction against statsmodels, which scikit-bio brings along, and by hand."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from thinkalike.statistics.corrections import holm


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_holm_is_that_of_statsmodels(count):
    p = np.random.default_rng(count).random(count) ** 3
    p[: count // 2] = p[count // 2 : 2 * (count // 2)]  # ties
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_by_hand():
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06])


def test_what_was_not_tested_does_not_count():
    np.testing.assert_array_equal(holm([0.02, np.nan, 0.5]), [0.04, np.nan, 0.5])
    assert holm([]).shape == (0,)
    assert np.isnan(holm([np.nan])).all()
