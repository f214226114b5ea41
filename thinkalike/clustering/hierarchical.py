"""Agglomerative clustering of a dissimilarity matrix."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score

from thinkalike.compare.magnitude import near_one
from thinkalike.errors import InputError

LINKAGES = ("average", "single", "complete", "weighted", "ward")
CUTS = (2, 3, 4)
"""Numbers of clusters that dendrograms are cut into, to compare linkages."""


def linkage(matrix: np.ndarray, kind: str, *, euclidean: bool) -> np.ndarray:
    """Linkage of a dissimilarity matrix, in scipy's form: (M − 1, 4) left, right, height, size.

    Args:
        matrix: (M, M), symmetric, no missing cell; the diagonal is not used.
        kind: average, single, complete, weighted or ward.
        euclidean: whether the matrix holds Euclidean distances (`compare.geometry`).

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
    # ward squares heights
    condensed, exponent = near_one(_condensed(matrix))
    tree = hierarchy.linkage(condensed, kind)  # type: ignore[arg-type]
    tree[:, 2] = np.ldexp(tree[:, 2], exponent)
    return tree


def cophenetic_correlation(matrix: np.ndarray, tree: np.ndarray) -> float:
    """Pearson correlation of the dissimilarities with the heights at which pairs are joined."""
    return _correlation(_condensed(matrix), hierarchy.cophenet(tree))


def cophenetic_agreement(tree: np.ndarray, other: np.ndarray) -> float:
    """Pearson correlation of the heights at which two dendrograms of the same models join pairs.

    Args:
        tree: (M − 1, 4), scipy's form.
        other: another one.

    Returns:
        At most 1; NaN where a dendrogram joins all pairs at one height.
    """
    return _correlation(hierarchy.cophenet(tree), hierarchy.cophenet(other))


def cut(tree: np.ndarray, clusters: int) -> np.ndarray:
    """Cluster of every model, (M,) from 1, where the dendrogram is cut into so many clusters.

    A cut is at one height: joins at equal heights are all made or none is, whatever the order of the
    models, so that there may be fewer clusters.
    """
    return hierarchy.fcluster(tree, clusters, criterion="maxclust")


def cut_agreement(tree: np.ndarray, other: np.ndarray, clusters: int) -> float:
    """Adjusted Rand index of two dendrograms of the same models, each cut into so many clusters.

    Returns:
        1 for the same clusters, about 0 for unrelated ones; NaN where there are not more models than
        clusters, so that there is one way only.
    """
    if clusters > len(tree):
        return float("nan")
    return float(adjusted_rand_score(cut(tree, clusters), cut(other, clusters)))


def agreement_table(trees: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """How far every two dendrograms of the same models agree.

    Args:
        trees: linkage → tree; one without a row was refused, and its cells are empty.

    Returns:
        linkage_a, linkage_b, cophenetic_correlation, and adjusted_rand_k for cuts into k clusters.
    """
    rows = []
    for a, b in combinations(trees, 2):
        both = len(trees[a]) > 0 and len(trees[b]) > 0
        row = {"linkage_a": a, "linkage_b": b, "cophenetic_correlation": np.nan}
        if both:
            row["cophenetic_correlation"] = cophenetic_agreement(trees[a], trees[b])
        for clusters in CUTS:
            index = cut_agreement(trees[a], trees[b], clusters) if both else np.nan
            row[f"adjusted_rand_{clusters}"] = index
        rows.append(row)
    columns = ["linkage_a", "linkage_b", "cophenetic_correlation"]
    return pd.DataFrame(rows, columns=[*columns, *(f"adjusted_rand_{k}" for k in CUTS)])


def leaf_order(matrix: np.ndarray, tree: np.ndarray) -> list[int]:
    """Order of the models along the dendrogram, neighbours alike.

    Scipy's ordering is meant to be the best that the dendrogram allows, and often is not
    (scipy issue 11227).
    """
    best = hierarchy.optimal_leaf_ordering(tree, _condensed(matrix))
    return [int(leaf) for leaf in hierarchy.leaves_list(best)]


def _correlation(values: np.ndarray, others: np.ndarray) -> float:
    """Pearson correlation; NaN where either are all the same."""
    if np.ptp(values) == 0 or np.ptp(others) == 0:
        return float("nan")
    return float(np.corrcoef(near_one(values)[0], near_one(others)[0])[0, 1])


def _condensed(matrix: np.ndarray) -> np.ndarray:
    symmetric = (matrix + matrix.T) / 2
    np.fill_diagonal(symmetric, 0)
    return squareform(symmetric, checks=False)
