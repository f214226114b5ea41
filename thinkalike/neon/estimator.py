"""NEON: why a point is in its k-means cluster and not in another, feature by feature.

k-means puts x into c = argmin_k ‖x − μ_k‖². For every other cluster k

    h_k = ‖x − μ_k‖² − ‖x − μ_c‖² = w_k·x + b_k,    w_k = 2(μ_c − μ_k),  b_k = ‖μ_k‖² − ‖μ_c‖²

is a linear layer, and f_c = min_{k≠c} h_k, the logit, a pooling: the assignment, neuralized. It is at
least 0, and 0 on the border to another cluster. Relevance goes back through both layers:

    R_k = f_c exp(−β h_k) / Σ_{k'≠c} exp(−β h_k')                            (soft-min pooling)
    R_i = Σ_{k≠c} R_k (x_i − m_ik) w_ik / Σ_i' (x_i' − m_i'k) w_i'k          (midpoint rule)

with m_k = (μ_c + μ_k)/2. The second denominator is h_k, so that Σ_i R_i = Σ_k R_k = f_c for every β.

How it is computed: since (x_i − m_ik) w_ik = (x_i − μ_ki)² − (x_i − μ_ci)², with s_k = R_k/h_k for the
others and s_c = −Σ_{k≠c} s_k,

    R_i = Σ_k s_k μ_ki² − 2 x_i Σ_k s_k μ_ki

are two products of matrices behind the one that gives all h_k. No array has more than points times
features, or points times clusters, and these are worked on in blocks.

Source: Kauffmann, Esders, Ruff, Montavon, Samek and Müller, From Clustering to Cluster Explanations via
Neural Networks, IEEE TNNLS 2022 (arXiv:1906.07633), sections III and IV.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from thinkalike.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


BLOCK_BYTES = 2**19
"""Of a block of points: what the caches of a processor hold, with the products made of it."""


LOCAL = 1 / 64
"""A point whose second nearest centroid is nearer than this share (of squared distances) of where
centroids and point are spread is looked at from its own centroid, where less is lost to rounding."""


@dataclass(frozen=True)
class ClusterExplanation:
    """Why each of N points is in its cluster.

    Attributes:
        clusters: (N,) the cluster c of each point.
        competitors: (N,) the nearest other cluster.
        logits: (N,) f_c, a squared distance: how much farther that cluster is.
        relevances: (N, D) R_i, in the same unit; positive speaks for the cluster, negative for
            another. They sum to the logit.
        count: of clusters, K.
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

    def table(self) -> "pd.DataFrame":
        """A row for each point: cluster, competitor, logit, probability, and every feature's relevance."""
        import pandas as pd

        columns = {
            "cluster": self.clusters,
            "competitor": self.competitors,
            "logit": self.logits,
            "probability": self.probabilities,
        }
        return pd.concat([pd.DataFrame(columns), self._named(self.relevances)], axis=1)

    def summary(self) -> "pd.DataFrame":
        """A row for each cluster and one for all: points, mean logit, and every feature's mean relevance.

        The index is the cluster, and `all`. A cluster without a point has no mean.
        """
        import pandas as pd

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

    def _named(self, relevances: np.ndarray) -> "pd.DataFrame":
        import pandas as pd

        names = self.feature_names or [f"feature_{i}" for i in range(relevances.shape[1])]
        return pd.DataFrame(relevances, columns=list(names))


