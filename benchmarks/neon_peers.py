"""NEON as others compute it, written from the formulas: what `benchmarks.neon` is measured beside.

The letters are those of `thinkalike.neon.estimator`. All compute in the type of their arguments, which
is the same for points and centroids.
"""

import numpy as np

LOOP = "clean per-sample loop"
WEIGHTS = "all K(K−1) weight vectors"
CXPLAIN = "cxplain's rule"
BLOCK = 2**22
"""Discriminants that are evaluated at once."""


def loop(points: np.ndarray, centroids: np.ndarray, beta: float) -> np.ndarray:
    """(N, D) relevances, point after point: every step an operation on (K − 1, D) arrays or less."""
    squares = (centroids**2).sum(1)
    found = np.empty_like(points)
    for number, point in enumerate(points):
        cluster = (squares - 2 * (centroids @ point)).argmin()
        others = np.delete(centroids, cluster, 0)
        weights = 2 * (centroids[cluster] - others)
        gaps = weights @ point + (np.delete(squares, cluster) - squares[cluster])
        midpoints = (centroids[cluster] + others) / 2
        found[number] = _midpoint_rule(point, weights, midpoints, gaps.min() * _shares(gaps, beta))
    return found


def all_weights(points: np.ndarray, centroids: np.ndarray, beta: float) -> np.ndarray:
    """(N, D) relevances, with the weights of all clusters made once, as neon_demo does.

    The discriminants of all clusters are evaluated at all points, and the largest tells the
    cluster; then point after point is explained with the weights of its own.
    """
    weights, biases, midpoints = _layers(centroids)
    count, competitors, features = weights.shape
    flat = weights.reshape(-1, features).T
    size = max(BLOCK // (count * competitors), 1)
    found = np.empty_like(points)
    for start in range(0, len(points), size):
        block = points[start : start + size]
        gaps = (block @ flat).reshape(-1, count, competitors) + biases
        logits = gaps.min(2)
        for number, cluster in enumerate(logits.argmax(1)):
            shares = _shares(gaps[number, cluster], beta)
            found[start + number] = _midpoint_rule(
                block[number],
                weights[cluster],
                midpoints[cluster],
                logits[number, cluster] * shares,
            )
    return found


def cxplain(points: np.ndarray, centroids: np.ndarray, beta: float) -> np.ndarray:
    """(N, D) what the package cxplain takes for relevances.

    R_i = Σ_k R_k a_ik / Σ_k' a_ik' with a_ik = (x_i − w_ik/4) h_k: no midpoint, h_k where w_ik belongs,
    and shared out among competitors instead of features. It does not sum to f_c. Where it says 0/0, of
    a feature that is 0 everywhere, 0 is taken.
    """
    weights, biases, _ = _layers(centroids)
    clusters = ((points[:, None] - centroids) ** 2).sum(2).argmin(1)
    found = np.empty_like(points)
    for number, (point, cluster) in enumerate(zip(points, clusters, strict=True)):
        gaps = weights[cluster] @ point + biases[cluster]
        parts = (point - weights[cluster] / 4) * gaps[:, None]
        totals = parts.sum(0)
        fractions = np.divide(parts, totals, out=np.zeros_like(parts), where=totals != 0)
        found[number] = gaps.min() * _shares(gaps, beta) @ fractions
    return found


def _layers(centroids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every cluster and its competitors: weights (K, K−1, D), biases (K, K−1), midpoints (K, K−1, D)."""
    count = len(centroids)
    others = np.array([np.delete(np.arange(count), cluster) for cluster in range(count)])
    squares = (centroids**2).sum(1)
    own = centroids[:, None]
    weights = 2 * (own - centroids[others])
    return weights, squares[others] - squares[:, None], (own + centroids[others]) / 2


def _shares(gaps: np.ndarray, beta: float) -> np.ndarray:
    """exp(−β h_k) / Σ exp(−β h_k') of the competitors of a point."""
    excess = gaps - gaps.min()
    weights = (excess == 0).astype(gaps.dtype) if np.isinf(beta) else np.exp(-beta * excess)
    return weights / weights.sum()


def _midpoint_rule(
    point: np.ndarray, weights: np.ndarray, midpoints: np.ndarray, competitors: np.ndarray
) -> np.ndarray:
    """Σ_k R_k (x_i − m_ik) w_ik / Σ_i' (x_i' − m_i'k) w_i'k, of the relevances R_k of the competitors."""
    parts = (point - midpoints) * weights
    return (competitors / parts.sum(1)) @ parts
