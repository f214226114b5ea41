"""Is there more than one cloud? Stability and eigengap beside those of single clouds of the same shape.

A single cloud is cut, too, and often in the same way again: across its longest axes. So neither number
says that there are clusters. What they are in single clouds of the same mean, covariance and number of
points is found by drawing such clouds and treating each as the points were (parametric bootstrap).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from thinkalike.clustering.spectral.cut import (
    ALL,
    RESTARTS_OF_SAMPLES,
    clusterings,
    eigenvalue_count,
    graph_spectra,
)
from thinkalike.clustering.spectral.graphs import ScaleSettings
from thinkalike.clustering.spectral.points import MapPoints
from thinkalike.clustering.spectral.spectra import TOLERANCE_OF_SAMPLES
from thinkalike.clustering.spectral.stability import draws, sample_clusters, stabilities
from thinkalike.errors import InputError
from thinkalike.randomness import generator

LEVEL = 0.05
"""Corrected p up to which a result is more than cuts of one cloud."""

ROUNDS = 20
"""Steps of the fit of a cloud; after ten its covariance changes by less than a hundredth."""

SIMULATED = 2000
"""Points of a cloud, at least, that its fit is judged by."""

SPREAD = (0.05, 1e-3)
"""Least standard deviation that an excess is counted in, of stability and of the eigengap: some cuts are
alike in all clouds but one, and differences below these are of no account."""


@dataclass(frozen=True)
class SingleCloud:
    """A Gaussian cloud whose points, scaled to length 1, have the mean and covariance of given points.

    Scaling to length 1 changes mean and covariance, so that those of the cloud before it are found in
    steps, from simulated points: each standard deviation σ along a principal axis of the given points is
    multiplied by √(v/v̂), v the variance of the given points along it and v̂ that of the cloud's, and the
    centre is moved by the difference of means. The principal axes are kept. Lengths of maps before
    scaling do not matter; nor do tails that maps have in all directions alike.

    Attributes:
        centre: (r,) in the coordinates of `axes`.
        deviations: (r,) standard deviations along them.
        axes: (r, D) orthonormal.
    """

    centre: np.ndarray
    deviations: np.ndarray
    axes: np.ndarray

    def draw(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Points of length 1, (count, D)."""
        normal = random.normal(size=(count, len(self.centre)))
        return _unit(self.centre + normal * self.deviations) @ self.axes


def single_cloud(points: np.ndarray, random: np.random.Generator) -> SingleCloud:
    """`SingleCloud` like these points of length 1, (n, D), from as many simulated points or more."""
    mean = points.mean(0)
    _, singular, axes = np.linalg.svd(points - mean, full_matrices=False)
    kept = singular > 1e-9 * singular[0]
    axes, variance = axes[kept], singular[kept] ** 2 / (len(points) - 1)
    # the mean may point where points do not differ
    rest = mean - (axes @ mean) @ axes
    length = np.linalg.norm(rest)
    if length > 1e-9:
        axes, variance = np.vstack([axes, rest / length]), np.append(variance, 0)
    mean, deviations = axes @ mean, np.sqrt(variance)
    centre = mean.copy()
    normal = random.normal(size=(max(SIMULATED, 2 * len(points)), len(mean)))
    for _ in range(ROUNDS):
        simulated = _unit(centre + normal * deviations)
        scale = np.sqrt(centre @ centre + deviations @ deviations)
        now = simulated.var(0, ddof=1)
        deviations *= np.sqrt(np.divide(variance, now, out=np.zeros_like(now), where=now > 0))
        centre += (mean - simulated.mean(0)) * scale
    return SingleCloud(centre, deviations, axes)


def _unit(points: np.ndarray) -> np.ndarray:
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@dataclass(frozen=True)
class NullSettings:
    """Settings of the comparison with single clouds.

    Attributes:
        draws: R clouds.
        maps: points of each, at most; where there are more, so many of them are compared.
        bootstraps: samples of each that are clustered again.
    """

    draws: int
    maps: int
    bootstraps: int


