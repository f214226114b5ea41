"""Assignment and relevances of a block of points: two products of matrices behind the one for distances.

Since (x_i − m_ik) w_ik = (x_i − μ_ki)² − (x_i − μ_ci)², with s_k = R_k/h_k for the competitors and
s_c = −Σ_{k≠c} s_k,

    R_i = Σ_k s_k μ_ki² − 2 x_i Σ_k s_k μ_ki.

No array has more than points times features, or points times clusters. Letters are those of
`thinkalike.neon.estimator`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from thinkalike.errors import InputError

BLOCK_BYTES = 2**19
"""Bytes of a block of points: what the caches of a processor hold, with the products made of it."""

LOCAL = 1 / 64
"""A point whose second nearest centroid is nearer than this share (of squared distances) of where
centroids and point are spread is seen from its own centroid, where less is lost to rounding."""


class Block:
    """Points and centroids as seen from an origin near them, and what follows for the assignment.

    Attributes:
        points: (B, D), less the origin.
        centroids: (K, D), less the origin.
        squares: (K, D) of the centroids.
        clusters, competitors: (B,) the nearest centroid and the second nearest.
        gaps: (B, K) h_k, 0 for the own cluster.
        logits: (B,) f_c.

    Raises:
        FloatingPointError: a distance is not finite.
    """

    def __init__(self, points: np.ndarray, centroids: np.ndarray, origin: np.ndarray) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # noticed below
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
        """Rows of the points that are better seen from their own centroids."""
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
        relevances = scales @ (-2 * self.centroids)
        relevances *= self.points
        relevances += scales @ self.squares
        return relevances


def blocks(points: np.ndarray, centroids: np.ndarray) -> Iterator[tuple[Any, Block]]:
    """Blocks of all points, each with the slice or numbers of its rows; the last block of a row counts.

    Blocks are seen from the mean of the centroids, so that where the data lie costs no digits. Where
    clusters of clusters lie far apart that is not near enough: some rows then come a second time,
    cluster by cluster.

    Raises:
        InputError: points that are not finite, or so large that their distances are not.
    """
    centroids = centroids.astype(points.dtype)
    middle = centroids.mean(0)
    size = max(BLOCK_BYTES // (points.itemsize * max(centroids.shape)), 1)
    again: list[np.ndarray] = []
    clusters_again: list[np.ndarray] = []
    for start in range(0, len(points), size):
        part = slice(start, min(start + size, len(points)))
        try:
            block = Block(points[part], centroids, middle)
        except FloatingPointError:
            raise not_finite(points) from None
        yield part, block
        local = block.local()
        again.append(start + local)
        clusters_again.append(block.clusters[local])
    if not sum(map(len, again)):
        return
    rows, clusters = np.concatenate(again), np.concatenate(clusters_again)
    order = clusters.argsort(kind="stable")
    rows, clusters = rows[order], clusters[order]
    for cluster, start in zip(*np.unique(clusters, return_index=True), strict=True):
        end = np.searchsorted(clusters, cluster, side="right")
        for first in range(start, end, size):
            members = rows[first : min(first + size, end)]
            yield members, Block(points[members], centroids, centroids[cluster])


def not_finite(points: np.ndarray) -> InputError:
    """Error about points that are not finite, or whose squared distances overflow."""
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
