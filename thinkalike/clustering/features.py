"""Clusters of a model's features by k-means, their classes, and the images that stand for them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

from thinkalike.errors import InputError

UNMATCHED = ""
"""The class of a cluster for which none is left."""


def cluster(features: np.ndarray, count: int, *, restarts: int, seed: int) -> KMeans:
    """k-means, fitted: the best of several starts.

    Args:
        features: (N, D).
        count: number of clusters, K.
        restarts: number of starts.
        seed: below 2^32.

    Raises:
        InputError: fewer than two clusters, or fewer points than clusters.
    """
    if not 2 <= count <= len(features):
        raise InputError(
            f"{count} clusters of {len(features)} images: give a number of clusters between 2 and that "
            "of the images"
        )
    return KMeans(count, n_init=restarts, random_state=seed).fit(features)


@dataclass(frozen=True)
class Matching:
    """Clusters beside classes.

    Attributes:
        classes: the class of each of K clusters, so that as many points as can be are in the cluster
            of their class (the Hungarian method on the contingency table); each class once.
        matched: share of the points that are in the cluster of their class.
        purity: share of the points that are of the most frequent class in their cluster.
        adjusted_rand: index of the two partitions: 1 if they are the same, 0 on average by chance.
    """

    classes: tuple[str, ...]
    matched: float
    purity: float
    adjusted_rand: float


def match(clusters: np.ndarray, class_names: Any, count: int) -> Matching:
    """Match clusters (N,) of 0 … count − 1 to the classes of the same points, N names.

    With more clusters than classes some have none, `UNMATCHED`.
    """
    labels = np.asarray(class_names, str)
    names = np.unique(labels)
    # a row for every cluster, those without a point too
    rows = np.concatenate([np.arange(count), clusters])
    table = contingency_matrix(rows, np.concatenate([np.full(count, names[0]), labels])).astype(int)
    table[:, 0] -= 1
    matched, columns = linear_sum_assignment(-table)
    classes = np.full(count, UNMATCHED, object)
    classes[matched] = names[columns]
    return Matching(
        tuple(str(name) for name in classes),
        float(table[matched, columns].sum() / table.sum()),
        float(table.max(1).sum() / table.sum()),
        float(adjusted_rand_score(class_names, clusters)),
    )


def gallery(
    clusters: np.ndarray, distances: np.ndarray, logits: np.ndarray, number: int
) -> np.ndarray:
    """Positions of the images that stand for every cluster, cluster by cluster.

    They are those nearest to the centroid, and last the one nearest to another cluster.

    Args:
        clusters: (N,).
        distances: (N,) to the own centroid.
        logits: (N,) f_c.
        number: of images for each cluster, at most.
    """
    chosen: list[int] = []
    for name in np.unique(clusters):
        members = np.flatnonzero(clusters == name)
        border = members[logits[members].argmin()]
        others = members[members != border]
        typical = others[distances[others].argsort(kind="stable")][: number - 1]
        chosen += [*typical.tolist(), int(border)]
    return np.array(chosen)
