"""Confidence intervals of means over images, of shares, and of the difference of two accuracies."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest
from scipy.stats import t as student

from thinkalike.compare.summaries import Summary

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Means over images, their standard errors, and the ends of their 95 % intervals, (…) each.

    NaN where too few images count.
    """

    mean: np.ndarray
    standard_error: np.ndarray
    low: np.ndarray
    high: np.ndarray


def mean_interval(values: np.ndarray, groups: np.ndarray | None = None) -> Interval:
    """Student's interval of means over images, mean ± t · s/√n.

    Where images were chosen group by group (class by class), the means of groups vary no more in another
    choice of images: s² is the variance within groups, Σ (x − x̄_g)²/(n − G), with n − G degrees of
    freedom. With fewer than two images a group on average that cannot be told, and s² is that of all.

    Args:
        values: (N, …), NaN where an image does not count.
        groups: (N,) labels; None: images are a simple sample.
    """
    count = np.isfinite(values).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, np.nansum(values, axis=0) / count, np.nan)
        square, freedom = np.nansum((values - mean) ** 2, axis=0), count - 1
        if groups is not None:
            within, number = np.zeros_like(square), np.zeros_like(count)
            for group in np.unique(groups):
                rows = values[groups == group]
                there = np.isfinite(rows).sum(0)
                centre = np.nansum(rows, axis=0) / there
                within = within + np.nansum((rows - centre) ** 2, axis=0)
                number = number + (there > 0)
            enough = count >= 2 * number
            square = np.where(enough, within, square)
            freedom = np.where(enough, count - number, freedom)
        error = np.where(freedom > 0, np.sqrt(square / freedom / count), np.nan)
    reach = student.ppf((1 + LEVEL) / 2, np.maximum(freedom, 1)) * error
    return Interval(mean, error, mean - reach, mean + reach)


def summary_interval(summary: Summary) -> tuple[np.ndarray, np.ndarray]:
    """Ends of Student's 95 % intervals of mean similarities, (M, M) each; NaN for fewer than two images."""
    freedom = np.maximum(summary.count - 1, 1)
    reach = student.ppf((1 + LEVEL) / 2, freedom) * summary.deviation / np.sqrt(summary.count)
    return summary.mean - reach, summary.mean + reach


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
