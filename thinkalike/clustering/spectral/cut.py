"""Clusters from the spectra of graphs, and of components where a graph falls apart.

A component that has no more vertices than a vertex has neighbours says nothing of clusters: its vertices
are *apart*, and are in none (in a graph of k nearest neighbours there is no such component, in a mutual
one there are many). If as many clusters are wanted as there are components, or fewer, the components are
the clusters, those joined first that are least far from each other (single linkage).
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

from thinkalike.clustering.spectral.graphs import GRAPHS, Matrix, Scales, components, graph, nearest
from thinkalike.clustering.spectral.spectra import (
    LAPLACIANS,
    MOST,
    SHOWN,
    TOLERANCE,
    Spectrum,
    embedding,
    gaps,
    number_of_clusters,
    random_walk,
    spectrum,
)
from thinkalike.errors import InputError
from thinkalike.randomness import integer_seed

Pair = tuple[str, str]
"""A graph and a Laplacian."""

ALL: tuple[Pair, ...] = tuple(product(GRAPHS, LAPLACIANS))
"""The twelve pairs of a graph and a Laplacian."""

APART = -1
"""The cluster of points that are in none."""

RESTARTS = 10
"""Starts of k-means, of which the best counts."""

RESTARTS_OF_SAMPLES = 3
"""The starts where points are a sample, of which there are hundreds."""


@dataclass(frozen=True)
class GraphSpectrum:
    """Spectrum by one graph and one Laplacian, ready to be cut into clusters.

    Attributes:
        pair: the graph and the Laplacian.
        spectrum: of the graph without the points that are apart.
        kept: the other points, in order.
        parts: the component of each of them.
        components, edges: numbers of the whole graph.
        size: N.
    """

    pair: Pair
    spectrum: Spectrum
    kept: np.ndarray
    parts: np.ndarray
    components: int
    edges: int
    size: int


@dataclass(frozen=True)
class Clustering:
    """Clusters by one graph and one Laplacian.

    Attributes:
        clusters: (N,), numbered from 0 by size; `APART` for points that are in none.
        number: K.
        values: the smallest eigenvalues of the graph without the points that are apart.
        components, edges: numbers of the whole graph.
        apart: number of points that are in no cluster.
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
        steps = gaps(self.values)
        return float(steps[self.number - 1]) if self.number <= len(steps) else 0.0


def graph_spectra(
    distances: np.ndarray,
    count: int | Mapping[Pair, int],
    scales: Scales,
    *,
    pairs: Sequence[Pair] = ALL,
    tolerance: float = TOLERANCE,
) -> dict[Pair, GraphSpectrum]:
    """Spectra of several graphs and Laplacians.

    Args:
        distances: (N, N), symmetric.
        count: least number of eigenvalues; one for all pairs, or one for each.
        scales: neighbours and widths of the graphs.
        pairs: graphs and Laplacians.
        tolerance: as for `spectrum`.

    Raises:
        InputError: a graph has no edge.
    """
    spectra = {}
    kinds = dict.fromkeys(kind for kind, _ in pairs)
    near = nearest(distances, scales.neighbours) if {"knn", "mutual"} & set(kinds) else None
    for kind in kinds:
        weights = graph(distances, kind, scales, near)
        edges = _entries(weights) // 2
        if not edges:
            raise InputError(
                f"the {kind} graph has no edge; give more neighbours or larger scales "
                "(neighbours, sigma, epsilon)"
            )
        labels = components(weights)
        sizes = np.bincount(labels)
        kept = np.flatnonzero(sizes[labels] >= min(scales.neighbours + 1, sizes.max()))
        inside = weights if len(kept) == len(labels) else weights[kept][:, kept]
        counts = {
            p[1]: count if isinstance(count, int) else count[p] for p in pairs if p[0] == kind
        }
        _, parts = np.unique(labels[kept], return_inverse=True)
        for name, values in _spectra_of_graph(inside, counts, tolerance).items():
            pair = kind, name
            spectra[pair] = GraphSpectrum(pair, values, kept, parts, len(sizes), edges, len(labels))
    return {pair: spectra[pair] for pair in pairs}


def _entries(weights: Matrix) -> int:
    return int(np.count_nonzero(weights) if isinstance(weights, np.ndarray) else weights.nnz)


def _spectra_of_graph(
    weights: Matrix, count: Mapping[str, int], tolerance: float
) -> dict[str, Spectrum]:
    """Spectra of several Laplacians of one graph; both normalised ones are of one matrix."""
    spectra = {}
    for name in ("unnormalised", "symmetric"):
        also = ("random_walk",) if name == "symmetric" else ()
        most = max((count[one] for one in (name, *also) if one in count), default=0)
        if most:
            spectra[name] = spectrum(weights, name, most, tolerance=tolerance)
    if "random_walk" in count:
        spectra["random_walk"] = random_walk(spectra["symmetric"], weights)
    return spectra


def eigenvalue_count(clusters: int | None) -> int:
    """Number of eigenvalues that are computed: those shown, and what the number of clusters takes."""
    return max(SHOWN, MOST + 1, (clusters or 0) + 1)


def clusterings(
    distances: np.ndarray,
    spectra: Mapping[Pair, GraphSpectrum],
    clusters: int | Mapping[Pair, int] | None = None,
    *,
    seed: int,
    restarts: int = RESTARTS,
) -> dict[Pair, Clustering]:
    """Clusters by several graphs and Laplacians.

    Args:
        distances: (N, N).
        spectra: result of `graph_spectra` for these distances.
        clusters: K, for all pairs or for each; None for the eigengap. Where fewer points are in
            clusters at all, K is their number.
        seed: of k-means, which is seeded by the names of the pair, too.
        restarts: starts of k-means, of which the best counts.
    """
    numbers = clusters if isinstance(clusters, Mapping) else dict.fromkeys(spectra, clusters)
    return {
        pair: _cut(distances, values, numbers[pair], integer_seed(seed, "k-means", *pair), restarts)
        for pair, values in spectra.items()
    }


def _cut(
    distances: np.ndarray,
    graph_spectrum: GraphSpectrum,
    clusters: int | None,
    seed: int,
    restarts: int,
) -> Clustering:
    """Clusters from one spectrum."""
    spectrum, kept, parts = graph_spectrum.spectrum, graph_spectrum.kept, graph_spectrum.parts
    count = int(parts.max()) + 1
    number = min(clusters or number_of_clusters(spectrum.values, count), len(kept))
    if number <= count:
        local = _joined(parts, distances, kept, number)
    else:
        points = embedding(spectrum.vectors[:, :number], graph_spectrum.pair[1])
        local = _k_means(points, number, seed, restarts)
    everywhere = np.full(graph_spectrum.size, APART)
    everywhere[kept] = numbered_by_size(local)
    return Clustering(
        everywhere,
        int(everywhere.max()) + 1,
        spectrum.values,
        graph_spectrum.components,
        graph_spectrum.size - len(kept),
        graph_spectrum.edges,
    )


def _joined(labels: np.ndarray, distances: np.ndarray, kept: np.ndarray, number: int) -> np.ndarray:
    """Components joined by single linkage until their number is this one."""
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


def _k_means(points: np.ndarray, number: int, seed: int, restarts: int) -> np.ndarray:
    with warnings.catch_warnings():
        # fewer distinct points than clusters, as copies have: there are then fewer clusters
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(number, n_init=restarts, random_state=seed % 2**32).fit(points).labels_


def numbered_by_size(labels: np.ndarray) -> np.ndarray:
    """Clusters numbered from 0 by size, the largest first; of equals the one that begins earlier."""
    _, first, inverse, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(sizes), np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[inverse]
