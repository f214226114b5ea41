"""Spectral clustering of points by their distances: four graphs, three Laplacians, and how stable it is.

The definitions are those of von Luxburg, A tutorial on spectral clustering, 2007. Everything starts
from a matrix of distances; what the points are does not matter here.

A graph may fall apart. Its spectrum is the union of those of its components, so that each is computed
alone and an eigenvalue is zero for every component, exactly. A component that has no more vertices
than a vertex has neighbours says nothing of clusters: its vertices are *apart*, and are in none (in a
graph of k nearest neighbours there is no such component, in a mutual one there are many). If as many
clusters are wanted as there are components, or fewer, the components are the clusters, those joined
first that are least far from each other (single linkage).
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.cluster import hierarchy
from scipy.linalg import eigh
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from scipy.spatial.distance import squareform
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from thinkalike.errors import InputError
from thinkalike.jobs import generator, integer_seed
from thinkalike.similarity import doubly_centred

GRAPHS = ("epsilon", "knn", "mutual", "full")
LAPLACIANS = ("unnormalised", "symmetric", "random_walk")
ALL = tuple(product(GRAPHS, LAPLACIANS))
"""The twelve pairs of a graph and a Laplacian."""
MOST = 10
"""Clusters that the eigengap chooses, at most, unless the graph has more components."""
SHOWN = 15
"""Eigenvalues of a spectrum."""
APART = -1
"""The cluster of points that are in none."""
DENSE = 300
"""Vertices up to which a component's whole spectrum is computed."""
RESTARTS = 10
TOLERANCE = 1e-8
"""Of the eigenvalues of a large component, relative."""
AGAIN = 1e-3
"""The same where the points are a sample, whose clusters are all that is asked for."""
ROUNDING = 1e-12
ROWS_AT_A_TIME = 1024

Matrix = np.ndarray | sparse.csr_array
Pair = tuple[str, str]
"""A graph and a Laplacian."""


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


def distances_of(points: np.ndarray) -> np.ndarray:
    """Euclidean distances of the rows of (N, P), in float64 and without more than (N, N) of memory.

    Raises:
        InputError: a point is not finite.
    """
    mean = points.mean(0, dtype=np.float64) if len(points) else 0
    products = np.empty((len(points), len(points)))
    for start in range(0, len(points), ROWS_AT_A_TIME):
        rows = slice(start, start + ROWS_AT_A_TIME)
        left = points[rows] - mean
        for other in range(0, start + 1, ROWS_AT_A_TIME):
            columns = slice(other, other + ROWS_AT_A_TIME)
            products[rows, columns] = left @ (points[columns] - mean).T
            products[columns, rows] = products[rows, columns].T
    return distances_from_products(products)


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
    """What a graph is made with.

    Attributes:
        neighbours: k.
        sigma: σ of the Gaussian.
        epsilon: ε.
    """

    neighbours: int
    sigma: float
    epsilon: float


def scales(
    distances: np.ndarray,
    *,
    neighbours: int | None = None,
    sigma: float | None = None,
    epsilon: float | None = None,
) -> Scales:
    """Those given, and by default k = ⌈ln n⌉ + 1, at most n − 1; σ, the mean distance to the k-th
    neighbour; and ε, the longest edge of the minimum spanning tree, the least for which the graph is
    connected.

    Raises:
        InputError: fewer than three points, or all of them the same.
    """
    n = len(distances)
    if n < 3:
        raise InputError(
            f"{n} points cannot be clustered; give at least three maps that are not blank "
            "(spectral.images)"
        )
    if not distances.any():
        raise InputError(
            f"all {n} maps are the same, so that there is nothing to cluster; leave the model out "
            "(spectral.models), or take another method (spectral.method)"
        )
    k = min(neighbours or math.ceil(math.log(n)) + 1, n - 1)
    if sigma is None:
        sigma = float(np.partition(distances, k, axis=1)[:, k].mean())
    if epsilon is None:
        # single linkage joins along the edges of the tree, of length zero too
        epsilon = float(hierarchy.linkage(squareform(distances, checks=False), "single")[-1, 2])
    return Scales(k, sigma, epsilon)


