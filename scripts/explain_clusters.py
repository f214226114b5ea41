"""Cluster the features of one model and explain the clusters, to the features and to the pixels (rule
explain_clusters).
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from thinkalike.clustering.features import cluster, gallery, match
from thinkalike.explain.cases import write_case
from thinkalike.explain.common import Case, Question
from thinkalike.images.loading import load_images
from thinkalike.neon.estimator import Neon
from thinkalike.neon.pixels import clustering
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.devices import device_for
from thinkalike.networks.predict import features
from thinkalike.networks.weights import build
from thinkalike.progress import log
from thinkalike.randomness import integer_seed
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.maps import read_segments
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log


def main(
    images: str,
    weights: str,
    segments: str | None,
    clusters: str,
    maps: str,
    *,
    architecture: Mapping[str, Any],
    count: int | None,
    restarts: int,
    beta: float | None,
    shown: int,
    method: str,
    settings: Mapping[str, Any],
    baseline: Sequence[float],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    """`count` clusters, or as many as the images have classes; maps of `shown` images of each."""
    selected = read_table(images, ["image_id", "path", "class_name"])
    image_ids, class_names = selected["image_id"].tolist(), selected["class_name"].tolist()
    model = build(Architecture.of(architecture), weights, device, size)
    pixels = load_images(selected["path"].tolist(), model.size)
    points = features(model, pixels).astype(np.float64)
    count = count or len(set(class_names))
    start = integer_seed(seed, "clusters", architecture["name"]) % 2**32
    fitted = cluster(points, count, restarts=restarts, seed=start)
    neon = Neon(fitted, beta=beta).fit(points)
    found = neon.explain(points)
    matching = match(found.clusters, class_names, count)
    called = dict(zip(model.classes, model.class_names, strict=False))
    distances = ((points - neon.centroids_[found.clusters]) ** 2).sum(1)
    log.info(
        "%d clusters of %d features: purity %.3f, %.3f in the cluster of their class, β %.3g",
        *(count, points.shape[1], matching.purity, matching.matched, neon.beta_),
    )
    told = {
        "beta": neon.beta_,
        "inertia": float(fitted.inertia_),
        "purity": matching.purity,
        "matched": matching.matched,
        "adjusted_rand": matching.adjusted_rand,
        "code": code,
    }
    write_arrays(
        clusters,
        {
            "features": (("image", "feature"), points.astype(np.float32)),
            "relevances": (("image", "feature"), found.relevances.astype(np.float32)),
            "logits": (("image",), found.logits),
            "clusters": (("image",), found.clusters),
            "competitors": (("image",), found.competitors),
            "centroids": (("cluster", "feature"), neon.centroids_),
            "classes": (("cluster",), list(matching.classes)),
            "called": (("cluster",), [called.get(name, name) for name in matching.classes]),
        },
        coordinates={"image": image_ids},
        attributes={
            "model": architecture["name"],
            "units": "logits and relevances: squared distances of features",
            **told,
        },
    )
    positions = gallery(found.clusters, distances, found.logits, shown)
    names = [image_ids[position] for position in positions]
    labels = [part.labels for part in read_segments(segments)] if segments else None
    case = Case(
        clustering(model, neon.centroids_),
        names,
        pixels[positions],
        found.clusters[positions],
        Question(
            output="logit",
            baseline=tuple(baseline),
            segments=np.stack(labels)[positions] if labels else None,
            seeds=np.array([integer_seed(seed, method, name) for name in names]),
        ),
    )
    explain = import_module(f"thinkalike.explain.{method}").explain
    answer = explain(case.model, case.images, case.targets, case.question, **settings)
    write_case(
        maps,
        case,
        answer,
        {"method": method, "target": "cluster", "baseline": baseline, **settings, **told},
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.input.get("segments"),
            snakemake.output.clusters,
            snakemake.output.maps,
            architecture=snakemake.params.architecture,
            count=snakemake.params.number,
            restarts=snakemake.params.restarts,
            beta=snakemake.params.beta,
            shown=snakemake.params.shown,
            method=snakemake.params.method,
            settings=snakemake.params.settings,
            baseline=snakemake.params.baseline,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
