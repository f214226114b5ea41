"""From similarities of single images to their mean and spread for every pair of models.

Large studies come in parts, a few images at a time; rows add up one after the other, so that the
result is the same to the last bit in however many parts they come.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Part = tuple[np.ndarray, np.ndarray | None]
"""Values (n, M, M) of n images, NaN where missing, and which count for which pair (None: all)."""


@dataclass(frozen=True)
class Summary:
    """Number of images, mean and standard deviation for every pair of models, (M, M) each."""

    count: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


def summarise(values: np.ndarray, mask: np.ndarray | None = None) -> Summary:
    """Count, mean and standard deviation (n − 1) of similarities per image, missing ones left out.

    Args:
        values: (N, M, M), NaN where missing.
        mask: (N, M, M) bool, which images count for which pair; all by default.

    Returns:
        A pair with no image has mean NaN; one with a single image has deviation NaN.
    """
    return summarise_parts(lambda: [(values, mask)])


def summarise_parts(parts: Callable[[], Iterable[Part]]) -> Summary:
    """Summary of images that come in parts: `parts` is called twice, for means and for deviations."""
    square: Any = None
    total, count = _sum(parts())
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        for values, mask in parts():
            rows = np.where(_usable(values, mask), (values - mean) ** 2, 0)
            square = added(square, rows)
        deviation = np.sqrt(square / (count - 1))
    deviation[count < 2] = np.nan
    return Summary(count, np.where(count > 0, mean, np.nan), deviation)


def mean_error(errors: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Standard error of mean similarities from the standard errors e of each image, √Σ e² / n.

    Every image has coalitions of its own, so that the errors of two images are independent.

    Args:
        errors: (N, M, M), NaN where missing.
        mask: (N, M, M) bool, which images count for which pair; all by default.

    Returns:
        (M, M); NaN for a pair without an image.
    """
    return mean_error_of_parts([(errors, mask)])


def mean_error_of_parts(parts: Iterable[Part]) -> np.ndarray:
    """Standard error of mean similarities from the errors of images that come in parts."""
    square: Any = None
    count: Any = 0
    for errors, mask in parts:
        use = _usable(errors, mask)
        square = added(square, np.where(use, errors**2, 0))
        count = count + use.sum(0)
    with np.errstate(invalid="ignore"):
        return np.sqrt(square) / count


def mean_of_parts(parts: Iterable[Part]) -> np.ndarray:
    """Mean (M, M) over images that come in parts, missing values left out; NaN without an image."""
    total, count = _sum(parts)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / count)


def _sum(parts: Iterable[Part]) -> tuple[Any, Any]:
    """Sum over the images that count, and their number, for every pair."""
    total: Any = None
    count: Any = 0
    for values, mask in parts:
        use = _usable(values, mask)
        total = added(total, np.where(use, values, 0))
        count = count + use.sum(0)
    return total, count


def added(total: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
    """Sum of `total` and of all rows, one after the other: rounded alike in any number of parts."""
    return (rows if total is None else np.concatenate([total[None], rows])).sum(0)


def _usable(values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return np.isfinite(values) if mask is None else np.isfinite(values) & mask
