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

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from thinkalike.clustering.spectral.graphs import (
    GRAPHS,
    Matrix,
    Scales,
    components,
    graph,
    nearest,
    scales,
)
from thinkalike.clustering.spectral.spectra import (
    LAPLACIANS,
    MOST,
    SHOWN,
    TOLERANCE,
    Spectrum,
    embedding,
    gaps,
    number_of_clusters,
    spectrum,
    walked,
)
from thinkalike.errors import InputError
from thinkalike.randomness import integer_seed

ALL = tuple(product(GRAPHS, LAPLACIANS))
"""The twelve pairs of a graph and a Laplacian."""


APART = -1
"""The cluster of points that are in none."""


RESTARTS = 10


Pair = tuple[str, str]
"""A graph and a Laplacian."""


def _entries(weights: Matrix) -> int:
    return int(np.count_nonzero(weights) if isinstance(weights, np.ndarray) else weights.nnz)


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
