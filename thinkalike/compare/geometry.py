"""The geometry of a matrix of dissimilarities: is it Euclidean, and what follows."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Geometry:
    """What a dissimilarity matrix is.

    Attributes:
        models: models with all cells present.
        missing: cells above the diagonal that are missing.
        smallest_eigenvalue: of the doubly centred matrix −½ J D² J, over its largest; below 0 by
            more than rounding: no points in any Euclidean space have these distances.
        euclidean: whether some have.
        worst_triangle: the largest d(a, b) − d(a, c) − d(c, b); above 0: a detour is shorter.
        triangle: whether the triangle inequality holds.
    """

    models: int
    missing: int
    smallest_eigenvalue: float
    euclidean: bool
    worst_triangle: float
    triangle: bool


def geometry(matrix: np.ndarray, tolerance: float = 1e-8) -> Geometry:
    """Whether a dissimilarity matrix is Euclidean and obeys the triangle inequality.

    Euclidean: Schoenberg's condition, −½ J D² J positive semi-definite with J = I − 11ᵀ/M. Models
    with missing cells are left out first (`complete`).
    """
    missing = int(np.isnan(matrix[np.triu_indices_from(matrix, 1)]).sum())
    keep = complete(matrix)
    distances = matrix[np.ix_(keep, keep)]
    size = len(distances)
    if size < 2:
        return Geometry(size, missing, 0.0, False, 0.0, False)
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
        worst_triangle=worst,
        triangle=hollow and worst <= tolerance * float(distances.max()),
    )


def complete(matrix: np.ndarray) -> np.ndarray:
    """Indices of models without a missing cell among them; no other model could be added.

    The model with the most missing cells is dropped until none is left, of equals the later one;
    then those that fit after all are taken back, the earlier ones first.
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
    """−½ J D² J with J = I − 11ᵀ/M: inner products about the mean, if D is Euclidean."""
    square = distances**2
    rows = square.mean(0, keepdims=True)
    return -0.5 * (square - rows - rows.T + square.mean())
