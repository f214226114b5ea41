"""Agglomerative clustering of a dissimilarity matrix."""

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from thinkalike.errors import InputError

LINKAGES = ("average", "single", "complete", "weighted", "ward")


def linkage(matrix: np.ndarray, kind: str, *, euclidean: bool) -> np.ndarray:
    """Linkage of a dissimilarity matrix, in scipy's form: (M − 1, 4) left, right, height, size.

    Args:
        matrix: (M, M), symmetric, no missing cell; the diagonal is not used.
        kind: average, single, complete, weighted or ward.
        euclidean: whether the matrix holds Euclidean distances (`similarity.geometry`).

    Raises:
        InputError: fewer than two models, or ward on a matrix that is not Euclidean: ward minimises
            variances, which only points have.
    """
    if kind not in LINKAGES:
        raise InputError(f"linkage {kind!r} is none of {', '.join(LINKAGES)}")
    if len(matrix) < 2:
        raise InputError("fewer than two models can be compared; there is nothing to cluster")
    if kind == "ward" and not euclidean:
        raise InputError(
            "ward is left out: it minimises variances, which need Euclidean distances, and this "
            "matrix has none; use average, or the chord dissimilarity over all images"
        )
    return hierarchy.linkage(_condensed(matrix), kind)  # type: ignore[arg-type]


def cophenetic_correlation(matrix: np.ndarray, tree: np.ndarray) -> float:
    """Pearson correlation of the dissimilarities with the heights at which pairs are joined."""
    condensed = _condensed(matrix)
    heights = hierarchy.cophenet(tree)
    if np.ptp(condensed) == 0 or np.ptp(heights) == 0:
        return float("nan")
    return float(np.corrcoef(condensed, heights)[0, 1])


def leaf_order(matrix: np.ndarray, tree: np.ndarray) -> list[int]:
    """Order of the models along the dendrogram, neighbours alike.

    Scipy's ordering is meant to be the best that the dendrogram allows, and often is not
    (scipy issue 11227).
    """
    best = hierarchy.optimal_leaf_ordering(tree, _condensed(matrix))
    return [int(leaf) for leaf in hierarchy.leaves_list(best)]


def _condensed(matrix: np.ndarray) -> np.ndarray:
    symmetric = (matrix + matrix.T) / 2
    np.fill_diagonal(symmetric, 0)
    return squareform(symmetric, checks=False)
