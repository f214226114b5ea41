"""Agreement of clusterings: with each other, with samples of the points, and with known labels."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from thinkalike.clustering.spectral.cut import (
    ALL,
    APART,
    Clustering,
    Pair,
    clusterings,
    graph_spectra,
)
from thinkalike.clustering.spectral.graphs import ScaleSettings
from thinkalike.clustering.spectral.spectra import TOLERANCE_OF_SAMPLES
from thinkalike.errors import InputError
from thinkalike.randomness import generator

STABLE = 0.8
"""Least stability of clusters. One Gaussian cloud has none, and is cut alike all the same: of 72 cuts of
such clouds (174 points in 2, 10 and 200 dimensions; 2 and 3 clusters) all but one are below."""


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Adjusted Rand index of two clusterings on the points that are in a cluster of both.

    0 where fewer than two points are: nothing agrees.
    """
    both = (a != APART) & (b != APART)
    return float(adjusted_rand_score(a[both], b[both])) if both.sum() > 1 else 0.0


def agreements(clusters: Sequence[np.ndarray]) -> np.ndarray:
    """`agreement` of all pairs, (R, R)."""
    return np.array([[agreement(a, b) for b in clusters] for a in clusters])


def draws(n: int, number: int, seed: int, *names: str) -> list[np.ndarray]:
    """Bootstrap samples of n points, each as the points that are in it: some 63 %, in order.

    Copies are dropped: a point would be its own nearest neighbour, and a graph would fall apart.
    """
    return [
        np.unique(generator(seed, "bootstrap", *names, number).integers(0, n, n))
        for number in range(number)
    ]


def stabilities(
    distances: np.ndarray,
    results: Mapping[Pair, Clustering],
    samples: Sequence[np.ndarray],
    settings: ScaleSettings,
    *,
    seed: int,
    threads: int = 1,
) -> dict[Pair, np.ndarray]:
    """Agreement of every result with the clusters of samples of its points.

    Args:
        distances: (N, N).
        results: of all points; a sample is cut into as many clusters.
        samples: B arrays of points.
        settings: of the scales; what they leave open follows the sample.
        seed: of k-means.
        threads: samples that are clustered at the same time.

    Returns:
        Pair → (B,) adjusted Rand indices with the result of all points, on the points that are in a
        cluster of both; 0 for a sample that cannot be clustered.
    """
    numbers = {pair: result.number for pair, result in results.items()}

    def sample_agreements(sample: np.ndarray) -> list[float]:
        part = distances[np.ix_(sample, sample)]
        try:
            spectra = graph_spectra(
                part,
                numbers,
                settings.scales(part),
                pairs=list(results),
                tolerance=TOLERANCE_OF_SAMPLES,
            )
        except InputError:  # fewer than three points, or copies of one
            return [0.0] * len(results)
        again = clusterings(part, spectra, numbers, seed=seed)
        return [
            agreement(result.clusters[sample], again[pair].clusters)
            for pair, result in results.items()
        ]

    # one thread for each sample: the same sums, in the same order, however many there are
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        values = np.array(list(pool.map(sample_agreements, samples)))
    return {pair: values[:, place] for place, pair in enumerate(results)}


def known_agreement(clusters: np.ndarray, known: Sequence[Any] | np.ndarray) -> tuple[float, float]:
    """Adjusted Rand index and normalised mutual information of clusters with known labels.

    On the points that are in a cluster. NaN where all labels are equal, or all different: there is
    nothing to agree with.
    """
    inside = clusters != APART
    codes = np.unique(np.asarray(known, str), return_inverse=True)[1][inside]
    if len(np.unique(codes)) in (0, 1, len(codes)):
        return float("nan"), float("nan")
    mine = clusters[inside]
    return (
        float(adjusted_rand_score(codes, mine)),
        float(normalized_mutual_info_score(codes, mine)),
    )


@dataclass(frozen=True)
class Choices:
    """Mean agreement of results that differ in one choice alone; the lower, the more it matters.

    Attributes:
        graph: of pairs of results with one Laplacian and two graphs.
        laplacian: with one graph and two Laplacians.
        both: with two of either.
    """

    graph: float
    laplacian: float
    both: float


def choices(matrix: np.ndarray) -> Choices:
    """`Choices` from the agreements (12, 12) of the results by `ALL` pairs."""
    groups: dict[tuple[bool, bool], list[float]] = {}
    for (i, a), (j, b) in combinations(enumerate(ALL), 2):
        groups.setdefault((a[0] != b[0], a[1] != b[1]), []).append(float(matrix[i, j]))
    means = {differ: float(np.mean(values)) for differ, values in groups.items()}
    return Choices(means[True, False], means[False, True], means[True, True])
