"""Feature flipping: does an explanation name the features that keep a point in its cluster?

Features are removed, the most relevant first, by putting the mean of all points in their place. The
faster the logit of the cluster falls, the better was the order. A curve's area is

    mean over points of ∫ f_c(share removed) / mean over points of f_c(nothing removed)

the share of the logit that is left on the way: a ratio of means, because the logit of a point on the
border is no unit to measure in. Without any features, all points are the same point, and all orders
end alike.

Source: Samek et al., Evaluating the visualization of what a deep neural network has learned, IEEE TNNLS
2017, for images and classifiers; Kauffmann et al., arXiv:1906.07633, section V, for clusters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from thinkalike.neon.estimator import Neon
from thinkalike.neon.explanation import ClusterExplanation

STEPS = 32
"""Steps of a curve, at most; points of fewer features have as many as features."""

RESAMPLES = 2000
"""Bootstrap samples of an interval."""

Order = Callable[[np.ndarray, np.ndarray, ClusterExplanation, np.ndarray], np.ndarray]


def by_relevance(
    points: np.ndarray, centroids: np.ndarray, explanation: ClusterExplanation, fill: np.ndarray
) -> np.ndarray:
    """Relevances R_i of NEON."""
    return explanation.relevances


def by_gradient(
    points: np.ndarray, centroids: np.ndarray, explanation: ClusterExplanation, fill: np.ndarray
) -> np.ndarray:
    """x_i ∂f_c/∂x_i = 2 x_i (μ_ci − μ_ki), k the nearest competitor: gradient × input."""
    return points * _weights(centroids, explanation)


def by_distance(
    points: np.ndarray, centroids: np.ndarray, explanation: ClusterExplanation, fill: np.ndarray
) -> np.ndarray:
    """−(x_i − μ_ci)²: the nearer to its centroid in a feature, the more that speaks for the cluster."""
    return -((points - centroids[explanation.clusters]) ** 2)


def by_effect(
    points: np.ndarray, centroids: np.ndarray, explanation: ClusterExplanation, fill: np.ndarray
) -> np.ndarray:
    """2 (x_i − fill_i) (μ_ci − μ_ki): what removing the feature takes from h_k of the nearest competitor.

    No order takes more from that h_k. It knows how features will be removed, which no explanation does.
    """
    return (points - fill) * _weights(centroids, explanation)


def _weights(centroids: np.ndarray, explanation: ClusterExplanation) -> np.ndarray:
    """2 (μ_c − μ_k), k the nearest competitor."""
    own, other = centroids[explanation.clusters], centroids[explanation.competitors]
    return np.asarray(2 * (own - other))


EFFECT = "effect"
"""The order that no explanation can be: a bound."""

ORDERS: Mapping[str, Order] = {
    "neon": by_relevance,
    "gradient_input": by_gradient,
    "distance": by_distance,
    EFFECT: by_effect,
}
"""Name → scores (N, D) of features, from points, centroids, their explanation and the fill."""

RANDOM = "random"
"""The order by chance."""


@dataclass(frozen=True)
class Curves:
    """Logits of N points as their features are removed.

    Attributes:
        shares: (S,) of the features that are removed, from 0 to 1.
        logits: (N, S) f_c of the cluster that the point was in; negative where it is in another.
    """

    shares: np.ndarray
    logits: np.ndarray

    @property
    def areas(self) -> np.ndarray:
        """(N,) ∫ f_c over the share removed, by the trapezoidal rule."""
        return np.asarray(np.trapezoid(self.logits, self.shares, axis=1))

    @property
    def staying(self) -> np.ndarray:
        """(S,) share of the points that are still in their cluster."""
        return np.asarray((self.logits > 0).mean(0))


def flip(
    points: np.ndarray,
    centroids: np.ndarray,
    clusters: np.ndarray,
    order: np.ndarray,
    fill: np.ndarray,
) -> Curves:
    """Logits of points whose features are replaced one after the other.

    Replacing feature i of x changes ‖x − μ_k‖² by (fill_i − μ_ki)² − (x_i − μ_ki)²; the changes of the
    removed features add up.

    Args:
        points: (N, D).
        centroids: (K, D).
        clusters: (N,) of each point.
        order: (N, D) numbers of the features, the first to be removed first.
        fill: (D,) values that replace the features.
    """
    features = points.shape[1]
    counts = np.unique(np.linspace(0, features, min(STEPS, features) + 1).round().astype(int))
    logits = np.empty((len(points), len(counts)))
    to_fill = (fill - centroids) ** 2
    for row, (point, cluster) in enumerate(zip(points, clusters, strict=True)):
        squares = (point - centroids) ** 2
        changes = (to_fill - squares)[:, order[row]]
        distances = np.zeros((len(centroids), features + 1))
        np.cumsum(changes, axis=1, out=distances[:, 1:])
        distances += squares.sum(1)[:, None]
        left = distances[:, counts]
        logits[row] = np.delete(left, cluster, 0).min(0) - left[cluster]
    return Curves(counts / features, logits)


def flip_by(
    neon: Neon,
    points: np.ndarray,
    *,
    draw: np.random.Generator,
    repeats: int = 10,
) -> dict[str, Curves]:
    """Curves of points by every order, and the mean curve of `repeats` random ones.

    Args:
        neon: fitted.
        points: (N, D).
        draw: for the random orders.
        repeats: number of these.

    Returns:
        Order → curves.
    """
    explanation = neon.explain(points)
    fill = points.mean(0)
    centroids = neon.centroids_

    def run(order: np.ndarray) -> Curves:
        return flip(points, centroids, explanation.clusters, order, fill)

    curves = {
        # stable: features of the same score go in their own order
        name: run(np.argsort(-score(points, centroids, explanation, fill), axis=1, kind="stable"))
        for name, score in ORDERS.items()
    }
    random = [
        run(draw.permuted(np.tile(np.arange(points.shape[1]), (len(points), 1)), axis=1))
        for _ in range(repeats)
    ]
    mean = np.mean([curve.logits for curve in random], axis=0)
    return {**curves, RANDOM: Curves(random[0].shares, mean)}


def areas(curves: Mapping[str, Curves], *, draw: np.random.Generator) -> pd.DataFrame:
    """Area of every order with its 95 % interval, and its difference from that of NEON.

    Intervals are percentiles of 2,000 resamples of the points; that of the difference takes the same
    points for both.

    Returns:
        order, n, area, low, high, difference, difference_low, difference_high (area less NEON's).
    """
    rows = []
    neon = curves["neon"].areas
    for name, curve in curves.items():
        full = curve.logits[:, 0]
        area, low, high = ratio_of_means(curve.areas, full, draw=draw)
        difference, below, above = ratio_of_means(curve.areas - neon, full, draw=draw)
        rows.append((name, len(full), area, low, high, difference, below, above))
    columns = ["order", "n", "area", "low", "high", "difference"]
    return pd.DataFrame(rows, columns=[*columns, "difference_low", "difference_high"])


def ratio_of_means(
    values: np.ndarray, units: np.ndarray, *, draw: np.random.Generator
) -> tuple[float, float, float]:
    """mean(values)/mean(units) over the same points, with the ends of its 95 % interval.

    Args:
        values, units: (N,).
        draw: for the resamples.

    Returns:
        The ratio and its interval by bootstrap percentiles; NaN where there is a single point, or
        nothing to divide by.
    """
    if len(units) < 2 or not units.any():
        ratio = values.mean() / units.mean() if units.any() else np.nan
        return float(ratio), np.nan, np.nan

    def ratio_of(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.asarray(a.mean(axis) / b.mean(axis))

    interval = bootstrap(
        (values, units),
        ratio_of,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=draw,
    ).confidence_interval
    return float(ratio_of(values, units)), float(interval.low), float(interval.high)


FACTORS = (0.0, 0.01, 0.1, 1.0, 10.0, 100.0, np.inf)
"""Factors of β in `sweep`."""


def sweep(neon: Neon, points: np.ndarray, *, draw: np.random.Generator) -> pd.DataFrame:
    """Effect of β, from all competitors alike (0) to the nearest alone (∞).

    Args:
        neon: fitted; its β is the unit.
        points: (N, D).
        draw: for the intervals.

    Returns:
        factor, beta, competitors (mean over points of exp(entropy) of their shares of the logit: their
        effective number), cosine (mean, of a point's relevances with those of ∞), area, low, high (of
        flipping by these relevances).
    """
    fill = points.mean(0)
    nearest = Neon(neon.centroids_, beta=np.inf).fit().explain(points).relevances
    rows = []
    for factor in FACTORS:
        beta = factor * neon.beta_
        varied = Neon(neon.centroids_, beta=beta).fit()
        explanation = varied.explain(points)
        order = np.argsort(-explanation.relevances, axis=1, kind="stable")
        curves = flip(points, neon.centroids_, explanation.clusters, order, fill)
        area, low, high = ratio_of_means(curves.areas, curves.logits[:, 0], draw=draw)
        shares = varied.competition(points)[explanation.logits > 0]
        shares /= shares.sum(1, keepdims=True)
        logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
        effective = np.exp(-(shares * logarithms).sum(1))
        cosine = _cosine(explanation.relevances, nearest)
        rows.append((factor, beta, effective.mean(), np.nanmean(cosine), area, low, high))
    columns = ["factor", "beta", "competitors", "cosine", "area", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.divide((a * b).sum(1), norms, out=np.full(len(a), np.nan), where=norms > 0)


def conservation(neon: Neon, points: np.ndarray) -> pd.DataFrame:
    """Deviation of Σ_i R_i from the logit, for three β, in both precisions.

    Returns:
        beta, precision, n (points off a border), largest and median of |Σ_i R_i − f_c| / f_c, the sum in
        float64.
    """
    rows = []
    for beta in (0.0, neon.beta_, np.inf):
        for precision in (np.float64, np.float32):
            explanation = Neon(neon.centroids_, beta=beta).fit().explain(points.astype(precision))
            inside = explanation.logits > 0
            logits = explanation.logits[inside].astype(np.float64)
            total = explanation.relevances[inside].sum(1, dtype=np.float64)
            missing = np.abs(total - logits) / logits
            name = np.dtype(precision).name
            rows.append((beta, name, len(logits), missing.max(), np.median(missing)))
    return pd.DataFrame(rows, columns=["beta", "precision", "n", "largest", "median"])
