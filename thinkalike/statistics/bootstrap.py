"""Bootstrap over images: how often each image is drawn, and the means of all draws by one product."""

from collections.abc import Sequence
from typing import Any

import numpy as np

DRAWS_AT_A_TIME = 2**18
"""Numbers drawn at once: 2 MB, which stay in a cache."""


def resampling_counts(
    images: int,
    bootstraps: int,
    generator: np.random.Generator,
    groups: Sequence[Any] | None = None,
) -> np.ndarray:
    """How often each image is drawn in every bootstrap sample, n of n with replacement.

    Args:
        images: number of images, N.
        bootstraps: number of samples, B.
        generator: of the draws.
        groups: class of each image: as many as it has are drawn from every class. None: from all.

    Returns:
        (B, N) float32 whole numbers; a row has the sum N, and its part of a class that class's size.
    """
    counts = np.empty((bootstraps, images), np.float32)
    labels = np.zeros(images, int) if groups is None else np.asarray(groups)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        counts[:, members] = _counts(len(members), bootstraps, generator)
    return counts


def _counts(images: int, bootstraps: int, generator: np.random.Generator) -> np.ndarray:
    """Counts (B, n) of n draws from n images: integers and bincount take a third of multinomial's time."""
    counts = np.empty((bootstraps, images), np.float32)
    step = max(DRAWS_AT_A_TIME // images, 1)
    for start in range(0, bootstraps, step):
        rows = min(step, bootstraps - start)
        drawn = generator.integers(images, size=(rows, images))
        drawn += np.arange(rows)[:, None] * images
        found = np.bincount(drawn.ravel(), minlength=rows * images)
        counts[start : start + rows] = found.reshape(rows, images)
    return counts


def bootstrapped_means(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Means of per-image values over every bootstrap sample: (W v)/(W present), products of matrices.

    The products are of float32 numbers, so that means are rounded to about 1e-6 of their size.

    Args:
        values: (N, …), NaN where an image does not count.
        counts: W, (B, N), how often each image is drawn.

    Returns:
        (B, …) float64; NaN where a sample has no image that counts.
    """
    flat = values.reshape(len(values), -1)
    present = np.isfinite(flat)
    # centred, that rounding is relative to how values differ
    centre = np.where(present, flat, 0).sum(0) / np.maximum(present.sum(0), 1)
    filled = np.where(present, flat - centre, 0).astype(np.float32)
    weights = counts.astype(np.float32, copy=False)
    totals = (weights @ filled).astype(np.float64)
    if present.all():
        means = totals / weights.sum(1, keepdims=True)
    else:
        # columns that miss the same images share their number of images
        patterns, place = np.unique(present, axis=1, return_inverse=True)
        drawn = (weights @ patterns.astype(np.float32))[:, place.ravel()]
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.where(drawn > 0, totals / drawn, np.nan)
    return (means + centre).reshape(len(counts), *values.shape[1:])
