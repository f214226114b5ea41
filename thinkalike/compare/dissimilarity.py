"""From similarities of single images to one dissimilarity of every two models."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from thinkalike.errors import InputError

DISSIMILARITIES = ("chord", "rms")


Part = tuple[np.ndarray, np.ndarray | None]
"""Values (n, M, M) of some images, NaN where missing, and which count for which pair (None: all)."""


def mean_error(errors: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Standard error of mean similarities, from those of each image: √Σ e² / n.

    Images have coalitions of their own, so that their errors are independent.

    Args:
        errors: (N, M, M), NaN where missing.
        mask: (N, M, M) bool, which images count for which pair; all by default.

    Returns:
        (M, M); NaN for a pair without an image.
    """
    return mean_error_of([(errors, mask)])


def mean_error_of(parts: Iterable[Part]) -> np.ndarray:
    """The same of images that come in parts."""
    square: Any = None
    count: Any = 0
    for errors, mask in parts:
        use = _usable(errors, mask)
        square = added(square, np.where(use, errors**2, 0))
        count = count + use.sum(0)
    with np.errstate(invalid="ignore"):
        return np.sqrt(square) / count


def _usable(values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return np.isfinite(values) if mask is None else np.isfinite(values) & mask


def added(total: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
    """`total` and all rows, one after the other: rounded alike, in however many parts they come."""
    return (rows if total is None else np.concatenate([total[None], rows])).sum(0)


@dataclass(frozen=True)
class Summary:
    """Per pair of models, over the images that count: n, mean and standard deviation, (M, M) each."""

    count: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


def summarise(values: np.ndarray, mask: np.ndarray | None = None) -> Summary:
    """Count, mean and standard deviation (n − 1) of per-image similarities, missing ones left out.

    Args:
        values: (N, M, M), NaN where missing.
        mask: (N, M, M) bool, which images count for which pair; all by default.

    Returns:
        A pair with no image has mean NaN; one with a single image has deviation NaN.
    """
    return summarise_parts(lambda: [(values, mask)])


def summarise_parts(parts: Callable[[], Iterable[Part]]) -> Summary:
    """The same of images that come in parts; they are asked for twice, for means and deviations."""
    total: Any = None
    square: Any = None
    count: Any = 0
    for values, mask in parts():
        use = _usable(values, mask)
        total = added(total, np.where(use, values, 0))
        count = count + use.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        for values, mask in parts():
            rows = np.where(_usable(values, mask), (values - mean) ** 2, 0)
            square = added(square, rows)
        deviation = np.sqrt(square / (count - 1))
    deviation[count < 2] = np.nan
    return Summary(count, np.where(count > 0, mean, np.nan), deviation)


def dissimilarity(summary: Summary, kind: str) -> np.ndarray:
    """Dissimilarity of all pairs of models, (M, M).

    chord: √(2 (1 − s̄)), the root mean square distance between unit maps; exactly Euclidean when all
    pairs are compared on the same images. rms: √((1 − s̄)² + std²), the log's; not Euclidean.
    A pair without an image in common is missing (NaN).
    """
    match kind:
        case "chord":
            return np.sqrt(np.maximum(2 * (1 - summary.mean), 0))
        case "rms":
            return np.sqrt((1 - summary.mean) ** 2 + summary.deviation**2)
    raise InputError(f"dissimilarity {kind!r} is none of {', '.join(DISSIMILARITIES)}")
