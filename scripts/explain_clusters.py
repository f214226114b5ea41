"""Cluster the features of one model and explain the clusters, to the features and to the pixels (rule
explain_clusters).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.explain.cases import explained, write_case
from thinkalike.images.loading import load_images
from thinkalike.neon.features import cluster_features, write_clusters
from thinkalike.neon.pixels import cluster_case
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.predict import features
from thinkalike.networks.weights import build
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    clusters: str,
    maps: str,
    *,
    architecture: Mapping[str, Any],
    number: int | None,
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
    segments: str | None = None,
) -> None:
    """`number` clusters, or as many as the images have classes; maps of `shown` images of each."""
    selected = read_table(images, ["image_id", "path", "class_name"])
    model = build(Architecture.of(architecture), weights, device, size)
    pixels = load_images(selected["path"].tolist(), model.size)
    result = cluster_features(
        features(model, pixels),
        selected,
        count=number,
        restarts=restarts,
        beta=beta,
        titles=dict(zip(model.classes, model.class_names, strict=False)),
        name=model.name,
        seed=seed,
    )
    write_clusters(clusters, result, model=model.name, code=code)
    options = {"shown": shown, "baseline": tuple(baseline), "seeds": (seed, method)}
    case = cluster_case(model, result, pixels, segments=segments, **options)
    attributes = {"method": method, "target": "cluster", "baseline": baseline, **settings}
    attributes |= {**result.measures, "code": code}
    write_case(maps, case, explained(case, method, settings), attributes)


if __name__ == "__main__":
    run(main, snakemake)
