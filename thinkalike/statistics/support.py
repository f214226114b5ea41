"""Support of the branches of a dendrogram: how often bootstrap samples of the images have them.

Support is stability, not clusteredness. Where no two models belong together but some agree more with
everybody (one common factor with unequal loadings), the tree is the same for every sample and every
branch has support 1. So support is read together with the one-factor test
(`statistics.one_factor`), which asks whether a pair shares more than that.

Source: Felsenstein, Confidence limits on phylogenies: an approach using the bootstrap, 1985.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from thinkalike.compare.geometry import complete
from thinkalike.randomness import generator
from thinkalike.statistics.bootstrap import (
    bootstrapped_means,
    mean_of_images,
    resampling_counts,
)
from thinkalike.statistics.intervals import chord

SUPPORTED = 0.95
"""Support from which on a branch counts as one."""


@dataclass(frozen=True)
class Branch:
    """Models that a dendrogram joins before it joins them with others.

    Attributes:
        models: their places, in order.
        height: dissimilarity at which they are joined.
        support: share of the bootstrap samples whose dendrogram has this branch; NaN without any.
    """

    models: tuple[int, ...]
    height: float
    support: float


def branch_support(
    values: np.ndarray,
    linkages: Sequence[str] = ("average",),
    *,
    bootstraps: int,
    seed: int,
    groups: Sequence[Any] | None = None,
) -> dict[str, list[Branch]]:
    """Branches of the dendrograms of mean similarities, with their support over the images.

    Images are drawn with replacement (within classes, where they were chosen by class), all methods and
    metrics of a study alike; the dissimilarity of every sample is the chord √(2(1 − mean)).

    Args:
        values: (N, M, M) symmetric per-image similarities or pseudo-values of rho, NaN where missing.
        linkages: kinds of SciPy's `linkage`.
        bootstraps: number of samples; those in which two models have no image in common do not count.
        seed: of the study.
        groups: class of each image.

    Returns:
        Linkage → the branches of its dendrogram from the lowest, without the whole. Models with a missing
        cell are in none; there is none for fewer than three models.
    """
    counts = resampling_counts(len(values), bootstraps, generator(seed, "bootstrap"), groups)
    whole = mean_of_images(values)
    # the diagonal is not used
    np.fill_diagonal(whole, 1.0)
    keep = complete(whole)
    if len(keep) < 3:
        return {kind: [] for kind in linkages}
    first, second = np.triu_indices(len(keep), 1)
    places = np.asarray(keep)
    pairs = values[:, places[first], places[second]]
    samples = _squares(chord(bootstrapped_means(pairs, counts)), len(keep))
    samples = samples[np.isfinite(samples).all((1, 2))]
    distances = chord(whole[np.ix_(keep, keep)])
    np.fill_diagonal(distances, 0)
    return {
        kind: [
            Branch(tuple(int(places[i]) for i in sorted(members)), height, support)
            for members, height, support in _support(distances, samples, kind)
        ]
        for kind in linkages
    }


def _support(
    matrix: np.ndarray, samples: np.ndarray, kind: str
) -> list[tuple[frozenset[int], float, float]]:
    """Branches of the dendrogram of a matrix, their heights, and the share of samples that have them."""
    tree = _tree(matrix, kind)
    masks = _masks(tree)
    hits = dict.fromkeys(masks, 0)
    for sample in samples:
        for mask in _masks(_tree(sample, kind)):
            if mask in hits:
                hits[mask] += 1
    share = {mask: hits[mask] / len(samples) if len(samples) else np.nan for mask in masks}
    return [
        (frozenset(i for i in range(len(matrix)) if mask >> i & 1), float(height), share[mask])
        for mask, height in zip(masks, tree[:-1, 2], strict=True)
    ]


def _tree(matrix: np.ndarray, kind: str) -> np.ndarray:
    """Dendrogram in scipy's form; ward too is computed, the caller knows whether it means anything."""
    tree: np.ndarray = linkage(squareform(matrix, checks=False), kind)  # type: ignore[arg-type]
    return tree


def _masks(tree: np.ndarray) -> list[int]:
    """Branches of a dendrogram, each as a number whose binary digits are its models; not the whole."""
    masks = [1 << leaf for leaf in range(len(tree) + 1)]
    for left, right in tree[:-1, :2].astype(int).tolist():
        masks.append(masks[left] | masks[right])
    return masks[len(tree) + 1 :]


def _squares(pairs: np.ndarray, models: int) -> np.ndarray:
    """Symmetric matrices (B, M, M) with zero diagonal from their cells above it, (B, Q)."""
    squares = np.zeros((len(pairs), models, models))
    first, second = np.triu_indices(models, 1)
    squares[:, first, second] = squares[:, second, first] = pairs
    return squares
