"""Clusters of images as the explorer's page has them: of maps (spectral), of features (NEON)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.clustering.spectral.cut import APART
from thinkalike.clustering.spectral.prototypes import UnitMaps, counts, prototypes
from thinkalike.clustering.spectral.telling import STABLE, telling
from thinkalike.compare.similarity import Comparison
from thinkalike.explorer.blocks import Blocks
from thinkalike.explorer.cases import numbers
from thinkalike.explorer.folder import StudyFolder
from thinkalike.explorer.maps import Source, add_maps
from thinkalike.methods import method_name
from thinkalike.neon.features import FeatureClusters, read_clusters
from thinkalike.plotting.spectral import GRAPH_NAMES, LAPLACIAN_NAMES
from thinkalike.stores.maps import read_image_ids, read_maps
from thinkalike.stores.tables import read_table

FINE = 32
"""Cells a side of maps on pixels of the evidence for a cluster, at most."""
SHOWN = 12
"""Points of a cluster that stand for it."""


def spectral_clusterings(
    study: StudyFolder,
    names: Mapping[str, str],
    comparison: Comparison,
    collection: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Clusterings of the maps of one class as `Clustering` of `page/types.js`.

    Args:
        study: of the files.
        names: model → display name.
        comparison: how maps were prepared.
        collection: of the images, with the maps of one method.
    """
    place = {image: number for number, image in enumerate(collection["ids"])}
    (method,) = collection["maps"]
    found = []
    for case, models in study.spectral.items():
        points = read_table(study.path("spectral", "clusters", case, "points.parquet"))
        results = read_table(study.path("spectral", "clusters", case, "results.csv"))
        paths = [study.path("spectral", "explanations", f"{model}.nc") for model in models]
        maps = UnitMaps([comparison.prepare(read_maps(path)[0]) for path in paths])
        who = names[models[0]] if len(models) == 1 else "all together"
        found.append(
            {
                "key": f"spectral/{case}",
                "title": f"{method_name(method)} maps: {who}",
                "kind": "spectral",
                "collection": "class",
                "maps": method,
                "results": [
                    _result(row, points, maps, names) for row in results.to_dict("records")
                ],
                "telling": telling(results),
                "images": [place[str(image)] for image in points["image_id"]],
                "models": points["model"].tolist(),
                "clusterMaps": None,
                "clusterBasis": None,
                "mapped": [],
            }
        )
    return found


def _result(
    row: Mapping[Any, Any], points: pd.DataFrame, maps: UnitMaps, names: Mapping[str, str]
) -> dict[str, Any]:
    key = f"{row['graph']}/{row['laplacian']}"
    labels = points[key].to_numpy()
    clusters = []
    for label, prototype in enumerate(prototypes(maps, labels, SHOWN)):
        members = points.iloc[prototype.members]
        known: dict[str, str | float] = {
            "predicted": counts(members["predicted_name"], 4),
            "correct": round(float(members["correct"].mean()), 3),
            "class": counts(members["class_name"], 4),
            "cosine with mean map": round(prototype.cosine, 3),
        }
        if len(maps.maps) > 1:
            known["models"] = counts(members["model"].map(dict(names)), 4)
        clusters.append(
            {
                "label": label,
                "title": f"cluster {label + 1}",
                "size": len(members),
                "known": known,
                "nearest": prototype.nearest.tolist(),
            }
        )
    return {
        "key": key,
        "title": f"{GRAPH_NAMES[row['graph']]} graph, {LAPLACIAN_NAMES[row['laplacian']]}",
        "says": _says(row),
        "beyond": bool(row["beyond"]),
        "stability": round(float(row["stability"]), 4),
        "x": numbers(points["x"]),
        "y": numbers(points["y"]),
        "labels": [None if label == APART else int(label) for label in labels],
        "clusters": clusters,
    }


