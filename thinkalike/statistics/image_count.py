"""How many images it takes until pairs of models are in the order that all images would give.

A mean over n images is T + ν/n: T the variance of the true entries of the matrix (how far pairs differ),
ν the variance from image to image of what tells pairs apart. What an image changes in all pairs alike
orders nothing, and is no part of ν. The reliability of n images is

    R(n) = T / (T + ν/n),

the entries of n images and of infinitely many correlate by √R, and for normal entries Kendall's
τ = (2/π) asin √R. The number of images n* for a τ solves that: R = sin²(π τ/2), n* = (ν/T) R/(1 − R).
The few pairs of a study do not tell T well: n* is an "about".

Source: Brennan, Generalizability Theory, 2001, chapter 2; Kendall, Rank Correlation Methods, 1948, 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thinkalike.compare.matrices import FEWEST
from thinkalike.statistics.intervals import residuals_of_groups

NAN = float("nan")


@dataclass(frozen=True)
class ImageCount:
    """How well the images of a study order its pairs, and how many would do it well enough.

    Attributes:
        models, pairs: that are compared.
        images: harmonic mean over the pairs of the images that count.
        image_variance: ν, of a pair's value from image to image, apart from what all pairs share.
        entry_variance: T, of the true values of the pairs; 0 where they differ no more than ν explains.
        reliability: R of these images.
        tau: Kendall's τ with the order of infinitely many images.
        target: τ that is asked for.
        needed: n*, images that reach it; infinite where T is 0.
        reason: why it cannot be told, or why n* is infinite; else empty.
    """

    models: int
    pairs: int
    images: float
    image_variance: float
    entry_variance: float
    reliability: float
    tau: float
    target: float
    needed: float
    reason: str


def image_count(
    values: np.ndarray, *, target: float = 0.9, groups: Sequence[Any] | None = None
) -> ImageCount:
    """Estimate how many images order the pairs of models with a given τ.

    Args:
        values: (N, M, M) symmetric per-image values or pseudo-values, NaN where missing; the diagonal is
            not used. Twins and controls order pairs too easily: leave them out.
        target: τ, between 0 and 1.
        groups: class of each image, where images were chosen class by class.

    Returns:
        Numbers are NaN, and `reason` says why, with fewer than three pairs or too few images to tell
        how they differ.
    """
    models = values.shape[1]
    pairs = values[:, *np.triu_indices(models, 1)]
    # a pair that no or one image counts for tells nothing
    pairs = pairs[:, residuals_of_groups(pairs, groups)[1] > 0]
    present = np.isfinite(pairs)
    count = pairs.shape[1]

    def unknown(reason: str) -> ImageCount:
        return ImageCount(models, count, NAN, NAN, NAN, NAN, NAN, target, NAN, reason)

    if models * (models - 1) // 2 < FEWEST:
        return unknown(f"{models} models make fewer than {FEWEST} pairs")
    if count < FEWEST:
        return unknown(f"fewer than {FEWEST} pairs have enough images in common")
    # rounded: the mean of equal numbers is that number
    images = round(count / float((1 / present.sum(0)).sum()), 9)
    noise = _image_variance(pairs, groups)
    means = np.where(present, pairs, 0).sum(0) / present.sum(0)
    truth = max(float(means.var(ddof=1)) - noise / images, 0.0)
    if truth + noise == 0:
        return unknown("all pairs are equally alike on every image")
    needed = np.sin(np.pi * target / 2) ** 2
    reliability = truth / (truth + noise / images)
    return ImageCount(
        models=models,
        pairs=count,
        images=images,
        image_variance=noise,
        entry_variance=truth,
        reliability=reliability,
        tau=float(2 / np.pi * np.arcsin(np.sqrt(reliability))),
        target=target,
        needed=float(noise / truth * needed / (1 - needed)) if truth else float("inf"),
        reason="" if truth else "the pairs differ by no more than the choice of images explains",
    )


def _image_variance(pairs: np.ndarray, groups: Sequence[Any] | None) -> float:
    """Variance ν of the values of a pair from image to image, without what all pairs share.

    Residuals from the means of the pairs (within classes) lose their mean over the pairs of an image;
    that takes 1/Q of independent noise with it, which Q/(Q − 1) gives back.
    """
    present = np.isfinite(pairs)
    residuals, degrees = residuals_of_groups(pairs, groups)
    shared = residuals.sum(1) / np.maximum(present.sum(1), 1)
    own = np.where(present, residuals - shared[:, None], 0)
    count = pairs.shape[1]
    return float(((own**2).sum(0) / degrees).mean()) * count / (count - 1)
