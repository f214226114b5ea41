"""How far clusterings agree, with each other, with samples of the maps, and with what is known."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from thinkalike.clustering.spectral.cut import ALL, APART, Clustering, Pair, cut, embedded
from thinkalike.clustering.spectral.graphs import scales
from thinkalike.clustering.spectral.spectra import AGAIN
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
    *,
    seed: int,
    tolerance: float = AGAIN,
    threads: int = 1,
    **options: Any,
) -> dict[Pair, np.ndarray]:
    """How far every result comes out again from a part of the points.

    Args:
        distances: (N, N).
        results: of all points; a sample is cut into as many clusters.
        samples: B arrays of points.
        seed: of k-means.
        tolerance: of the eigenvalues, `spectrum`.
        threads: samples that are clustered at the same time.
        options: neighbours, sigma and epsilon as for `scales`; what is not given follows the sample.

    Returns:
        Pair → (B,) adjusted Rand indices with the result of all points, on the points that are in a
        cluster of both; 0 for a sample that cannot be clustered.
    """
    numbers = {pair: result.number for pair, result in results.items()}

    def of(sample: np.ndarray) -> list[float]:
        part = distances[np.ix_(sample, sample)]
        try:
            given = scales(part, **options)
            spectra = embedded(part, list(results), numbers, given=given, tolerance=tolerance)
        except InputError:  # fewer than three points, or copies of one
            return [0.0] * len(results)
        return [
            agreement(
                results[pair].clusters[sample],
                cut(part, spectrum_of, pair, numbers[pair], seed=seed).clusters,
            )
            for pair, spectrum_of in spectra.items()
        ]

    # one thread for each sample: the same sums, in the same order, however many there are
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        values = np.array(list(pool.map(of, samples)))
    return {pair: values[:, place] for place, pair in enumerate(results)}


def known_agreement(clusters: np.ndarray, known: Sequence[Any]) -> tuple[float, float]:
    """Adjusted Rand index and normalised mutual information with what is known of the points.

    On the points that are in a cluster. NaN where what is known is the same of all of them, or is
    never the same: there is nothing to agree with.
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


def choices(matrix: np.ndarray, pairs: Sequence[Pair] = ALL) -> Choices:
    """From the agreements (R, R) of results by these pairs."""
    groups: dict[tuple[bool, bool], list[float]] = {}
    for i, j in combinations(range(len(pairs)), 2):
        differ = pairs[i][0] != pairs[j][0], pairs[i][1] != pairs[j][1]
        groups.setdefault(differ, []).append(float(matrix[i, j]))
    means = {differ: float(np.mean(values)) for differ, values in groups.items()}
    return Choices(means[True, False], means[False, True], means[True, True])


def telling(stability: Sequence[float], sizes: Sequence[str], in_clusters: Sequence[float]) -> int:
    """The place of the result to look at: the most stable one that tells something.

    It has nine of ten points in clusters, and a second cluster with one of twenty; where no result
    has, the most stable one. A result that parts one point from all others says little, however often
    it comes out.

    Args:
        stability: of R results.
        sizes: of their clusters, the largest first, as in "120, 40, 14".
        in_clusters: share of the points that are.
    """
    ranks = []
    for place, (value, text, share) in enumerate(zip(stability, sizes, in_clusters, strict=True)):
        counts = [int(number) for number in str(text).split(", ")]
        second = counts[1] if counts[1:] else 0
        tells = share >= 0.9 and second >= sum(counts) / 20
        ranks.append((tells, value, -place))
    return max(range(len(ranks)), key=ranks.__getitem__)
