"""Clusters of a model's features: k-means, matched to the images' classes, and explained by NEON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.clustering.features import cluster, gallery, match
from thinkalike.images.synsets import class_word
from thinkalike.neon.estimator import Neon
from thinkalike.progress import log
from thinkalike.randomness import integer_seed
from thinkalike.stores.arrays import open_arrays, write_arrays

STRONGEST = 8
"""Features of a cluster that are named in its summary."""


@dataclass(frozen=True)
class FeatureClustering:
    """Settings of the clustering of features and of its explanation.

    Attributes:
        clusters: their number; None for as many as there are classes.
        restarts: starts of k-means, of which the best counts.
        beta: β of NEON; None for one over the mean logit.
        shown: images of each cluster that are explained to the pixels.
    """

    clusters: int | None = None
    restarts: int = 10
    beta: float | None = None
    shown: int = 3


@dataclass(frozen=True)
class FeatureClusters:
    """Clusters of the features of one model.

    Attributes:
        image_ids: of N images.
        features: (N, D).
        relevances: (N, D) of the features for the logit, as squared distances of features.
        logits: (N,) f_c, likewise.
        clusters: (N,) the cluster of each image.
        competitors: (N,) the nearest other cluster.
        centroids: (K, D).
        classes: K names of the classes matched to the clusters; `UNMATCHED` where none is left.
        called: K display names of these classes.
        beta: β of NEON's pooling.
        inertia: sum of squared distances from the centroids.
        purity, matched, adjusted_rand: agreement with the classes, as of `Matching`.
    """

    image_ids: Sequence[str]
    features: np.ndarray
    relevances: np.ndarray
    logits: np.ndarray
    clusters: np.ndarray
    competitors: np.ndarray
    centroids: np.ndarray
    classes: Sequence[str]
    called: Sequence[str]
    beta: float
    inertia: float
    purity: float
    matched: float
    adjusted_rand: float

    def attributes(self, code: str) -> dict[str, Any]:
        """Numbers about all clusters, and the fingerprint of the code that made them, for a file."""
        return {**{name: getattr(self, name) for name in MEASURES}, "code": code}

    @property
    def quality(self) -> dict[str, float]:
        """Numbers of images, features and clusters, agreement with the classes, β and the mean logit."""
        return {
            "images": len(self.clusters),
            "features": self.features.shape[1],
            "clusters": len(self.centroids),
            **{
                name: getattr(self, name) for name in ("purity", "matched", "adjusted_rand", "beta")
            },
            "mean_logit": float(self.logits.mean()),
        }

    def gallery(self, number: int) -> np.ndarray:
        """Positions of at most `number` images of each cluster: typical ones, the last near the border."""
        distances = ((self.features - self.centroids[self.clusters]) ** 2).sum(1)
        return gallery(self.clusters, distances, self.logits, number)

    def summary(self, class_names: Sequence[str]) -> pd.DataFrame:
        """A row for every cluster that has images.

        Args:
            class_names: of the images.

        Returns:
            cluster, class_name, class_word (`images.synsets`), images, of_class (images of that class),
            next (most frequent nearest other cluster), mean_logit, strongest (numbers of features) and
            shares (their mean relevances as shares of the mean logit), as in "12, 3".
        """
        names = np.asarray(class_names)
        rows = []
        for number in np.unique(self.clusters):
            members = np.flatnonzero(self.clusters == number)
            mean = self.relevances[members].mean(0, dtype=np.float64)
            logit = self.logits[members].mean()
            strongest = np.argsort(-np.abs(mean), kind="stable")[:STRONGEST]
            shares = mean[strongest] / logit if logit > 0 else np.zeros(len(strongest))
            rows.append(
                {
                    "cluster": number,
                    "class_name": self.classes[number],
                    "class_word": class_word(self.classes[number]),
                    "images": len(members),
                    "of_class": int((names[members] == self.classes[number]).sum()),
                    "next": np.bincount(self.competitors[members]).argmax(),
                    "mean_logit": logit,
                    "strongest": ", ".join(map(str, strongest)),
                    "shares": ", ".join(f"{share:.4f}" for share in shares),
                }
            )
        return pd.DataFrame(rows)


MEASURES = ("beta", "inertia", "purity", "matched", "adjusted_rand")
"""Numbers about all clusters, attributes of their file."""

DIMENSIONS = {
    "features": ("image", "feature"),
    "relevances": ("image", "feature"),
    "logits": ("image",),
    "clusters": ("image",),
    "competitors": ("image",),
    "centroids": ("cluster", "feature"),
    "classes": ("cluster",),
    "called": ("cluster",),
}
"""Array of a file of clusters → its dimensions."""


def cluster_features(
    features: np.ndarray,
    images: pd.DataFrame,
    settings: FeatureClustering,
    *,
    titles: Mapping[str, str],
    name: str,
    seed: int,
) -> FeatureClusters:
    """Cluster the features of one model's images, and explain why each image is in its cluster.

    Args:
        features: (N, D), computed with in float64.
        images: a row for each image: image_id, class_name.
        settings: of the clustering.
        titles: class → display name, where it has another one than `class_word` gives.
        name: of the model, which seeds k-means together with `seed`.
        seed: of the study.

    Raises:
        InputError: fewer than two clusters, or fewer images than clusters.
    """
    points, class_names = features.astype(np.float64), images["class_name"].tolist()
    count = settings.clusters or len(set(class_names))
    start = integer_seed(seed, "clusters", name) % 2**32
    fitted = cluster(points, count, restarts=settings.restarts, seed=start)
    neon = Neon(fitted, beta=settings.beta).fit(points)
    explanation = neon.explain(points)
    matching = match(explanation.clusters, class_names, count)
    log.info(
        "%d clusters of %d features: purity %.3f, %.3f in the cluster of their class, β %.3g",
        *(count, points.shape[1], matching.purity, matching.matched, neon.beta_),
    )
    return FeatureClusters(
        image_ids=images["image_id"].tolist(),
        features=points,
        relevances=explanation.relevances,
        logits=explanation.logits,
        clusters=explanation.clusters,
        competitors=explanation.competitors,
        centroids=neon.centroids_,
        classes=matching.classes,
        called=[titles.get(name, class_word(name)) for name in matching.classes],
        beta=neon.beta_,
        inertia=float(fitted.inertia_),
        purity=matching.purity,
        matched=matching.matched,
        adjusted_rand=matching.adjusted_rand,
    )


def write_clusters(path: str, explained: FeatureClusters, *, model: str, code: str) -> None:
    """Write clusters of features as NetCDF, features and relevances in float32."""
    values = {name: getattr(explained, name) for name in DIMENSIONS}
    values |= {name: values[name].astype(np.float32) for name in ("features", "relevances")}
    write_arrays(
        path,
        {name: (dimensions, values[name]) for name, dimensions in DIMENSIONS.items()},
        coordinates={"image": explained.image_ids},
        attributes={
            "model": model,
            "units": "logits and relevances: squared distances of features",
            **explained.attributes(code),
        },
    )


def read_clusters(path: str) -> FeatureClusters:
    """Read clusters of features.

    Raises:
        InputError: the file is missing, damaged, or lacks a variable.
    """
    with open_arrays(path, list(DIMENSIONS)) as dataset:
        values: dict[str, Any] = {name: dataset[name].to_numpy() for name in DIMENSIONS}
        measures: dict[str, Any] = {name: float(dataset.attrs[name]) for name in MEASURES}
        image_ids = dataset["image"].to_numpy().tolist()
    return FeatureClusters(image_ids=image_ids, **values, **measures)
