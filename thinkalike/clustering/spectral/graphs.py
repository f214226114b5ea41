"""Distances of points, and weighted graphs of them: by a radius, by nearest neighbours, and full.

Source: von Luxburg, A tutorial on spectral clustering, 2007, sections 2.2 and 8.1.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.cluster import hierarchy
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from thinkalike.errors import InputError

GRAPHS = ("epsilon", "knn", "mutual", "full")

ROUNDING = 1e-12
"""Squared distances below this share of the points' squared lengths are zero."""

ROWS_AT_A_TIME = 1024
"""Rows of a matrix that are worked on together, to bound memory."""

Matrix = np.ndarray | sparse.csr_array


def distances_from_products(products: np.ndarray) -> np.ndarray:
    """Euclidean distances of points whose inner products are given, (N, N) float64.

    ‖x − y‖² = x·x + y·y − 2 x·y is the difference of large numbers for points that are near: below a
    millionth of their lengths two points count as one.

    Raises:
        InputError: a product is not finite.
    """
    square = np.diagonal(products).astype(np.float64)
    if not np.isfinite(products).all():
        raise InputError("an inner product of two maps is not finite; explain that model again")
    distances = np.empty(products.shape)
    for start in range(0, len(products), ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        total = square[rows, None] + square
        part = total - 2 * products[rows]
        part[part < ROUNDING * total] = 0
        np.sqrt(part, out=distances[rows])
    # the two triangles may differ in the last digit, and neighbours must not depend on that
    _symmetrise(distances)
    np.fill_diagonal(distances, 0)
    return distances


def _symmetrise(matrix: np.ndarray) -> None:
    """Copy the lower triangle to the upper one, block by block."""
    for start in range(0, len(matrix), ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        matrix[:start, rows] = matrix[rows, :start].T
        block = matrix[rows, rows]
        upper = np.triu_indices(len(block), 1)
        block[upper] = block.T[upper]


@dataclass(frozen=True)
class Scales:
    """Neighbours and widths that graphs are made with.

    Attributes:
        neighbours: k of the graphs of nearest neighbours.
        sigma: σ of the Gaussian, a distance.
        epsilon: ε of the graph of that name, a distance.
    """

    neighbours: int
    sigma: float
    epsilon: float


@dataclass(frozen=True)
class ScaleSettings:
    """Scales as a user gives them; None for what follows from the points.

    Attributes:
        neighbours: k; by default ⌈ln n⌉ + 1 of n points. At most n − 1 count.
        sigma: σ; by default the mean distance to the k-th neighbour.
        epsilon: ε; by default the longest edge of the minimum spanning tree, the least for which the
            graph is connected.
    """

    neighbours: int | None = None
    sigma: float | None = None
    epsilon: float | None = None

    def scales(self, distances: np.ndarray) -> Scales:
        """Scales for points with these distances, (N, N).

        Raises:
            InputError: fewer than three points, or all of them the same.
        """
        n = len(distances)
        if n < 3:
            raise InputError(
                f"{n} points cannot be clustered; give at least three maps that are not blank"
            )
        if not distances.any():
            raise InputError(
                f"all {n} maps are the same, so that there is nothing to cluster; leave the model out, "
                "or take another method"
            )
        k = min(self.neighbours or math.ceil(math.log(n)) + 1, n - 1)
        sigma, epsilon = self.sigma, self.epsilon
        if sigma is None:
            sigma = float(np.partition(distances, k, axis=1)[:, k].mean())
        if epsilon is None:
            # single linkage joins along the edges of the tree, of length zero too
            epsilon = float(hierarchy.linkage(squareform(distances, checks=False), "single")[-1, 2])
        return Scales(k, sigma, epsilon)


def graph(
    distances: np.ndarray, kind: str, scales: Scales, near: sparse.csr_array | None = None
) -> Matrix:
    """Weights of the graph, (N, N), symmetric with an empty diagonal.

    * `epsilon`: 1 where the distance is at most ε.
    * `knn`: the Gaussian, where one is among the k nearest of the other.
    * `mutual`: the Gaussian, where both are.
    * `full`: the Gaussian everywhere.

    The Gaussian is exp(−d²/(2σ²)), for σ = 0 (half of the points and more have k copies) its limit: 1
    for copies, else 0. A weight that is 0 in float64 is no edge.

    Args:
        distances: (N, N).
        kind: name of the graph, of `GRAPHS`.
        scales: neighbours and widths.
        near: result of `nearest`, where it is known.

    Returns:
        Dense for `epsilon` and `full`, else sparse.

    Raises:
        InputError: there is no graph of this name.
    """
    match kind:
        case "epsilon":
            weights = (distances <= scales.epsilon).astype(np.float64)
        case "full":
            weights = _gaussian(distances, scales.sigma)
        case "knn" | "mutual":
            near = nearest(distances, scales.neighbours) if near is None else near
            both = near.maximum(near.T) if kind == "knn" else near.minimum(near.T)
            edges = both.tocoo()
            rows, columns = edges.coords
            values = _gaussian(distances[rows, columns], scales.sigma)
            few = sparse.csr_array((values, (rows, columns)), shape=distances.shape)
            few.eliminate_zeros()
            return few
        case _:
            raise InputError(f"graph {kind!r} is none of {', '.join(GRAPHS)}")
    np.fill_diagonal(weights, 0)
    return weights


def nearest(distances: np.ndarray, k: int) -> sparse.csr_array:
    """Matrix (N, N) with 1 in row i for the k points nearest to i, itself left out.

    Among points at equal distances the earlier ones count.
    """
    n = len(distances)
    columns = np.empty((n, k), np.int64)
    for start in range(0, n, ROWS_AT_A_TIME):
        part = distances[start : start + ROWS_AT_A_TIME].copy()
        part[np.arange(len(part)), np.arange(start, start + len(part))] = np.inf
        last = np.partition(part, k - 1, axis=1)[:, k - 1 : k]
        chosen = part < last
        ties = part == last
        room = k - chosen.sum(1, keepdims=True)
        chosen |= ties & (ties.cumsum(1) <= room)
        columns[start : start + len(part)] = np.nonzero(chosen)[1].reshape(len(part), k)
    entries = (np.ones(n * k), columns.ravel(), np.arange(n + 1) * k)
    return sparse.csr_array(entries, shape=(n, n))


def _gaussian(distances: np.ndarray, sigma: float) -> np.ndarray:
    """exp(−d²/(2σ²)), in an array of its own that is worked on in place."""
    if sigma == 0:
        return (distances == 0).astype(np.float64)
    weights = distances / (math.sqrt(2) * sigma)
    np.multiply(weights, weights, out=weights)
    np.negative(weights, out=weights)
    return np.exp(weights, out=weights)


def components(weights: Matrix) -> np.ndarray:
    """The component of every vertex, (N,) from 0, in the order of their first vertices."""
    n = weights.shape[0]
    if isinstance(weights, np.ndarray) and np.count_nonzero(weights, axis=1).max() == n - 1:
        return np.zeros(n, np.int64)
    _, labels = connected_components(sparse.csr_array(weights), directed=False)
    return labels.astype(np.int64)
