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
    """How often each image counts in every bootstrap sample.

    Without classes N of N images are drawn with replacement. Within a class of n images n − 1 are drawn,
    and each counts n/(n − 1) times: drawing n of few images would make means vary too little, by
    (n − 1)/n.

    Args:
        images: number of images, N.
        bootstraps: number of samples, B.
        generator: of the draws.
        groups: class of each image, where images were chosen class by class; a class of one image is as it
            is in every sample (see `statistics.intervals.strata`).

    Returns:
        (B, N) float32; every row has the sum N, and its part of a class that class's size.

    Source: McCarthy and Snowden, The bootstrap and finite population sampling, 1985.
    """
    if groups is None:
        return _counts(images, images, bootstraps, generator)
    counts = np.empty((bootstraps, images), np.float32)
    labels = np.asarray(groups)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        size = len(members)
        drawn = _counts(size, max(size - 1, 1), bootstraps, generator)
        counts[:, members] = drawn * np.float32(size / max(size - 1, 1))
    return counts


def _counts(images: int, draws: int, bootstraps: int, generator: np.random.Generator) -> np.ndarray:
    """Counts (B, n) of so many draws from n images: bincount takes a third of multinomial's time."""
    counts = np.empty((bootstraps, images), np.float32)
    step = max(DRAWS_AT_A_TIME // draws, 1)
    for start in range(0, bootstraps, step):
        rows = min(step, bootstraps - start)
        drawn = generator.integers(images, size=(rows, draws))
        drawn += np.arange(rows)[:, None] * images
        found = np.bincount(drawn.ravel(), minlength=rows * images)
        counts[start : start + rows] = found.reshape(rows, images)
    return counts


def mean_of_images(values: np.ndarray) -> np.ndarray:
    """Means (…) of per-image values (N, …) over the images that count; NaN where none does."""
    present = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: np.ndarray = np.where(present, values, 0).sum(0) / present.sum(0)
    return mean


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