def _says(row: Mapping[Any, Any]) -> str:
    """Whether a result is more than cuts of one cloud, and how stable it is, in one sentence."""
    what = (
        f"{row['clusters']} clusters, more than {row['clouds']} single clouds give"
        if row["beyond"]
        else f"Cut in {row['clusters']}, as a single cloud would be"
    )
    stable = "stable" if row["stability"] >= STABLE else "unstable"
    return (
        f"{what} (p = {row['p_corrected']:.2g}); {stable}: other samples of the maps agree with "
        f"{row['stability']:.2f} (adjusted Rand index)."
    )


def neon_clustering(study: StudyFolder, model: str, name: str, blocks: Blocks) -> dict[str, Any]:
    """Clusters of a model's features as `Clustering` of `page/types.js`.

    Args:
        study: of the files.
        model: key.
        name: for readers.
        blocks: that get the maps of the evidence for clusters.
    """
    explained = read_clusters(str(study.path("neon", "clusters", f"{model}.nc")))
    place = {str(image): number for number, image in enumerate(study.images["image_id"])}
    images = [place[str(image)] for image in explained.image_ids]
    maps = study.path("neon", "maps", f"{model}.nc")
    found: dict[str, Any] = {"clusterMaps": None, "clusterBasis": None, "mapped": []}
    if maps.exists():
        ids = read_image_ids(maps)
        position = {str(image): number for number, image in enumerate(explained.image_ids)}
        rows = [place[image] for image in ids]
        block = f"neon/{model}"
        source = Source(maps, "signed", study.superpixels, rows)
        basis = add_maps(blocks, block, source, min(*study.frame, FINE))
        mapped = [position[image] for image in ids]
        found = {"clusterMaps": block, "clusterBasis": basis, "mapped": mapped}
    points = _plane(explained.features)
    quality = explained.quality
    return {
        "key": f"neon/{model}",
        "title": f"Features of {name}",
        "kind": "neon",
        "collection": "study",
        "maps": None,
        "results": [
            {
                "key": "kmeans",
                "title": "k-means",
                "says": (
                    f"{quality['clusters']} clusters of {quality['features']} features; "
                    f"{quality['matched']:.0%} of the images are in the cluster of their class "
                    f"(adjusted Rand index {quality['adjusted_rand']:.2f})."
                ),
                "x": numbers(points[:, 0]),
                "y": numbers(points[:, 1]),
                "labels": explained.clusters.astype(int).tolist(),
                "clusters": _neon_clusters(study, explained),
            }
        ],
        "telling": 0,
        "images": images,
        "models": [model] * len(images),
        **found,
    }


def _neon_clusters(study: StudyFolder, explained: FeatureClusters) -> list[dict[str, Any]]:
    def title(cluster: int) -> str:
        return str(explained.called[cluster]) or f"cluster {cluster + 1}"

    known = dict(zip(study.images["image_id"], study.images["class_name"], strict=True))
    summary = explained.summary([str(known[image]) for image in explained.image_ids])
    distances = ((explained.features - explained.centroids[explained.clusters]) ** 2).sum(1)
    found = []
    for row in summary.to_dict("records"):
        cluster = int(row["cluster"])
        members = np.flatnonzero(explained.clusters == cluster)
        nearest = members[np.argsort(distances[members], kind="stable")][:SHOWN]
        found.append(
            {
                "label": cluster,
                "title": title(cluster),
                "size": len(members),
                "known": {
                    "of that class": int(row["of_class"]),
                    "next cluster": title(int(row["next"])),
                    "how much farther that is, mean": round(float(row["mean_logit"]), 3),
                    "strongest features": str(row["strongest"]),
                    "their shares": str(row["shares"]),
                },
                "nearest": nearest.tolist(),
            }
        )
    return found


def _plane(features: np.ndarray) -> np.ndarray:
    """First two principal components (N, 2); on each axis the entry of largest size is positive."""
    centred = features - features.mean(0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(features), 2))
    axes = min(2, len(sizes))
    points[:, :axes] = left[:, :axes] * sizes[:axes]
    largest = np.abs(points).argmax(0)
    return points * np.where(points[largest, [0, 1]] < 0, -1, 1)