def graph(
    distances: np.ndarray, kind: str, given: Scales, near: sparse.csr_array | None = None
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
        kind: of graph.
        given: what it is made with.
        near: what `nearest` gives, where it is known.

    Returns:
        Dense for `epsilon` and `full`, else sparse.
    """
    match kind:
        case "epsilon":
            weights = (distances <= given.epsilon).astype(np.float64)
        case "full":
            weights = _gaussian(distances, given.sigma)
        case "knn" | "mutual":
            near = nearest(distances, given.neighbours) if near is None else near
            both = near.maximum(near.T) if kind == "knn" else near.minimum(near.T)
            edges = both.tocoo()
            rows, columns = edges.coords
            values = _gaussian(distances[rows, columns], given.sigma)
            few = sparse.csr_array((values, (rows, columns)), shape=distances.shape)
            few.eliminate_zeros()
            return few
        case _:
            raise InputError(f"graph {kind!r} is none of {', '.join(GRAPHS)}")
    np.fill_diagonal(weights, 0)
    return weights


def nearest(distances: np.ndarray, k: int) -> sparse.csr_array:
    """1 in row i for the k points nearest to i, itself left out; of equals the earlier ones. (N, N)."""
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
    if sigma == 0:
        return (distances == 0).astype(np.float64)
    weights = distances / (math.sqrt(2) * sigma)
    np.multiply(weights, weights, out=weights)
    np.negative(weights, out=weights)
    return np.exp(weights, out=weights)


def laplacian(weights: Matrix, kind: str) -> Matrix:
    """L = D − W, or L_sym = D^(−1/2) L D^(−1/2), of which both normalised spectra are.

    L_rw = D⁻¹ L has the eigenvalues of L_sym, and the eigenvectors D^(−1/2) u; it is not symmetric
    and never made. A vertex without an edge has a row of zeros in all of them.
    """
    degrees = _degrees(weights)
    diagonal, scale = degrees, np.ones(len(degrees))
    if kind != "unnormalised":
        diagonal, scale = (degrees > 0).astype(np.float64), _inverse_root(degrees)
    if isinstance(weights, np.ndarray):
        matrix = -weights
        if kind != "unnormalised":
            matrix *= scale
            matrix *= scale[:, None]
        matrix[np.diag_indices_from(matrix)] += diagonal
        return matrix
    scaling = sparse.diags_array(scale)
    return sparse.csr_array(sparse.diags_array(diagonal) - scaling @ weights @ scaling)


def _degrees(weights: Matrix) -> np.ndarray:
    return np.asarray(weights.sum(1), np.float64).ravel()


def _entries(weights: Matrix) -> int:
    return int(np.count_nonzero(weights) if isinstance(weights, np.ndarray) else weights.nnz)


def _inverse_root(degrees: np.ndarray) -> np.ndarray:
    return np.divide(1, np.sqrt(degrees), out=np.zeros_like(degrees), where=degrees > 0)


def components(weights: Matrix) -> np.ndarray:
    """The component of every vertex, (N,) from 0, in the order of their first vertices."""
    n = weights.shape[0]
    if isinstance(weights, np.ndarray) and np.count_nonzero(weights, axis=1).max() == n - 1:
        return np.zeros(n, np.int64)
    _, labels = connected_components(sparse.csr_array(weights), directed=False)
    return labels.astype(np.int64)


@dataclass(frozen=True)
class Spectrum:
    """The smallest eigenvalues of a Laplacian, and their vectors.

    Attributes:
        values: (C,), ascending; zero for every component, exactly.
        vectors: (N, C), of length 1 for L and L_sym; the entry of largest size is positive.
    """

    values: np.ndarray
    vectors: np.ndarray


def spectrum(
    weights: Matrix, kind: str, count: int = SHOWN, *, tolerance: float = TOLERANCE
) -> Spectrum:
    """The `count` smallest eigenvalues of a Laplacian, or all if there are not so many.

    Args:
        weights: of a graph.
        kind: unnormalised, symmetric or random_walk.
        count: how many.
        tolerance: relative, of the eigenvalues of components of more than `DENSE` vertices.
    """
    if kind not in LAPLACIANS:
        raise InputError(f"Laplacian {kind!r} is none of {', '.join(LAPLACIANS)}")
    labels = components(weights)
    parts = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        part = weights if len(members) == len(labels) else weights[members][:, members]
        values, vectors = _of_component(part, kind, min(count, len(members)), tolerance)
        parts += [(value, members, vectors[:, i]) for i, value in enumerate(values)]
    parts.sort(key=lambda one: one[0])
    parts = parts[:count]
    vectors = np.zeros((len(labels), len(parts)))
    for column, (_, members, vector) in enumerate(parts):
        vectors[members, column] = vector
    found = Spectrum(np.array([value for value, _, _ in parts]), vectors * _signs(vectors))
    return walked(found, weights) if kind == "random_walk" else found


def walked(symmetric: Spectrum, weights: Matrix) -> Spectrum:
    """The spectrum of L_rw from that of L_sym: the same eigenvalues, and D^(−1/2) u."""
    degrees = _degrees(weights)
    scale = np.where(degrees > 0, _inverse_root(degrees), 1)
    vectors = symmetric.vectors * scale[:, None]
    return Spectrum(symmetric.values, vectors * _signs(vectors))


def _signs(vectors: np.ndarray) -> np.ndarray:
    """±1 for every column, so that its entry of largest size becomes positive."""
    largest = vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])]
    return np.where(largest < 0, -1.0, 1.0)


def _start(n: int) -> np.ndarray:
    """Where Lanczos' method begins: any vector, and always the same."""
    return np.cos(math.sqrt(2) * np.arange(n))


def _of_component(
    weights: Matrix, kind: str, count: int, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Smallest eigenvalues and vectors of L or L_sym of a connected graph.

    The vector of the eigenvalue 0 is known. It is moved above all others; what is left starts with
    the second eigenvalue.
    """
    n = weights.shape[0]
    if n == 1:
        return np.zeros(1), np.ones((1, 1))
    diagonal = _degrees(weights)
    first, scale = np.ones(n), np.ones(n)
    if kind != "unnormalised":
        first, scale, diagonal = np.sqrt(diagonal), _inverse_root(diagonal), np.ones(n)
    first /= np.linalg.norm(first)
    if count == 1:
        return np.zeros(1), first[:, None]
    # no eigenvalue is larger than twice the largest degree
    above = 2.1 * float(diagonal.max())
    found = None
    if n > DENSE and count < n // 2:
        found = _lanczos(weights, (diagonal, scale, first), above, count - 1, tolerance)
    if found is None:
        matrix = laplacian(weights, kind)
        dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        found = eigh(dense + above * np.outer(first, first), subset_by_index=[0, count - 2])
    values, vectors = found
    order = np.argsort(values, kind="stable")
    return np.r_[0.0, np.maximum(values[order], 0)], np.c_[first, vectors[:, order]]


def _lanczos(
    weights: Matrix, vectors: Sequence[np.ndarray], above: float, count: int, tolerance: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Smallest eigenvalues and vectors of D' − S W S, with that of `first` moved up.

    Most of the time goes into reading dense weights: it is halved where that is good enough.

    Args:
        weights: W.
        vectors: the diagonals of D' and S, and `first`.
        above: where the eigenvalue of `first` goes.
        count: how many.
        tolerance: relative.

    Returns:
        None where they do not converge.
    """
    is_dense = isinstance(weights, np.ndarray)
    kind = np.float32 if is_dense and tolerance >= AGAIN else np.float64
    weights = weights.astype(kind, copy=False)
    diagonal, scale, first = (vector.astype(kind) for vector in vectors)

    def times(x: np.ndarray) -> np.ndarray:
        x = x.reshape(-1)
        return diagonal * x - scale * (weights @ (scale * x)) + (kind(above) * (first @ x)) * first

    operator: Any = LinearOperator((len(first), len(first)), matvec=times, dtype=kind)
    try:
        values, found = eigsh(
            operator,
            count,
            which="SA",
            v0=_start(len(first)).astype(kind),
            tol=tolerance,
            # more of them take fewer passes over dense weights
            ncv=max(100 if is_dense else 40, 2 * count + 10),
        )
    except ArpackNoConvergence:
        return None
    return values.astype(np.float64), found.astype(np.float64)


def gaps(values: np.ndarray) -> np.ndarray:
    """λ_{K+1} − λ_K for K = 1, 2, …"""
    return np.diff(values)


def number_of_clusters(values: np.ndarray, parts: int, *, most: int = MOST) -> int:
    """The K from 2 to `most` with the largest eigengap, the smallest of equals; at least the number of
    components, `parts`.

    Where there is no eigenvalue after the second there is no gap, and K is the number of components.
    """
    candidates = range(max(2, parts), min(most, len(values) - 1) + 1)
    if not candidates:
        return parts
    found = gaps(values)
    return max(candidates, key=lambda k: (found[k - 1], -k))


def embedding(vectors: np.ndarray, kind: str) -> np.ndarray:
    """The first eigenvectors (N, K) as points; with L_sym rows of length 1 (Ng, Jordan and Weiss)."""
    if kind != "symmetric":
        return vectors
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 0)


@dataclass(frozen=True)
class Clustering:
    """Clusters by one graph and one Laplacian.

    Attributes:
        clusters: (N,), numbered from 0 by size; `APART` for points that are in none.
        number: K.
        values: the smallest eigenvalues of the graph without what is apart.
        components: of the whole graph.
        apart: how many points are in none.
        edges: of the whole graph.
    """

    clusters: np.ndarray
    number: int
    values: np.ndarray
    components: int
    apart: int
    edges: int

    @property
    def gap(self) -> float:
        """The eigengap after K; 0 where no eigenvalue follows."""
        found = gaps(self.values)
        return float(found[self.number - 1]) if self.number <= len(found) else 0.0


@dataclass(frozen=True)
class Embedded:
    """A graph and a Laplacian, ready to be cut into clusters.

    Attributes:
        spectrum: of the graph without what is apart.
        kept: the points that are not, in order.
        parts: the component of each of them.
        components, edges: of the whole graph.
        size: N.
    """

    spectrum: Spectrum
    kept: np.ndarray
    parts: np.ndarray
    components: int
    edges: int
    size: int


def embedded(
    distances: np.ndarray,
    pairs: Sequence[Pair],
    count: int | Mapping[Pair, int],
    *,
    given: Scales,
    tolerance: float = TOLERANCE,
) -> dict[Pair, Embedded]:
    """Spectra of several graphs and Laplacians.

    Args:
        distances: (N, N), symmetric.
        pairs: of a graph and a Laplacian.
        count: eigenvalues, at least; of all pairs, or of each.
        given: what the graphs are made with.
        tolerance: as for `spectrum`.

    Raises:
        InputError: a graph has no edge.
    """
    found = {}
    kinds = dict.fromkeys(kind for kind, _ in pairs)
    near = nearest(distances, given.neighbours) if {"knn", "mutual"} & set(kinds) else None
    for kind in kinds:
        weights = graph(distances, kind, given, near)
        edges = _entries(weights) // 2
        if not edges:
            raise InputError(
                f"the {kind} graph has no edge; give more neighbours or larger scales "
                "(spectral.neighbours, spectral.sigma, spectral.epsilon)"
            )
        labels = components(weights)
        sizes = np.bincount(labels)
        kept = np.flatnonzero(sizes[labels] >= min(given.neighbours + 1, sizes.max()))
        inside = weights if len(kept) == len(labels) else weights[kept][:, kept]
        asked = {p[1]: count if isinstance(count, int) else count[p] for p in pairs if p[0] == kind}
        _, parts = np.unique(labels[kept], return_inverse=True)
        for name, of in _spectra(inside, asked, tolerance).items():
            found[kind, name] = Embedded(of, kept, parts, len(sizes), edges, len(labels))
    return {pair: found[pair] for pair in pairs}


def _spectra(weights: Matrix, count: Mapping[str, int], tolerance: float) -> dict[str, Spectrum]:
    """Those of several Laplacians of one graph; both normalised ones are of one matrix."""
    found = {}
    for name in ("unnormalised", "symmetric"):
        also = ("random_walk",) if name == "symmetric" else ()
        most = max((count[one] for one in (name, *also) if one in count), default=0)
        if most:
            found[name] = spectrum(weights, name, most, tolerance=tolerance)
    if "random_walk" in count:
        found["random_walk"] = walked(found["symmetric"], weights)
    return found


def cut(
    distances: np.ndarray,
    of: Embedded,
    pair: Pair,
    clusters: int | None = None,
    *,
    most: int = MOST,
    seed: int,
) -> Clustering:
    """Clusters from a spectrum.

    Args:
        distances: (N, N), of which the spectrum is.
        of: the spectrum.
        pair: its graph and Laplacian.
        clusters: K, where fewer points are in clusters at all, as many as they are; None for the
            eigengap.
        most: clusters that the eigengap chooses.
        seed: of k-means, which is seeded by the names of the pair, too.
    """
    count = int(of.parts.max()) + 1
    number = clusters or number_of_clusters(of.spectrum.values, count, most=most)
    number = min(number, len(of.kept))
    if number <= count:
        local = _joined(of.parts, distances, of.kept, number)
    else:
        points = embedding(of.spectrum.vectors[:, :number], pair[1])
        local = _k_means(points, number, integer_seed(seed, "k-means", *pair))
    everywhere = np.full(of.size, APART)
    everywhere[of.kept] = numbered_by_size(local)
    return Clustering(
        everywhere,
        int(everywhere.max()) + 1,
        of.spectrum.values,
        of.components,
        of.size - len(of.kept),
        of.edges,
    )


def clusterings(
    distances: np.ndarray,
    *,
    pairs: Sequence[Pair] = ALL,
    clusters: int | None = None,
    most: int = MOST,
    neighbours: int | None = None,
    sigma: float | None = None,
    epsilon: float | None = None,
    seed: int,
) -> dict[Pair, Clustering]:
    """Clusters by several graphs and Laplacians: `scales`, `embedded` and `cut`.

    Raises:
        InputError: fewer points than clusters, fewer than three, all the same, or no edge.
    """
    check_number(clusters, len(distances))
    given = scales(distances, neighbours=neighbours, sigma=sigma, epsilon=epsilon)
    spectra = embedded(distances, pairs, eigenvalues(clusters, most), given=given)
    return {
        pair: cut(distances, of, pair, clusters, most=most, seed=seed)
        for pair, of in spectra.items()
    }


def eigenvalues(clusters: int | None, most: int = MOST) -> int:
    """How many are needed, and shown."""
    return max(SHOWN, most + 1, (clusters or 0) + 1)


def check_number(clusters: int | None, n: int) -> None:
    """Refuse more clusters than points."""
    if clusters is not None and not 1 <= clusters <= n:
        raise InputError(
            f"{clusters} clusters of {n} maps: give fewer (spectral.clusters), or more images "
            "(spectral.images)"
        )


def _joined(labels: np.ndarray, distances: np.ndarray, kept: np.ndarray, number: int) -> np.ndarray:
    """Components joined by single linkage until there are so many."""
    parts = int(labels.max()) + 1
    if number == parts:
        return labels
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(parts))
    within = distances[np.ix_(kept[order], kept[order])]
    between = np.minimum.reduceat(np.minimum.reduceat(within, starts, 0), starts, 1)
    np.fill_diagonal(between, 0)
    tree = hierarchy.linkage(squareform(between, checks=False), "single")
    return hierarchy.cut_tree(tree, [number]).ravel()[labels]


