"""NEON: why a point is in its k-means cluster and not in another, feature by feature.

k-means puts x into c = argmin_k ‖x − μ_k‖². For every other cluster k

    h_k = ‖x − μ_k‖² − ‖x − μ_c‖² = w_k·x + b_k,    w_k = 2(μ_c − μ_k),  b_k = ‖μ_k‖² − ‖μ_c‖²

is a linear layer, and f_c = min_{k≠c} h_k, the logit, a pooling: the assignment, neuralized. It is at
least 0, and 0 on the border to another cluster. Relevance goes back through both layers:

    R_k = f_c exp(−β h_k) / Σ_{k'≠c} exp(−β h_k')                            (soft-min pooling)
    R_i = Σ_{k≠c} R_k (x_i − m_ik) w_ik / Σ_i' (x_i' − m_i'k) w_i'k          (midpoint rule)

with m_k = (μ_c + μ_k)/2. The second denominator is h_k, so that Σ_i R_i = Σ_k R_k = f_c for every β.
`thinkalike.neon.blocks` has the arithmetic.

Source: Kauffmann, Esders, Ruff, Montavon, Samek and Müller, From Clustering to Cluster Explanations via
Neural Networks, IEEE TNNLS 2022 (arXiv:1906.07633), sections III and IV.
"""

from collections.abc import Callable
from itertools import zip_longest
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from thinkalike.errors import InputError
from thinkalike.neon.blocks import Block, blocks, not_finite
from thinkalike.neon.explanation import ClusterExplanation, probability


class Neon(BaseEstimator):
    """Neuralized k-means, in scikit-learn's conventions.

    Points are (N, D) arrays or data frames. float32 is computed in float32, everything else in
    float64.

    Args:
        clusters: centroids (K, D), or a fitted estimator with `cluster_centers_` (KMeans,
            MiniBatchKMeans).
        beta: β ≥ 0 of the pooling, in units of 1/logit. The larger, the more the nearest competitor
            alone counts, at `inf` it alone; at 0 all count the same. None: 1/mean logit of the points
            that `fit` is given, the paper's heuristic.

    Attributes:
        centroids_: (K, D).
        beta_: β.
        n_features_in_: D.
        feature_names_in_: of a data frame whose columns are strings, to which this, or the estimator,
            was fitted.
    """

    centroids_: np.ndarray
    beta_: float
    n_features_in_: int
    feature_names_in_: np.ndarray

    def __init__(self, clusters: Any, *, beta: float | None = None) -> None:
        self.clusters = clusters
        self.beta = beta

    def fit(self, points: Any = None, y: object = None) -> "Neon":
        """Take the centroids and, where β is not given, find it from points.

        Raises:
            InputError: centroids that are not K ≥ 2 rows of finite numbers, an estimator that is not
                fitted, no β and no points, a β that is negative or no number, points that are not
                as the centroids or not finite.
        """
        self.centroids_ = _centroids(self.clusters)
        self.n_features_in_ = self.centroids_.shape[1]
        names = _names(points) or tuple(getattr(self.clusters, "feature_names_in_", ()))
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if self.beta is not None and not (isinstance(self.beta, Real) and self.beta >= 0):
            raise InputError(f"beta is {self.beta!r}; give a number of at least 0, or None")
        if points is not None:
            array = self._checked(points)
            if not np.isfinite(array).all():
                raise not_finite(array)
        if self.beta is not None:
            self.beta_ = float(self.beta)
        elif points is None or not len(array):
            raise InputError("without a beta, Neon.fit needs points to find one; give it some")
        else:
            mean = float(self.logits(points).mean(dtype=np.float64))
            # all points on borders: f_c = 0 is shared out, whatever β is
            self.beta_ = 1 / mean if mean > 0 else np.inf
        if names:
            self.feature_names_in_ = np.array(names, object)
        return self

    def predict(self, points: Any) -> np.ndarray:
        """(N,) the nearest centroid of each point."""
        return self._blockwise(points, lambda block: block.clusters, (), np.intp)

    def logits(self, points: Any) -> np.ndarray:
        """(N,) f_c of the cluster that each point is in; not negative."""
        return self._blockwise(points, lambda block: block.logits, ())

    def probabilities(self, points: Any) -> np.ndarray:
        """(N,) 1/(1 + exp(−f_c))."""
        return probability(self.logits(points))

    def decision_function(self, points: Any) -> np.ndarray:
        """(N, K) f_k = min_{j≠k} ‖x − μ_j‖² − ‖x − μ_k‖² for every cluster; positive for its own alone."""

        def decisions(block: Block) -> np.ndarray:
            values = -block.gaps
            values[block.rows, block.clusters] = block.logits
            return values

        return self._blockwise(points, decisions, (len(self._fitted()),))

    def discriminants(self, points: Any) -> np.ndarray:
        """(N, K) h_k = ‖x − μ_k‖² − ‖x − μ_c‖² of every cluster; 0 for the point's own."""
        return self._blockwise(points, lambda block: block.gaps, (len(self._fitted()),))

    def competition(self, points: Any) -> np.ndarray:
        """(N, K) R_k, the relevance of every competing cluster; 0 for the point's own."""

        def competition(block: Block) -> np.ndarray:
            return block.logits[:, None] * block.shares(self.beta_)

        return self._blockwise(points, competition, (len(self._fitted()),))

    def explain(self, points: Any) -> ClusterExplanation:
        """Clusters, competitors, logits and relevances of points."""
        names = _names(points)
        points = self._checked(points)
        count, features = points.shape
        clusters = np.empty(count, np.intp)
        competitors = np.empty(count, np.intp)
        logits = np.empty(count, points.dtype)
        relevances = np.empty((count, features), points.dtype)
        for part, block in blocks(points, self._fitted()):
            clusters[part], competitors[part] = block.clusters, block.competitors
            logits[part] = block.logits
            relevances[part] = block.relevances(self.beta_)
        return ClusterExplanation(
            clusters,
            competitors,
            logits,
            relevances,
            len(self._fitted()),
            names or tuple(getattr(self, "feature_names_in_", ())),
        )

    def _fitted(self) -> np.ndarray:
        """The centroids."""
        if not hasattr(self, "centroids_"):
            raise InputError("this Neon is not fitted; call fit first")
        return self.centroids_

    def _checked(self, points: Any) -> np.ndarray:
        """Points as an array with the features of the centroids."""
        centroids = self._fitted()
        names, known = _names(points), tuple(getattr(self, "feature_names_in_", ()))
        if names and known and names != known:
            pairs = zip_longest(names, known, fillvalue="nothing")
            theirs, ours = next(pair for pair in pairs if pair[0] != pair[1])
            raise InputError(
                f"where Neon was fitted to the feature {ours!r} the points have {theirs!r}; give the same "
                "columns in the same order"
            )
        array = np.asarray(points)
        if array.ndim != 2 or array.shape[1] != centroids.shape[1]:
            raise InputError(
                f"the points have shape {array.shape}, and the centroids {centroids.shape[1]} "
                "features; give an array of points by as many features"
            )
        return _numbers(array, "points")

    def _blockwise(
        self,
        points: Any,
        function: Callable[[Block], np.ndarray],
        shape: tuple[int, ...],
        dtype: Any = None,
    ) -> np.ndarray:
        """Values (N, *shape) that a function gives for every block of the points."""
        points = self._checked(points)
        values = np.empty((len(points), *shape), dtype or points.dtype)
        for part, block in blocks(points, self._fitted()):
            values[part] = function(block)
        return values