class Neon:
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
                raise _not_finite(array)
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

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments, as scikit-learn's `clone` asks for them."""
        return {"clusters": self.clusters, "beta": self.beta}

    def set_params(self, **parameters: Any) -> "Neon":
        """Other arguments; `fit` again afterwards."""
        for name, value in parameters.items():
            if name not in self.get_params():
                raise InputError(f"Neon has no parameter {name!r}; it has clusters and beta")
            setattr(self, name, value)
        return self

    def predict(self, points: Any) -> np.ndarray:
        """(N,) the nearest centroid of each point."""
        return self._over(points, lambda look: look.clusters, (), np.intp)

    def logits(self, points: Any) -> np.ndarray:
        """(N,) f_c of the cluster that each point is in; not negative."""
        return self._over(points, lambda look: look.logits, ())

    def probabilities(self, points: Any) -> np.ndarray:
        """(N,) 1/(1 + exp(−f_c))."""
        return probability(self.logits(points))

    def decision_function(self, points: Any) -> np.ndarray:
        """(N, K) f_k = min_{j≠k} ‖x − μ_j‖² − ‖x − μ_k‖² for every cluster; positive for its own alone."""

        def every(look: "_Look") -> np.ndarray:
            values = -look.gaps
            values[look.rows, look.clusters] = look.logits
            return values

        return self._over(points, every, (len(self._fitted()),))

    def discriminants(self, points: Any) -> np.ndarray:
        """(N, K) h_k = ‖x − μ_k‖² − ‖x − μ_c‖² of every cluster; 0 for the point's own."""
        return self._over(points, lambda look: look.gaps, (len(self._fitted()),))

    def competition(self, points: Any) -> np.ndarray:
        """(N, K) R_k, the relevance of every competing cluster; 0 for the point's own."""

        def shared(look: "_Look") -> np.ndarray:
            return look.logits[:, None] * look.shares(self.beta_)

        return self._over(points, shared, (len(self._fitted()),))

    def explain(self, points: Any) -> ClusterExplanation:
        """Clusters, logits and relevances of points, from one look at each."""
        names = _names(points)
        points = self._checked(points)
        count, features = points.shape
        clusters = np.empty(count, np.intp)
        competitors = np.empty(count, np.intp)
        logits = np.empty(count, points.dtype)
        relevances = np.empty((count, features), points.dtype)
        for part, look in _looks(points, self._fitted()):
            clusters[part], competitors[part] = look.clusters, look.competitors
            logits[part] = look.logits
            relevances[part] = look.relevances(self.beta_)
        return ClusterExplanation(
            clusters,
            competitors,
            logits,
            relevances,
            len(self._fitted()),
            names or tuple(getattr(self, "feature_names_in_", ())),
        )

    def _fitted(self) -> np.ndarray:
        if not hasattr(self, "centroids_"):
            raise InputError("this Neon is not fitted; call fit first")
        return self.centroids_

    def _checked(self, points: Any) -> np.ndarray:
        centroids = self._fitted()
        names, known = _names(points), tuple(getattr(self, "feature_names_in_", ()))
        if names and known and names != known:
            theirs, ours = next(
                pair
                for pair in zip_longest(names, known, fillvalue="nothing")
                if len(set(pair)) > 1
            )
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

    def _over(
        self,
        points: Any,
        ask: Callable[["_Look"], np.ndarray],
        shape: tuple[int, ...],
        dtype: Any = None,
    ) -> np.ndarray:
        """What every look at a part of the points answers, put together."""
        points = self._checked(points)
        found = np.empty((len(points), *shape), dtype or points.dtype)
        for part, look in _looks(points, self._fitted()):
            found[part] = ask(look)
        return found


def probability(logits: np.ndarray) -> np.ndarray:
    """1/(1 + exp(−f)) for logits f ≥ 0, of any shape."""
    return np.asarray(1 / (1 + np.exp(-logits)))