def _k_means(points: np.ndarray, number: int, seed: int) -> np.ndarray:
    with warnings.catch_warnings():
        # fewer distinct points than clusters, as copies have: there are then fewer clusters
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = KMeans(number, n_init=RESTARTS, random_state=seed % 2**32).fit(points)
    return fitted.labels_


def numbered_by_size(labels: np.ndarray) -> np.ndarray:
    """The same clusters, numbered from 0: the largest first, of equals the one that begins earlier."""
    _, first, inverse, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(sizes), np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[inverse]


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Adjusted Rand index of two clusterings on the points that are in a cluster of both.

    0 where fewer than two points are: nothing agrees.
    """
    both = (a != APART) & (b != APART)
    return float(adjusted_rand_score(a[both], b[both])) if both.sum() > 1 else 0.0


def agreements(clusters: Sequence[np.ndarray]) -> np.ndarray:
    """`agreement` of all pairs, (R, R)."""
    return np.array([[agreement(a, b) for b in clusters] for a in clusters])


def draws(n: int, number: int, seed: int, *names: str) -> list[np.ndarray]:
    """Bootstrap samples of n points, each as the points that are in it: some 63 %, in order.

    Copies are dropped: a point would be its own nearest neighbour, and a graph would fall apart.
    """
    return [
        np.unique(generator(seed, "bootstrap", *names, number).integers(0, n, n))
        for number in range(number)
    ]


def stabilities(
    distances: np.ndarray,
    results: Mapping[Pair, Clustering],
    samples: Sequence[np.ndarray],
    *,
    seed: int,
    tolerance: float = AGAIN,
    threads: int = 1,
    **options: Any,
) -> dict[Pair, np.ndarray]:
    """How far every result comes out again from a part of the points.

    Args:
        distances: (N, N).
        results: of all points; a sample is cut into as many clusters.
        samples: B arrays of points.
        seed: of k-means.
        tolerance: of the eigenvalues, `spectrum`.
        threads: samples that are clustered at the same time.
        options: neighbours, sigma and epsilon as for `scales`; what is not given follows the sample.

    Returns:
        Pair → (B,) adjusted Rand indices with the result of all points, on the points that are in a
        cluster of both; 0 for a sample that cannot be clustered.
    """
    numbers = {pair: result.number for pair, result in results.items()}

    def of(sample: np.ndarray) -> list[float]:
        part = distances[np.ix_(sample, sample)]
        try:
            given = scales(part, **options)
            spectra = embedded(part, list(results), numbers, given=given, tolerance=tolerance)
        except InputError:  # fewer than three points, or copies of one
            return [0.0] * len(results)
        return [
            agreement(
                results[pair].clusters[sample],
                cut(part, spectrum_of, pair, numbers[pair], seed=seed).clusters,
            )
            for pair, spectrum_of in spectra.items()
        ]

    # one thread for each sample: the same sums, in the same order, however many there are
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        values = np.array(list(pool.map(of, samples)))
    return {pair: values[:, place] for place, pair in enumerate(results)}


def known_agreement(clusters: np.ndarray, known: Sequence[Any]) -> tuple[float, float]:
    """Adjusted Rand index and normalised mutual information with what is known of the points.

    On the points that are in a cluster. NaN where what is known is the same of all of them, or is
    never the same: there is nothing to agree with.
    """
    inside = clusters != APART
    codes = np.unique(np.asarray(known, str), return_inverse=True)[1][inside]
    if len(np.unique(codes)) in (0, 1, len(codes)):
        return float("nan"), float("nan")
    mine = clusters[inside]
    return (
        float(adjusted_rand_score(codes, mine)),
        float(normalized_mutual_info_score(codes, mine)),
    )


@dataclass(frozen=True)
class Choices:
    """Mean agreement of results that differ in one choice alone; the lower, the more it matters.

    Attributes:
        graph: of pairs of results with one Laplacian and two graphs.
        laplacian: with one graph and two Laplacians.
        both: with two of either.
    """

    graph: float
    laplacian: float
    both: float


def choices(matrix: np.ndarray, pairs: Sequence[Pair] = ALL) -> Choices:
    """From the agreements (R, R) of results by these pairs."""
    groups: dict[tuple[bool, bool], list[float]] = {}
    for i, j in combinations(range(len(pairs)), 2):
        differ = pairs[i][0] != pairs[j][0], pairs[i][1] != pairs[j][1]
        groups.setdefault(differ, []).append(float(matrix[i, j]))
    means = {differ: float(np.mean(values)) for differ, values in groups.items()}
    return Choices(means[True, False], means[False, True], means[True, True])


def telling(stability: Sequence[float], sizes: Sequence[str], in_clusters: Sequence[float]) -> int:
    """The place of the result to look at: the most stable one that tells something.

    It has nine of ten points in clusters, and a second cluster with one of twenty; where no result
    has, the most stable one. A result that parts one point from all others says little, however often
    it comes out.

    Args:
        stability: of R results.
        sizes: of their clusters, the largest first, as in "120, 40, 14".
        in_clusters: share of the points that are.
    """
    ranks = []
    for place, (value, text, share) in enumerate(zip(stability, sizes, in_clusters, strict=True)):
        counts = [int(number) for number in str(text).split(", ")]
        second = counts[1] if counts[1:] else 0
        tells = share >= 0.9 and second >= sum(counts) / 20
        ranks.append((tells, value, -place))
    return max(range(len(ranks)), key=ranks.__getitem__)


def plane(distances: np.ndarray) -> np.ndarray:
    """The points in two dimensions, (N, 2): classical scaling, the principal components of the points.

    As `embedding.principal_components`, by Lanczos' method, as there may be thousands of points.
    """
    centred = doubly_centred(distances)
    n = len(centred)
    if n <= DENSE:
        values, vectors = eigh(centred, subset_by_index=[max(n - 2, 0), n - 1])
    else:
        values, vectors = eigsh(centred, 2, which="LA", v0=_start(n))
    order = np.argsort(-values, kind="stable")
    points = vectors[:, order] * np.sqrt(np.maximum(values[order], 0))
    points *= _signs(points)
    return points