def _centroids(clusters: Any) -> np.ndarray:
    """Centroids of an array or of a fitted estimator."""
    if hasattr(clusters, "fit") and not hasattr(clusters, "cluster_centers_"):
        raise InputError(
            f"the {type(clusters).__name__} has no cluster_centers_; fit it first, or give centroids"
        )
    centroids = np.asarray(getattr(clusters, "cluster_centers_", clusters))
    if centroids.ndim != 2 or not centroids.size:
        raise InputError(
            f"the centroids have shape {centroids.shape}; give an array of clusters by features"
        )
    if len(centroids) == 1:
        raise InputError(
            "there is one cluster only, and a point is in it rather than in no other: nothing is to be "
            "explained; give at least two centroids"
        )
    centroids = _numbers(centroids, "centroids")
    bad = np.flatnonzero(~np.isfinite(centroids).all(1))
    if len(bad):
        raise InputError(
            f"the centroid of cluster {bad[0]} is not finite; fit the clusters to finite numbers"
        )
    return centroids


def _numbers(array: np.ndarray, what: str) -> np.ndarray:
    """float32 as it is, every other real type as float64."""
    if array.dtype == np.float32:
        return array
    if array.dtype.kind not in "fiub":
        raise InputError(f"the {what} are of type {array.dtype}; give real numbers")
    return array.astype(np.float64, copy=False)


def _names(points: Any) -> tuple[str, ...]:
    """Names of the columns of a data frame, if all are strings."""
    columns = getattr(points, "columns", None)
    if columns is None or not all(isinstance(name, str) for name in columns):
        return ()
    return tuple(columns)
