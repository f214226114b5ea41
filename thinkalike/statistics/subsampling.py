"""Similarity matrices of random subsets of images: how many images does it take?

n of the N images are drawn without replacement, many times over, and the matrix of mean similarities
of each draw is compared with that of all N. Without replacement a mean of n of N values has variance

    S²/n · (1 − n/N),    S² = Σ (s_i − s̄)² / (N − 1)

(Cochran, Sampling Techniques, 3rd edition, theorem 2.2). The finite-population factor 1 − n/N is 0
at n = N by construction: that the curve falls to 0 there says nothing about fresh images. Divided by
the factor, the variance is that of n images from a population without end.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.compare.matrices import off_diagonal
from thinkalike.compare.summaries import added, summarise_parts
from thinkalike.errors import InputError
from thinkalike.randomness import generator


@dataclass(frozen=True)
class Subsampling:
    """Similarity matrices of random subsets of images, compared with that of all.

    Attributes:
        sizes: numbers of images n.
        sum_abs_difference: (sizes, repeats), Σ over pairs of |mean of the draw − mean of all|.
        variance: (sizes, pairs), over the repeats, of the mean similarity of each pair.
        expected: (sizes, pairs), S²/n (1 − n/N); for a pair that has its similarity on a share of
            the images only, n is that share of n.
        factor: (sizes,), 1 − n/N.
    """

    sizes: Sequence[int]
    sum_abs_difference: np.ndarray
    variance: np.ndarray
    expected: np.ndarray
    factor: np.ndarray

    def difference_table(self) -> pd.DataFrame:
        """A row for every draw: n, repeat, sum_abs_difference."""
        repeats = self.sum_abs_difference.shape[1]
        return pd.DataFrame(
            {
                "n": np.repeat(self.sizes, repeats),
                "repeat": np.tile(np.arange(repeats), len(self.sizes)),
                "sum_abs_difference": self.sum_abs_difference.ravel(),
            }
        )

    def variance_table(self, models: Sequence[str]) -> pd.DataFrame:
        """A row for every n and pair: n, model_a, model_b, variance, expected, finite_population_factor."""
        first, second = np.triu_indices(len(models), 1)
        names = np.array(models)
        return pd.DataFrame(
            {
                "n": np.repeat(self.sizes, len(first)),
                "model_a": np.tile(names[first], len(self.sizes)),
                "model_b": np.tile(names[second], len(self.sizes)),
                "variance": self.variance.ravel(),
                "expected": self.expected.ravel(),
                "finite_population_factor": np.repeat(self.factor, len(first)),
            }
        )


def subsample(values: np.ndarray, *, sizes: Sequence[int], repeats: int, seed: int) -> Subsampling:
    """Draw subsets of images and compare their mean similarity matrices with that of all.

    Draw (n, repeat) is seeded by its name: more sizes or repeats leave the others as they are, and
    all methods and metrics of a study draw the same subsets.

    Args:
        values: (N, M, M) similarities per image, NaN where missing.
        sizes: numbers of images n, each from 1 to N.
        repeats: draws for each n; at least 2.
        seed: of the study.

    Raises:
        InputError: a size above N.
    """
    return subsample_parts(lambda: [values], len(values), sizes=sizes, repeats=repeats, seed=seed)


def subsample_parts(
    parts: Callable[[], Iterable[np.ndarray]],
    images: int,
    *,
    sizes: Sequence[int],
    repeats: int,
    seed: int,
) -> Subsampling:
    """Compare subsets of images whose similarities come in parts with all of them.

    Args:
        parts: gives the similarities (n, M, M) of all images in order; called three times.
        images: how many there are.
        sizes, repeats, seed: as for `subsample`.

    Raises:
        InputError: a size above the number of images.
    """
    if max(sizes) > images:
        raise InputError(
            f"sizes: {max(sizes)} images of {images} cannot be drawn without replacement; give sizes "
            f"up to {images}"
        )
    reference = summarise_parts(lambda: ((values, None) for values in parts()))
    everything = off_diagonal(reference.mean)
    drawn = np.zeros((len(sizes), repeats, images), bool)
    for i, size in enumerate(sizes):
        for repeat in range(repeats):
            draw = generator(seed, "subsampling", size, repeat).permutation(images)[:size]
            drawn[i, repeat, draw] = True
    means = _means(parts(), drawn.reshape(-1, images)).reshape(len(sizes), repeats, -1)
    factor = 1 - np.asarray(sizes) / images
    variance_one = off_diagonal(reference.deviation) ** 2
    share = off_diagonal(reference.count) / images
    return Subsampling(
        sizes=sizes,
        sum_abs_difference=np.nansum(np.abs(means - everything), axis=2),
        variance=_variance(means),
        # a pair that has its similarity on count of N images has it on about n · count/N of n
        expected=variance_one * factor[:, None] / (np.asarray(sizes)[:, None] * share),
        factor=factor,
    )


def _means(parts: Iterable[np.ndarray], drawn: np.ndarray) -> np.ndarray:
    """Means (D, pairs) over the images of each draw, (D, N) bool; NaN where a pair has none of them.

    Images add up in their order, as in the means of all: a draw of all gives exactly these.
    """
    totals: list[np.ndarray | None] = [None] * len(drawn)
    counts: list[Any] = [0] * len(drawn)
    start = 0
    for values in parts:
        # with the diagonal: NumPy adds up the rows of a single column in another order
        rows, columns = np.triu_indices(values.shape[1])
        pairs = values[:, rows, columns]
        finite = np.isfinite(pairs)
        filled = np.where(finite, pairs, 0)
        for number, chosen in enumerate(drawn[:, start : start + len(pairs)]):
            totals[number] = added(totals[number], filled[chosen])
            counts[number] = counts[number] + finite[chosen].sum(0)
        start += len(pairs)
    count = np.array(counts)
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, np.array(totals) / count, np.nan)[:, rows != columns]


def _variance(means: np.ndarray) -> np.ndarray:
    """Variance (n − 1) over the repeats, missing means left out; NaN with fewer than two."""
    finite = np.isfinite(means)
    count = finite.sum(1)
    filled = np.where(finite, means, 0)
    centre = filled.sum(1) / np.maximum(count, 1)
    square = np.where(finite, (means - centre[:, None]) ** 2, 0).sum(1)
    return np.where(count > 1, square / np.maximum(count - 1, 1), np.nan)
