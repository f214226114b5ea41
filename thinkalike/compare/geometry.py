"""The geometry of a matrix of dissimilarities: is it Euclidean, and what follows."""

from dataclasses import dataclass

import numpy as np

from thinkalike.compare.magnitude import near_one


@dataclass(frozen=True)
class Geometry:
    """Geometry of a dissimilarity matrix.

    Attributes:
        models: number of models with all cells present.
        missing: number of cells above the diagonal that are missing.
        smallest_eigenvalue: of the doubly centred matrix −½ J D² J, over its largest; below 0 by
            more than rounding: no points in any Euclidean space have these distances.
        euclidean: whether points in a Euclidean space have these distances.
        worst_triangle: largest d(a, b) − d(a, c) − d(c, b); above 0: a detour is shorter.
        triangle: whether the triangle inequality holds.
    """

    models: int
    missing: int
    smallest_eigenvalue: float
    euclidean: bool
    worst_triangle: float
    triangle: bool


def geometry(matrix: np.ndarray, tolerance: float = 1e-8) -> Geometry:
    """Geometry of a dissimilarity matrix: is it Euclidean, does the triangle inequality hold?

    Euclidean: Schoenberg's condition, −½ J D² J positive semi-definite with J = I − 11ᵀ/M. Models
    with missing cells are left out first (`complete`).

    Args:
        matrix: (M, M), symmetric; NaN where a cell is missing.
        tolerance: rounding, relative to the largest eigenvalue and the largest dissimilarity.
    """
    missing = int(np.isnan(matrix[np.triu_indices_from(matrix, 1)]).sum())
    keep = complete(matrix)
    size = len(keep)
    if size < 2:
        return Geometry(size, missing, 0.0, False, 0.0, False)
    distances, exponent = near_one(matrix[np.ix_(keep, keep)])
    eigenvalues = np.linalg.eigvalsh(doubly_centred(distances))
    smallest = float(eigenvalues[0] / max(eigenvalues[-1], np.finfo(float).tiny))
    # row by row: all detours at once are 8 GB for 1,000 models
    detour = np.array([(row[:, None] + distances).min(0) for row in distances])
    worst = float((distances - detour).max())
    hollow = bool((np.abs(np.diag(distances)) <= tolerance).all())
    return Geometry(
        models=size,
        missing=missing,
        smallest_eigenvalue=smallest,
        euclidean=hollow and smallest >= -tolerance,
        worst_triangle=float(np.ldexp(worst, exponent.item())),
        triangle=hollow and worst <= tolerance * float(distances.max()),
    )


def complete(matrix: np.ndarray) -> np.ndarray:
    """Indices of models that have no missing cell among them and to which no other can be added.

    The model with the most missing cells is dropped, of equals the later one, until no cell is
    missing; then models that fit after all are taken back, the earlier ones first.
    """
    keep = np.arange(len(matrix))
    while np.isnan(matrix[np.ix_(keep, keep)]).any():
        holes = np.isnan(matrix[np.ix_(keep, keep)]).sum(1)
        keep = np.delete(keep, len(keep) - 1 - int(np.argmax(holes[::-1])))
    for model in np.setdiff1d(np.arange(len(matrix)), keep):
        larger = np.sort(np.append(keep, model))
        if not np.isnan(matrix[np.ix_(larger, larger)]).any():
            keep = larger
    return keep


def doubly_centred(distances: np.ndarray) -> np.ndarray:
    """Doubly centred matrix −½ J D² J, J = I − 11ᵀ/M: inner products about the mean for Euclidean D."""
    square = distances**2
    rows = square.mean(0, keepdims=True)
    return -0.5 * (square - rows - rows.T + square.mean())
