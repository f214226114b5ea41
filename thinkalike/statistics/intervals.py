"""Confidence intervals of means over images, of shares, and of the difference of two accuracies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest
from scipy.stats import t as student

LEVEL = 0.95
"""Of every interval."""


@dataclass(frozen=True)
class MeanIntervals:
    """Means of values over images, and how sure they are; all arrays have the shape of one image's.

    Attributes:
        n: images that count.
        mean: over these; NaN without any.
        standard_error: of the mean; NaN where no image is left to tell it.
        low, high: ends of the 95 % interval.
    """

    n: np.ndarray
    mean: np.ndarray
    standard_error: np.ndarray
    low: np.ndarray
    high: np.ndarray


def mean_intervals(values: np.ndarray, groups: Sequence[Any] | None = None) -> MeanIntervals:
    """Student's t intervals of means of per-image values, some of which may be missing.

    The interval is mean ± t(0.975; dof) · S/√n with S² the variance over the images (n − 1). Where
    images were chosen class by class, S² is the variance within classes,
    Σ_g Σ_{i in g} (v_i − v̄_g)² / (n − G), with dof = n − G for the G classes that count (proportional
    stratification; Cochran, Sampling Techniques, 3rd edition, section 5A.4).

    Pseudo-values (their mean is an estimate, their variance n times its sampling variance) are such
    values, too: rho + its influence values give the interval of rho.

    Args:
        values: (N, …), NaN where an image does not count.
        groups: class of each of the N images; None: they were not chosen by class.

    Returns:
        Arrays (…); the standard error and ends are NaN where n is not above the number of classes, or
        of 1 without classes.
    """
    present = np.isfinite(values)
    n = present.sum(0)
    residuals, degrees = residuals_of_groups(values, groups)
    square = (residuals**2).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(present, values, 0).sum(0) / n
        variance = np.where(degrees > 0, square / degrees, np.nan)
        error = np.sqrt(variance / n)
        half = student.ppf(0.5 + LEVEL / 2, np.maximum(degrees, 1)) * error
    return MeanIntervals(n, mean, error, mean - half, mean + half)


def strata(labels: Sequence[Any]) -> np.ndarray | None:
    """Classes by which to stratify images that were chosen class by class; None if any has one image.

    A single image does not tell how images of its class vary. Without strata, errors are on the safe side:
    they include the variance between classes.
    """
    found, count = np.unique(np.asarray(labels), return_counts=True)
    return np.asarray(labels) if len(found) and count.min() > 1 else None


def residuals_of_groups(
    values: np.ndarray, groups: Sequence[Any] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Differences of per-image values from the mean of their class, and the degrees of freedom left.

    Args:
        values: (N, …), NaN where an image does not count.
        groups: class of each of the N images; None: all are one class.

    Returns:
        Residuals (N, …), 0 where a value is missing, and n − G (…), never below 0.
    """
    labels = np.zeros(len(values), int) if groups is None else np.asarray(groups)
    present = np.isfinite(values)
    filled = np.where(present, values, 0)
    residuals = np.zeros_like(filled)
    degrees = present.sum(0)
    for label in np.unique(labels):
        members = labels == label
        count = present[members].sum(0)
        centre = filled[members].sum(0) / np.maximum(count, 1)
        residuals[members] = np.where(present[members], filled[members] - centre, 0)
        degrees = degrees - (count > 0)
    return residuals, degrees


def chord(similarity: np.ndarray) -> np.ndarray:
    """Chord dissimilarities √(2 (1 − s)) of mean similarities, held inside [−1, 1]."""
    return np.sqrt(2 * (1 - np.clip(similarity, -1, 1)))


def chord_interval(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interval of a chord from that of its mean similarity: the chord falls, so the ends change places.

    Args:
        low, high: ends of the interval of the similarity.

    Returns:
        Low and high end of the interval of the chord, both in [0, 2].
    """
    return chord(high), chord(low)


def wilson(correct: int, images: int) -> tuple[float, float]:
    """Wilson's 95 % interval of an accuracy; NaN where no image was looked at."""
    if not images:
        return float("nan"), float("nan")
    interval = binomtest(correct, images).proportion_ci(0.95, "wilson")
    return interval.low, interval.high


def paired_difference(gained: int, lost: int, images: int) -> tuple[float, float, float, float]:
    """Difference of two accuracies on the same images, its 95 % interval, and McNemar's exact p.

    Both see the same images, so that only those that one of them gets right tell of a difference. Of
    d = gained + lost of them the number gained is binomial: with the exact (Clopper-Pearson) interval
    [l, h] of its share, the difference (gained − lost)/N has the interval [d (2l − 1)/N, d (2h − 1)/N].
    It leaves out zero where, and only where, the p of McNemar's exact test is under 0.05. For d = 0
    both ends are 0, and p is 1.

    Args:
        gained: images that only the first gets right.
        lost: images that only the second gets right.
        images: N.
    """
    discordant = gained + lost
    if not discordant:
        return 0.0, 0.0, 0.0, 1.0
    test = binomtest(gained, discordant)
    share = test.proportion_ci(0.95, "exact")
    low, high = (discordant * (2 * end - 1) / images for end in (share.low, share.high))
    return (gained - lost) / images, low, high, test.pvalue
