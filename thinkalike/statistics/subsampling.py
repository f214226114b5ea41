"""Similarity matrices of random subsets of images: how many images does it take?

n of the N images are drawn without replacement, many times over, and the matrix of mean similarities
of each draw is compared with that of all N. Without replacement a mean of n of N values has variance

    S²/n · (1 − n/N),    S² = Σ (s_i − s̄)² / (N − 1)

(Cochran, Sampling Techniques, 3rd edition, theorem 2.2). A pair that has its similarity on c of the N
images only has it on k of the n, and k is hypergeometric: its variance is S² (E[1/k] − 1/c), over the
draws with k > 0. It is S²/n (1 − n/N) where c = N. The finite-population factor 1 − n/N is 0
at n = N by construction: that the curve falls to 0 there says nothing about fresh images. Divided by
the factor, the variance is that of n images from a population without end.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

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
        expected: (sizes, pairs), S² (E[1/k] − 1/c), what the variance is over all draws.
        images: (sizes, pairs), E[k], images of a draw that a pair has its similarity on, over the
            draws with any.
        factor: (sizes,), 1 − n/N.
    """

    sizes: Sequence[int]
    sum_abs_difference: np.ndarray
    variance: np.ndarray
    expected: np.ndarray
    images: np.ndarray
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
        """A row for every n and pair.

        Columns: n, model_a, model_b, variance, expected, images, finite_population_factor.
        """
        first, second = np.triu_indices(len(models), 1)
        names = np.array(models)
        return pd.DataFrame(
            {
                "n": np.repeat(self.sizes, len(first)),
                "model_a": np.tile(names[first], len(self.sizes)),
                "model_b": np.tile(names[second], len(self.sizes)),
                "variance": self.variance.ravel(),
                "expected": self.expected.ravel(),
                "images": self.images.ravel(),
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
    present, place = np.unique(off_diagonal(reference.count), return_inverse=True)
    moments = np.array([[_images_of_pair(images, int(c), n) for c in present] for n in sizes])
    count, inverse = np.moveaxis(moments[:, place], 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_image = inverse - 1 / present[place]
    return Subsampling(
        sizes=sizes,
        sum_abs_difference=np.nansum(np.abs(means - everything), axis=2),
        variance=_variance(means),
        expected=off_diagonal(reference.deviation) ** 2 * per_image,
        images=count,
        factor=1 - np.asarray(sizes) / images,
    )


def _images_of_pair(images: int, present: int, drawn: int) -> tuple[float, float]:
    """E[k] and E[1/k] of the images k > 0 that a pair has among those drawn, of which it has some."""
    if not present:
        return np.nan, np.nan
    missing = images - present
    mean = drawn * present / images
    # all but 1e-20 of k is nearer to its mean than this
    reach = 12 * (math.sqrt(mean * missing / images) + 1)
    fewest = max(1, drawn - missing, math.ceil(mean - reach))
    k = np.arange(fewest, min(drawn, present, math.floor(mean + reach)) + 1)
    share = hypergeom.pmf(k, images, present, drawn)
    share /= share.sum()
    return float(share @ k), float(share @ (1 / k))


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