class _Look:
    """Points and centroids as seen from an origin near them, and what follows for the assignment.

    Attributes:
        points: (B, D), less the origin.
        centroids: (K, D), less the origin.
        clusters, competitors: (B,) the nearest centroid and the second nearest.
        gaps: (B, K) h_k, 0 for the own cluster.
        logits: (B,) f_c.
    """

    def __init__(self, points: np.ndarray, centroids: np.ndarray, origin: np.ndarray) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # found below
            self.points = points - origin
            self.centroids = centroids - origin
            self.squares = self.centroids**2
            distances = self.points @ self.centroids.T  # up to ‖x‖², the same for all centroids
            distances *= -2
            distances += self.squares.sum(1)
        if not np.isfinite(distances).all():
            raise FloatingPointError
        self.rows = np.arange(len(points))
        self.clusters = distances.argmin(1)
        own = distances[self.rows, self.clusters]
        self.gaps = distances
        self.gaps -= own[:, None]
        self.gaps[self.rows, self.clusters] = np.inf
        self.competitors = self.gaps.argmin(1)
        self.logits = self.gaps[self.rows, self.competitors]
        self.gaps[self.rows, self.clusters] = 0
        self._own = own

    def local(self) -> np.ndarray:
        """The rows that are better looked at from their own centroids."""
        norms = np.einsum("ij,ij->i", self.points, self.points)
        second = norms + self._own + self.logits
        return np.flatnonzero(second < LOCAL * (norms + self.squares.sum(1).max()))

    def shares(self, beta: float) -> np.ndarray:
        """(B, K) exp(−β h_k) / Σ exp(−β h_k'), 0 for the own cluster."""
        excess = self.gaps - self.logits[:, None]
        excess[self.rows, self.clusters] = 0
        if beta > float(np.finfo(excess.dtype).max):
            weights = (excess == 0).astype(excess.dtype)
        else:
            with np.errstate(over="ignore"):  # to −inf, of which the exponential is 0
                excess *= -beta
            weights = np.exp(excess, out=excess)
        weights[self.rows, self.clusters] = 0
        weights /= weights.sum(1, keepdims=True)
        return weights

    def relevances(self, beta: float) -> np.ndarray:
        """(B, D) R_i."""
        scales = self.shares(beta)
        # R_k/h_k = share · f/h. On a border f and h are 0: their quotient tends to 1 from inside.
        nearness = np.divide(
            self.logits[:, None], self.gaps, out=np.ones_like(self.gaps), where=self.gaps > 0
        )
        scales *= nearness
        scales[self.rows, self.clusters] = -scales.sum(1)
        found = scales @ (-2 * self.centroids)
        found *= self.points
        found += scales @ self.squares
        return found


def _looks(points: np.ndarray, centroids: np.ndarray) -> Iterator[tuple[Any, _Look]]:
    """Looks at all points, each with the slice or numbers of its rows; the last look at a row counts.

    A block is looked at from the mean of the centroids, so that where the data lie costs no digits.
    Where clusters of clusters lie far apart that is not near enough: some rows are then looked at
    again, cluster by cluster.
    """
    centroids = centroids.astype(points.dtype)
    middle = centroids.mean(0)
    size = max(BLOCK_BYTES // (points.itemsize * max(centroids.shape)), 1)
    again: list[np.ndarray] = []
    theirs: list[np.ndarray] = []
    for start in range(0, len(points), size):
        part = slice(start, min(start + size, len(points)))
        try:
            look = _Look(points[part], centroids, middle)
        except FloatingPointError:
            raise _not_finite(points) from None
        yield part, look
        local = look.local()
        again.append(start + local)
        theirs.append(look.clusters[local])
    if not sum(map(len, again)):
        return
    rows, clusters = np.concatenate(again), np.concatenate(theirs)
    order = clusters.argsort(kind="stable")
    rows, clusters = rows[order], clusters[order]
    for cluster, start in zip(*np.unique(clusters, return_index=True), strict=True):
        end = np.searchsorted(clusters, cluster, side="right")
        for first in range(start, end, size):
            block = rows[first : min(first + size, end)]
            yield block, _Look(points[block], centroids, centroids[cluster])


def _centroids(clusters: Any) -> np.ndarray:
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
    columns = getattr(points, "columns", None)
    if columns is None or not all(isinstance(name, str) for name in columns):
        return ()
    return tuple(columns)


def _not_finite(points: np.ndarray) -> InputError:
    bad = np.argwhere(~np.isfinite(points))
    if not len(bad):
        return InputError(
            "the points are so large that their squared distances overflow; scale points and centroids "
            "down"
        )
    return InputError(
        f"of {len(points)} points {len(np.unique(bad[:, 0]))} are not finite, the first in feature "
        f"{bad[0, 1]}; leave them out or replace the missing values"
    )


def _mean(relevances: np.ndarray) -> np.ndarray:
    """Over the first axis; in float64, for a sum of millions in float32 loses digits."""
    return np.asarray(relevances.mean(0, dtype=np.float64).astype(relevances.dtype))
