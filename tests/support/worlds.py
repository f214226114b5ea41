"""Worlds whose truth is known: points of models in families, and their distances."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import binom


def distances(points: np.ndarray) -> np.ndarray:
    """Euclidean distances (M, M) of points (M, D)."""
    return squareform(pdist(points))


def family_names(sizes: Sequence[int]) -> list[str]:
    """Families of these sizes, one name for each model: a a a b b."""
    return np.repeat(list("abcdefgh")[: len(sizes)], sizes).tolist()


def world(
    draws: np.random.Generator,
    sizes: Sequence[int],
    *,
    spread: Sequence[float] | None = None,
    apart: float = 0,
) -> np.ndarray:
    """Distances of normally distributed points whose families have these spreads, their centres apart."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    points = draws.normal(size=(len(labels), 8))
    if spread is not None:
        points *= np.asarray(spread)[labels][:, None]
    return distances(points + apart * draws.normal(size=(len(sizes), 8))[labels])


def most_rejections(trials: int, level: float = 0.05) -> float:
    """Share of rejections that a test which holds its level exceeds once in 1,000 simulations."""
    return float(binom.ppf(0.999, trials, level)) / trials
