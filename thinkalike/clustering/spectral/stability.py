"""Agreement of clusterings: with each other, with samples of the points, and with known labels."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from thinkalike.clustering.spectral.cut import (
    APART,
    RESTARTS_OF_SAMPLES,
    Pair,
    clusterings,
    graph_spectra,
)
from thinkalike.clustering.spectral.graphs import ScaleSettings
from thinkalike.clustering.spectral.spectra import TOLERANCE_OF_SAMPLES
from thinkalike.errors import InputError
from thinkalike.randomness import generator


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Adjusted Rand index of two clusterings on the points that are in a cluster of both.

    0 where fewer than two points are: nothing agrees.
    """
    both = (a != APART) & (b != APART)
    return float(adjusted_rand_score(a[both], b[both])) if both.sum() > 1 else 0.0


def agreements(clusters: Sequence[np.ndarray]) -> np.ndarray:
    """`agreement` of all pairs, (R, R)."""
    matrix = np.zeros((len(clusters), len(clusters)))
    for i, j in combinations_with_replacement(range(len(clusters)), 2):
        matrix[i, j] = matrix[j, i] = agreement(clusters[i], clusters[j])
    return matrix


def draws(n: int, number: int, seed: int, *names: str) -> list[np.ndarray]:
    """Bootstrap samples of n points, each as the points that are in it: some 63 %, in order.

    Copies are dropped: a point would be its own nearest neighbour, and a graph would fall apart.
    """
    return [
        np.unique(generator(seed, "bootstrap", *names, draw).integers(0, n, n))
        for draw in range(number)
    ]


def sample_clusters(
    distances: np.ndarray,
    samples: Sequence[np.ndarray],
    numbers: Sequence[Mapping[Pair, int]],
    settings: ScaleSettings,
    *,
    seed: int,
    threads: int = 1,
) -> list[list[list[np.ndarray]]]:
    """Clusters of samples of points, which are clustered again.

    Args:
        distances: (N, N).
        samples: B arrays of points.
        numbers: how many clusters each graph and Laplacian gives; or several such counts.
        settings: of the scales; what they leave open follows the sample.
        seed: of k-means.
        threads: samples that are clustered at the same time.

    Returns:
        For every sample and count the clusters of its points by the pairs of `numbers`, in their order; all
        `APART` in a sample that cannot be clustered.
    """
    most = {pair: max(count[pair] for count in numbers) for pair in numbers[0]}

    def again(sample: np.ndarray) -> list[list[np.ndarray]]:
        part = distances[np.ix_(sample, sample)]
        try:
            spectra = graph_spectra(
                part, most, settings.scales(part), pairs=list(most), tolerance=TOLERANCE_OF_SAMPLES
            )
        except InputError:  # fewer than three points, or copies of one
            return [[np.full(len(sample), APART)] * len(most)] * len(numbers)
        cuts = (
            clusterings(part, spectra, count, seed=seed, restarts=RESTARTS_OF_SAMPLES)
            for count in numbers
        )
        return [[result.clusters for result in cut.values()] for cut in cuts]

    # one thread for each sample: the same sums, in the same order, however many there are
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(again, samples))


def stabilities(
    clusters: Sequence[np.ndarray],
    samples: Sequence[np.ndarray],
    again: Sequence[Sequence[np.ndarray]],
) -> np.ndarray:
    """Agreement of results with the clusters of samples of their points, (B, R).

    Args:
        clusters: of all points, by R results.
        samples: B arrays of points.
        again: for each sample the clusters of its points, by the same results.

    Returns:
        Adjusted Rand indices on the points that are in a cluster of both; 0 for a sample that cannot be
        clustered.
    """
    return np.array(
        [
            [
                agreement(all_points[sample], some)
                for all_points, some in zip(clusters, cut, strict=True)
            ]
            for sample, cut in zip(samples, again, strict=True)
        ]
    )


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
