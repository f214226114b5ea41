"""Confidence intervals of shares, and of the difference of two accuracies on the same images."""

from scipy.stats import binomtest


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