@dataclass(frozen=True)
class NullTest:
    """Stability and eigengap of the twelve results, beside those of single clouds.

    Attributes:
        maps: number of points that are compared.
        observed: (2, 12), the mean stability and the eigengap of these points, by `ALL` pairs.
        clouds: (R, 2, 12) of the clouds.
    """

    maps: int
    observed: np.ndarray
    clouds: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """(2, 12): by how many standard deviations of the clouds each number is above their mean."""
        return _excesses(self._all)[0]

    @property
    def p(self) -> np.ndarray:
        """(2, 12): (r + 1)/(R + 1), r the clouds whose number is at least as large."""
        every = self._all
        return np.asarray((every >= every[0]).mean(0))

    @property
    def p_corrected(self) -> np.ndarray:
        """(12,): as `p`, of the larger excess of each result, corrected for all twelve and both numbers.

        r counts clouds whose largest excess of all is at least as large. The excess of a cloud is counted
        from the other clouds and the points: all R + 1 are treated alike, so that the test keeps its level
        for points that are one of the clouds.
        """
        larger = _excesses(self._all).max(1)
        return np.asarray((larger.max(1, keepdims=True) >= larger[0]).mean(0))

    @property
    def beyond(self) -> np.ndarray:
        """(12,): whether stability or eigengap exceeds those of single clouds, by the corrected p."""
        return self.p_corrected <= LEVEL

    @property
    def _all(self) -> np.ndarray:
        return np.concatenate([self.observed[None], self.clouds])


def _excesses(values: np.ndarray) -> np.ndarray:
    """Each of (R + 1, 2, 12) less the mean of the other R, in their standard deviations."""
    others = len(values) - 1
    total, squares = values.sum(0) - values, (values**2).sum(0) - values**2
    mean = total / others
    variance = np.maximum(squares - others * mean**2, 0) / max(others - 1, 1)
    return (values - mean) / np.maximum(np.sqrt(variance), np.array(SPREAD)[:, None])


def null_test(
    points: MapPoints,
    scales: ScaleSettings,
    clusters: int | None,
    settings: NullSettings,
    *,
    name: str,
    seed: int,
    threads: int = 1,
) -> NullTest:
    """Compare stability and eigengap of points with those of single clouds like them.

    The points and every cloud are treated alike: scales of the graphs from their own distances unless they
    are given, as many clusters as their own eigengap says unless their number is given, and as many
    bootstrap samples.

    Args:
        points: maps of length 1.
        scales: of the graphs.
        clusters: K; None for the eigengap.
        settings: of the comparison.
        name: seeds the draws, together with `seed`.
        seed: of the study.
        threads: clouds that are clustered at the same time.
    """
    count = len(points.distances)
    tested = np.arange(count)
    if count > settings.maps:
        chosen = generator(seed, "tested maps", name).choice(count, settings.maps, replace=False)
        tested = np.sort(chosen)
    coordinates = points.coordinates(tested)
    cloud = single_cloud(coordinates, generator(seed, "cloud", name))

    def numbers(distances: np.ndarray, what: str) -> np.ndarray:
        samples = draws(len(tested), settings.bootstraps, seed, name, what)
        return _stability_and_gap(distances, scales, clusters, samples, seed)

    def of_cloud(draw: int) -> np.ndarray:
        drawn = cloud.draw(len(tested), generator(seed, "cloud", name, draw))
        return numbers(points.measure.distances(drawn), f"cloud {draw}")

    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        observed = numbers(points.distances[np.ix_(tested, tested)], "tested maps")
        clouds = np.stack(list(pool.map(of_cloud, range(settings.draws))))
    return NullTest(len(tested), observed, clouds)


def _stability_and_gap(
    distances: np.ndarray,
    scales: ScaleSettings,
    clusters: int | None,
    samples: list[np.ndarray],
    seed: int,
) -> np.ndarray:
    """Mean stability and eigengap by `ALL` pairs, (2, 12); 0 where a graph of given scales has no edge."""
    try:
        spectra = graph_spectra(
            distances,
            eigenvalue_count(clusters),
            scales.scales(distances),
            tolerance=TOLERANCE_OF_SAMPLES,
        )
    except InputError:
        return np.zeros((2, len(ALL)))
    cut = clusterings(distances, spectra, clusters, seed=seed, restarts=RESTARTS_OF_SAMPLES)
    results = [cut[pair] for pair in ALL]
    numbers = dict(zip(ALL, (result.number for result in results), strict=True))
    again = sample_clusters(distances, samples, [numbers], scales, seed=seed)
    labels = [result.clusters for result in results]
    stability = stabilities(labels, samples, [sample[0] for sample in again])
    return np.array([stability.mean(0), [result.gap for result in results]])
