"""Laplacians of graphs, their smallest eigenvalues and the points that the eigenvectors give.

A graph may fall apart. Its spectrum is the union of those of its components, so that each is computed
alone, and an eigenvalue is zero for every component, exactly.

Source: von Luxburg, A tutorial on spectral clustering, 2007, sections 3 and 8.3.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from thinkalike.clustering.spectral.graphs import Matrix, components
from thinkalike.compare.geometry import doubly_centred
from thinkalike.errors import InputError

LAPLACIANS = ("unnormalised", "symmetric", "random_walk")

DENSE = 300
"""Vertices up to which a component's whole spectrum is computed."""

MOST = 10
"""Clusters that the eigengap chooses, at most, unless the graph has more components."""

SHOWN = 15
"""Eigenvalues of a spectrum, by default."""

TOLERANCE = 1e-8
"""Relative tolerance of the eigenvalues of components of more than `DENSE` vertices."""

TOLERANCE_OF_SAMPLES = 1e-3
"""The tolerance where points are a sample, of which only the clusters are used."""


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


def _inverse_root(degrees: np.ndarray) -> np.ndarray:
    return np.divide(1, np.sqrt(degrees), out=np.zeros_like(degrees), where=degrees > 0)


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
    """The `count` smallest eigenvalues of a Laplacian, or all if there are fewer.

    Args:
        weights: of a graph.
        kind: name of the Laplacian, of `LAPLACIANS`.
        count: number of eigenvalues.
        tolerance: relative, of the eigenvalues of components of more than `DENSE` vertices.

    Raises:
        InputError: there is no Laplacian of this name.
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
    result = Spectrum(np.array([value for value, _, _ in parts]), vectors * _signs(vectors))
    return random_walk(result, weights) if kind == "random_walk" else result


def random_walk(symmetric: Spectrum, weights: Matrix) -> Spectrum:
    """The spectrum of L_rw from that of L_sym: equal eigenvalues, and the vectors D^(−1/2) u."""
    degrees = _degrees(weights)
    scale = np.where(degrees > 0, _inverse_root(degrees), 1)
    vectors = symmetric.vectors * scale[:, None]
    return Spectrum(symmetric.values, vectors * _signs(vectors))


def _signs(vectors: np.ndarray) -> np.ndarray:
    """±1 for every column, so that its entry of largest size becomes positive."""
    largest = vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])]
    return np.where(largest < 0, -1.0, 1.0)


def _start(n: int) -> np.ndarray:
    """Vector (n,) that Lanczos' method begins with: any one, and always this one."""
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
    pairs = None
    if n > DENSE and count < n // 2:
        pairs = _lanczos(weights, (diagonal, scale, first), above, count - 1, tolerance)
    if pairs is None:
        matrix = laplacian(weights, kind)
        dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        pairs = eigh(dense + above * np.outer(first, first), subset_by_index=[0, count - 2])
    values, vectors = pairs
    order = np.argsort(values, kind="stable")
    return np.r_[0.0, np.maximum(values[order], 0)], np.c_[first, vectors[:, order]]


def _lanczos(
    weights: Matrix, vectors: Sequence[np.ndarray], above: float, count: int, tolerance: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Smallest eigenvalues and vectors of D' − S W S, with that of `first` moved up.

    Most of the time goes into reading dense weights: it is halved where float32 is good enough.

    Args:
        weights: W.
        vectors: the diagonals of D' and S, and `first`.
        above: new eigenvalue of `first`.
        count: number of eigenvalues.
        tolerance: relative.

    Returns:
        None where they do not converge.
    """
    is_dense = isinstance(weights, np.ndarray)
    kind = np.float32 if is_dense and tolerance >= TOLERANCE_OF_SAMPLES else np.float64
    weights = weights.astype(kind, copy=False)
    diagonal, scale, first = (vector.astype(kind) for vector in vectors)

    def times(x: np.ndarray) -> np.ndarray:
        x = x.reshape(-1)
        return diagonal * x - scale * (weights @ (scale * x)) + (kind(above) * (first @ x)) * first

    operator: Any = LinearOperator((len(first), len(first)), matvec=times, dtype=kind)
    try:
        values, eigenvectors = eigsh(
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
    return values.astype(np.float64), eigenvectors.astype(np.float64)


def gaps(values: np.ndarray) -> np.ndarray:
    """Differences λ_{K+1} − λ_K for K = 1, 2, …"""
    return np.diff(values)


def number_of_clusters(values: np.ndarray, parts: int, *, most: int = MOST) -> int:
    """The K from 2 to `most` with the largest eigengap, the smallest of equals; at least the number of
    components, `parts`.

    Where there is no eigenvalue after the second there is no gap, and K is the number of components.
    """
    candidates = range(max(2, parts), min(most, len(values) - 1) + 1)
    if not candidates:
        return parts
    steps = gaps(values)
    return max(candidates, key=lambda k: (steps[k - 1], -k))


def embedding(vectors: np.ndarray, kind: str) -> np.ndarray:
    """The first eigenvectors (N, K) as points; with L_sym rows of length 1 (Ng, Jordan and Weiss)."""
    if kind != "symmetric":
        return vectors
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 0)


def plane(distances: np.ndarray) -> np.ndarray:
    """The points in two dimensions, (N, 2): classical scaling, the principal components of the points.

    As `clustering.embedding.principal_components`, by Lanczos' method, as there may be thousands of
    points.
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
