"""Models as points in the plane."""

from dataclasses import dataclass

import numpy as np
from sklearn.manifold import smacof

from thinkalike.compare.geometry import doubly_centred
from thinkalike.compare.magnitude import near_one


@dataclass(frozen=True)
class Embedding:
    """Models as points, and how well these stand for the matrix.

    Attributes:
        points: (M, 2).
        quality: for PCA the share of the variance on each axis, (2,); for MDS stress-1, (1,).
    """

    points: np.ndarray
    quality: np.ndarray


def principal_components(matrix: np.ndarray) -> Embedding:
    """First two principal components of the points whose distances are D.

    Eigenvectors of −½ J D² J scaled by the roots of their eigenvalues (Torgerson 1952; Gower 1966):
    for Euclidean D exactly the PCA of the points. The share of variance counts positive eigenvalues
    only; where D is not Euclidean the negative ones have no axis. Signs are fixed: on each axis the
    entry of largest size is positive.
    """
    distances, exponent = near_one(matrix)
    values, vectors = np.linalg.eigh(doubly_centred(distances))
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    points = np.zeros((len(matrix), 2))
    share = np.zeros(2)
    axes = min(2, len(matrix))
    points[:, :axes] = vectors[:, :axes] * np.sqrt(values[:axes])
    if values.sum() > 0:
        share[:axes] = values[:axes] / values.sum()
    largest = np.abs(points).argmax(0)
    points *= np.where(points[largest, [0, 1]] < 0, -1, 1)
    return Embedding(np.ldexp(points, exponent), share)


def multidimensional_scaling(matrix: np.ndarray) -> Embedding:
    """Metric multidimensional scaling (SMACOF) from the principal components as its start.

    Points in the plane whose distances are as near as can be to D; stress-1 (Kruskal) is
    √(Σ (d − D)² / Σ D²), 0 for a perfect picture. With a fixed start nothing is random.
    """
    distances, exponent = near_one(matrix)
    symmetric = (distances + distances.T) / 2
    np.fill_diagonal(symmetric, 0)
    start = principal_components(symmetric).points
    total = (symmetric**2).sum()
    if total == 0:  # smacof would divide 0 by 0, and warn a thousand times
        return Embedding(start, np.zeros(1))
    points, _ = smacof(symmetric, n_components=2, init=start, n_init=1, max_iter=1000, eps=1e-9)
    drawn = np.linalg.norm(points[:, None] - points[None], axis=2)
    stress = np.sqrt(((drawn - symmetric) ** 2).sum() / total)
    return Embedding(np.ldexp(points - points.mean(0), exponent), np.array([stress]))
