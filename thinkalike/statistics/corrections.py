"""Correction of p for many tests that are made together."""

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.05
"""Chance of a false finding that a test is made for."""


def holm(p: ArrayLike) -> np.ndarray:
    """p corrected by Holm's step-down procedure, for tests made together and however they depend.

    In order of size, the k-th smallest of m is multiplied by m − k + 1, none is below an earlier one, and
    none is above 1. Those at most .05 have a chance of .05 of one false finding among them.

    Args:
        p: (m,); NaN where there was no test, which neither counts nor changes.

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    values = np.asarray(p, float)
    corrected = np.full(values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1)
    return corrected
