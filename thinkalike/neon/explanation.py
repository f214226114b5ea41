"""Result of NEON: clusters, logits and relevances of points, with their means and tables."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class ClusterExplanation:
    """Why each of N points is in its cluster.

    Attributes:
        clusters: (N,) the cluster c of each point.
        competitors: (N,) the nearest other cluster.
        logits: (N,) f_c, a squared distance: how much farther that cluster is.
        relevances: (N, D) R_i, in the same unit; positive speaks for the cluster, negative for
            another. They sum to the logit.
        count: number of clusters, K.
        feature_names: of the D features, or none.
    """

    clusters: np.ndarray
    competitors: np.ndarray
    logits: np.ndarray
    relevances: np.ndarray
    count: int
    feature_names: tuple[str, ...] = ()

    @property
    def probabilities(self) -> np.ndarray:
        """(N,) 1/(1 + exp(−f_c)), one half on the border to another cluster."""
        return probability(self.logits)

    @property
    def overall(self) -> np.ndarray:
        """(D,) mean relevance over all points; sums to the mean logit."""
        return _mean(self.relevances)

    @property
    def by_cluster(self) -> np.ndarray:
        """(K, D) mean relevance over the points of each cluster; NaN where there is no point."""
        means = np.full((self.count, self.relevances.shape[1]), np.nan, self.relevances.dtype)
        for cluster in np.unique(self.clusters):
            means[cluster] = _mean(self.relevances[self.clusters == cluster])
        return means

    def table(self) -> pd.DataFrame:
        """A row for each point: cluster, competitor, logit, probability, and every feature's relevance."""
        columns = {
            "cluster": self.clusters,
            "competitor": self.competitors,
            "logit": self.logits,
            "probability": self.probabilities,
        }
        return pd.concat([pd.DataFrame(columns), self._named(self.relevances)], axis=1)

    def summary(self) -> pd.DataFrame:
        """A row for each cluster and one for all: points, mean logit, and every feature's mean relevance.

        The index is the cluster, and `all`. A cluster without a point has no mean.
        """
        points = np.bincount(self.clusters, minlength=self.count)
        totals = np.bincount(self.clusters, self.logits, minlength=self.count)
        logits = np.divide(totals, points, out=np.full(self.count, np.nan), where=points > 0)
        columns = {
            "points": [*points, len(self.clusters)],
            "logit": [*logits, self.logits.mean()],
        }
        means = self._named(np.vstack([self.by_cluster, self.overall]))
        table = pd.concat([pd.DataFrame(columns), means], axis=1)
        return table.set_index(pd.Index([*range(self.count), "all"], name="cluster"))

    def _named(self, relevances: np.ndarray) -> pd.DataFrame:
        names = self.feature_names or [f"feature_{i}" for i in range(relevances.shape[1])]
        return pd.DataFrame(relevances, columns=list(names))


def probability(logits: np.ndarray) -> np.ndarray:
    """1/(1 + exp(−f)) for logits f ≥ 0, of any shape."""
    return np.asarray(1 / (1 + np.exp(-logits)))


def _mean(relevances: np.ndarray) -> np.ndarray:
    """Mean over the first axis; in float64, for a sum of millions in float32 loses digits."""
    return np.asarray(relevances.mean(0, dtype=np.float64).astype(relevances.dtype))
