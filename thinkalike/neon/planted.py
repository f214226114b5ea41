"""Clusters with known answers: which features keep a point in its cluster is planted, not guessed.

Every cluster has a few features of its own, in which its points are shifted; all other features are
noise of any size about any value. What keeps a point in its cluster rather than in the nearest
competitor's are those features of the two in which it lies on its cluster's side of the middle between
them. Planted features in which it does not, and those of third clusters, which may matter or not,
depending on β, do not count; noise should come last.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from thinkalike.neon.estimator import Neon
from thinkalike.neon.flipping import EFFECT, ORDERS, ratio_of_means
from thinkalike.randomness import generator, integer_seed

SEPARATIONS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
"""Shifts of planted features that are tried, in standard deviations."""


@dataclass(frozen=True)
class Planted:
    """Points in clusters whose relevant features are known.

    Attributes:
        points: (N, D).
        clusters: (N,) the true ones.
        owners: (D,) the cluster that has shifted points in a feature; −1 for noise.
        shifted: (N, D) whether a point lies on the shifted side of the middle in a feature.
    """

    points: np.ndarray
    clusters: np.ndarray
    owners: np.ndarray
    shifted: np.ndarray

    def relevant(self, competitors: np.ndarray) -> np.ndarray:
        """(N, D) whether a feature keeps a point in its cluster rather than in its competitor's, (N,)."""
        own = self.owners == self.clusters[:, None]
        other = self.owners == competitors[:, None]
        return np.asarray((own & self.shifted) | (other & ~self.shifted))


def planted(
    separation: float,
    *,
    draw: np.random.Generator,
    clusters: int = 5,
    each: int = 4,
    features: int = 64,
    points: int = 500,
) -> Planted:
    """Draw clusters that differ in planted features.

    Feature i of a point is o_i + σ_i (z + separation, if the feature is of the point's cluster), z
    standard normal. o_i is normal with a standard deviation of 3; σ_i is 1 for planted features and
    log-uniform between 1/2 and 2 for noise. So neither a large value nor a small distance gives a
    feature away.

    Args:
        separation: shift in standard deviations.
        draw: of everything.
        clusters: K.
        each: planted features of a cluster.
        features: D.
        points: N, shared by the clusters as evenly as can be.
    """
    owners = np.full(features, -1)
    owners[: clusters * each] = np.repeat(np.arange(clusters), each)
    owners = draw.permutation(owners)
    labels = np.arange(points) % clusters
    scale = np.where(owners >= 0, 1.0, 2 ** draw.uniform(-1, 1, features))
    offset = 3 * draw.standard_normal(features)
    moved = draw.standard_normal((points, features)) + separation * (owners == labels[:, None])
    return Planted(offset + scale * moved, labels, owners, moved > separation / 2)


def separability(scores: np.ndarray, relevant: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """(N,) areas under the ROC curve: how often a relevant feature scores above one of noise.

    Args:
        scores: (N, D).
        relevant: (N, D) bool.
        noise: (D,) bool, at least one.

    Returns:
        NaN for a point without a relevant feature.
    """
    noisy = scores[:, None, noise]
    above = (scores[:, :, None] > noisy).mean(2) + (scores[:, :, None] == noisy).mean(2) / 2
    count = relevant.sum(1)
    total = (above * relevant).sum(1)
    return np.divide(total, count, out=np.full(len(scores), np.nan), where=count > 0)


def recovery(seed: int) -> pd.DataFrame:
    """Areas under the ROC curve of the planted features by the scores of every order.

    Clusters are those of k-means; points count that it has put with their own.

    Args:
        seed: of the study.

    Returns:
        separation, order, n, auc (mean over points), low, high (its 95 % bootstrap interval), found
        (the share of points that count).
    """
    rows = []
    for separation in SEPARATIONS:
        names = ("planted", str(separation))
        case = planted(separation, draw=generator(seed, *names))
        number = len(np.unique(case.clusters))
        fitted = KMeans(number, n_init=10, random_state=integer_seed(seed, *names) % 2**32)
        neon = Neon(fitted.fit(case.points)).fit(case.points)
        explanation = neon.explain(case.points)
        # the true cluster that most of the points of a cluster of k-means are of
        meaning = pd.crosstab(explanation.clusters, case.clusters).idxmax(axis=1).to_numpy()
        competitors = meaning[explanation.competitors]
        relevant = case.relevant(competitors)
        counts = (meaning[explanation.clusters] == case.clusters) & (competitors != case.clusters)
        counts &= relevant.any(1)
        for order, score in ORDERS.items():
            if order == EFFECT:
                continue
            scores = score(case.points, neon.centroids_, explanation, case.points.mean(0))
            values = separability(scores, relevant, case.owners < 0)[counts]
            draw = generator(seed, *names, order)
            auc, low, high = ratio_of_means(values, np.ones(len(values)), draw=draw)
            rows.append((separation, order, len(values), auc, low, high, counts.mean()))
    return pd.DataFrame(rows, columns=["separation", "order", "n", "auc", "low", "high", "found"])
