"""NEON's formulas written out, in float64 and in fractions, and points with clusters to try them on."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import MinMaxScaler

from thinkalike.neon.estimator import Neon
from thinkalike.neon.explanation import ClusterExplanation

# the formulas, point by point


@dataclass(frozen=True)
class Reference:
    """What the formulas say of N points.

    Attributes:
        scale: (N,) Σ_i Σ_k |R_k (x_i − m_ik) w_ik / h_k|: of all that is added up for a point. A
            relevance is a sum of terms of both signs, and is no unit for its own error.
    """

    clusters: np.ndarray
    competitors: np.ndarray
    logits: np.ndarray
    discriminants: np.ndarray
    competition: np.ndarray
    relevances: np.ndarray
    scale: np.ndarray


def by_definition(x: np.ndarray, centroids: np.ndarray, beta: float) -> tuple:
    """The attributes of a Reference for one point, in the type of number that is given."""
    distances = [((x - centroid) ** 2).sum() for centroid in centroids]
    c = min(range(len(centroids)), key=distances.__getitem__)
    others = [k for k in range(len(centroids)) if k != c]
    h, share, competition = (0 * centroids[:, 0] for _ in range(3))
    for k in others:
        w = 2 * (centroids[c] - centroids[k])
        b = (centroids[k] ** 2).sum() - (centroids[c] ** 2).sum()
        h[k] = (w * x).sum() + b
    f = min(h[k] for k in others)
    for k in others:
        excess = h[k] - f
        # exp(−β h) up to a factor that all competitors have in common
        share[k] = type(f)(math.exp(-beta * float(excess)) if excess else 1.0)
    relevances, scale = 0 * x, 0
    for k in others:
        competition[k] = f * share[k] / share.sum()
        w, m = 2 * (centroids[c] - centroids[k]), (centroids[c] + centroids[k]) / 2
        parts = (x - m) * w
        terms = competition[k] * parts / parts.sum()
        relevances = relevances + terms
        scale += abs(terms).sum()
    nearest = min(others, key=h.__getitem__)
    return c, nearest, f, h, competition, relevances, scale


def written_out(points: np.ndarray, centroids: np.ndarray, beta: float) -> Reference:
    """In float64."""
    found = [
        by_definition(x, np.asarray(centroids, float), beta) for x in np.asarray(points, float)
    ]
    return Reference(*map(np.array, zip(*found, strict=True)))


fractions = np.vectorize(Fraction, otypes=[object])


def exactly(points: np.ndarray, centroids: np.ndarray, beta: float) -> Reference:
    """In fractions, of which float64 and float32 are some: nothing is rounded but the exponentials."""
    # the exact value of a float32 is that of the float64 it becomes
    points, centroids = (np.asarray(a, float) for a in (points, centroids))
    found = zip(
        *(by_definition(x, fractions(centroids), beta) for x in fractions(points)), strict=True
    )
    clusters, competitors, *numbers = map(np.array, found)
    return Reference(clusters, competitors, *(n.astype(float) for n in numbers))


def explained(points: object, centroids: np.ndarray, beta: float) -> ClusterExplanation:
    return Neon(centroids, beta=beta).fit().explain(points)


def error(found: np.ndarray, expected: np.ndarray, scale: np.ndarray) -> float:
    """The largest deviation of any point, each in its unit."""
    away = np.abs(np.asarray(found, float) - expected).reshape(len(scale), -1)
    return float((away / scale[:, None]).max())


def undecided(expected: Reference, beta: float, size: float) -> np.ndarray:
    """(N,) by how much a relevance may change, in units of its scale, for a change of h in units of size.

    The shares exp(−β h) change by β times that, where no competitor has all: two that are nearly as
    near as each other are told apart by few digits of h.
    """
    rest = 1 - expected.competition.max(1) / expected.logits
    return 1 + np.multiply(beta * size, rest, where=rest > 0, out=np.zeros_like(rest))


def some(points: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Every n-th point: so many that exact fractions of them are computed in a moment."""
    return points[:: len(points) * centroids.size // 10000 + 1]


def extent(points: np.ndarray, centroids: np.ndarray) -> float:
    """Largest squared distance from the middle: what a rounding of a squared distance is a share of."""
    both = np.concatenate([points, centroids]).astype(float)
    return float(((both - np.mean(centroids, 0)) ** 2).sum(1).max())


# data


def optimum(points: np.ndarray, clusters: int, inertia: float, first: tuple = ()) -> KMeans:
    """Local optimum of k-means that has this inertia."""
    for seed in (*first, *range(300)):
        found = KMeans(clusters, n_init=1, random_state=seed).fit(points)
        if abs(found.inertia_ - inertia) < 1e-6:
            return found
    raise AssertionError(f"no start leads to an inertia of {inertia}")


@cache
def iris() -> tuple[np.ndarray, np.ndarray]:
    points = load_iris().data
    return points, KMeans(3, n_init=10, random_state=3).fit(points).cluster_centers_


def scaled_wine() -> np.ndarray:
    return MinMaxScaler().fit_transform(load_wine().data)


@cache
def published_wine() -> KMeans:
    return optimum(scaled_wine(), 3, 48.9605171, (2, 9, 22, 24, 31, 36, 40))


def wine() -> tuple[np.ndarray, np.ndarray]:
    return scaled_wine(), published_wine().cluster_centers_


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    points = load_digits().data
    return points, KMeans(10, n_init=1, random_state=0).fit(points).cluster_centers_


@cache
def scattered() -> tuple[np.ndarray, np.ndarray]:
    """Centroids that are no means of anything."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((300, 20)) * rng.uniform(0.1, 10, 20) + 5
    return points, 3 * rng.standard_normal((7, 20)) + 5


DATA = {"iris": iris, "wine": wine, "digits": digits, "scattered": scattered}


@cache
def reference(data: str, beta: float) -> Reference:
    return written_out(*DATA[data](), beta)


BETAS = [0, 0.17456, 1, math.inf]

every_kind = pytest.mark.parametrize("data", DATA)
every_beta = pytest.mark.parametrize("beta", BETAS)


def frame() -> pd.DataFrame:
    """The flowers, with the names of their features."""
    return load_iris(as_frame=True).data
