"""Confidence intervals of means over images, of shares, and of the difference of two accuracies."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import binomtest
from scipy.stats import t as student

from thinkalike.compare.summaries import Summary

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """Means over images, their standard errors, and the ends of their 95 % intervals, (…) each.

    NaN where too few images count. `deviation` is the standard deviation over all images.
    """

    mean: np.ndarray
    standard_error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    deviation: np.ndarray


def mean_interval(values: np.ndarray, groups: np.ndarray | None = None) -> Interval:
    """Student's interval of means over images, mean ± t · s/√n.

    Where images were chosen group by group (class by class), the means of groups vary no more in another
    choice of images: s² is the variance within groups, Σ (x − x̄_g)²/(n − G), with n − G degrees of
    freedom. With fewer than two images a group on average that cannot be told, and s² is that of all.

    Args:
        values: (N, …), NaN where an image does not count.
        groups: (N,) labels; None: images are a simple sample.
    """
    return interval_of_parts(lambda: [(slice(0, len(values)), values)], groups)


def interval_of_parts(
    parts: Callable[[], Iterable[tuple[slice, np.ndarray]]], groups: np.ndarray | None = None
) -> Interval:
    """Student's interval of means over images that come in parts.

    Args:
        parts: gives which images, and their values (n, …); called twice, for means and for squares.
        groups: as for `mean_interval`.
    """
    kinds, number_of = (
        ([None], None) if groups is None else np.unique(np.asarray(groups), return_inverse=True)
    )
    totals: list[Any] = [0.0] * len(kinds)
    counts: list[Any] = [0] * len(kinds)
    for part, values in parts():
        for group, rows in _of_groups(values, None if number_of is None else number_of[part]):
            totals[group] = totals[group] + np.nansum(rows, axis=0)
            counts[group] = counts[group] + np.isfinite(rows).sum(0)
    count = sum(counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, sum(totals) / count, np.nan)
        centres = [total / there for total, there in zip(totals, counts, strict=True)]
        square = within = np.zeros_like(mean)
        for part, values in parts():
            square = square + np.nansum((values - mean) ** 2, axis=0)
            for group, rows in _of_groups(values, None if number_of is None else number_of[part]):
                within = within + np.nansum((rows - centres[group]) ** 2, axis=0)
        deviation = np.where(count > 1, np.sqrt(square / (count - 1)), np.nan)
        occupied = sum((there > 0).astype(int) for there in counts)
        enough = (count >= 2 * occupied) & (groups is not None)
        square, freedom = np.where(enough, within, square), count - np.where(enough, occupied, 1)
        error = np.where(freedom > 0, np.sqrt(square / freedom / count), np.nan)
    reach = student.ppf((1 + CONFIDENCE) / 2, np.maximum(freedom, 1)) * error
    return Interval(mean, error, mean - reach, mean + reach, deviation)


def _of_groups(values: np.ndarray, groups: np.ndarray | None) -> Iterator[tuple[int, np.ndarray]]:
    """Rows of each group; all are of group 0 where there are none."""
    if groups is None:
        yield 0, values
        return
    for group in np.unique(groups):
        yield int(group), values[groups == group]


def summary_interval(summary: Summary) -> tuple[np.ndarray, np.ndarray]:
    """Ends of Student's 95 % intervals of mean similarities, (M, M) each; NaN for fewer than two images."""
    freedom = np.maximum(summary.count - 1, 1)
    reach = student.ppf((1 + CONFIDENCE) / 2, freedom) * summary.deviation / np.sqrt(summary.count)
    return summary.mean - reach, summary.mean + reach


def bounded_interval(
    mean: Any, standard_error: Any, *, lowest: float, freedom: Any = np.inf
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of 95 % intervals of means that lie between `lowest` and 1, which the ends do, too.

    mean ± t · s on the scale of the logit of u = (mean − lowest)/(1 − lowest), where the error of u is
    divided by the derivative u (1 − u); between −1 and 1 that is Fisher's transform, artanh. A mean on a
    bound has an interval of one point.

    Args:
        mean, standard_error: (…).
        lowest: value that a mean can have, such as −1 for a cosine.
        freedom: degrees of freedom of Student's t; infinite for a known standard error.

    Returns:
        Low and high ends, (…) each; NaN where the error is.
    """
    share = np.clip((np.asarray(mean, float) - lowest) / (1 - lowest), 0, 1)
    error = np.asarray(standard_error, float) / (1 - lowest)
    slope = share * (1 - share)
    quantile = student.ppf((1 + CONFIDENCE) / 2, freedom)
    reach = quantile * error / np.where(slope > 0, slope, np.inf)
    low, high = (lowest + (1 - lowest) * expit(logit(share) + end) for end in (-reach, reach))
    return low, high


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
