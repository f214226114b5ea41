"""Cluster the features of one model and explain the clusters, to the features and to the pixels (rule
explain_clusters).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.explain.cases import explained, write_case
from thinkalike.images.loading import load_images
from thinkalike.neon.features import FeatureClustering, write_clusters
from thinkalike.neon.pixels import cluster_case, cluster_model
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.weights import build
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    clusters: str,
    maps: str,
    architecture: Mapping[str, Any],
    clustering: Mapping[str, Any],
    method: str,
    settings: Mapping[str, Any],
    baseline: Sequence[float],
    size: int,
    seed: int,
    code: str,
    device: Any,
    segments: str | None = None,
) -> None:
    table = read_table(images, ["image_id", "path", "class_name"])
    model = build(Architecture.of(architecture), weights, device, size)
    pixels = load_images(table["path"].tolist(), model.size)
    result = cluster_model(model, pixels, table, FeatureClustering(**clustering), seed)
    write_clusters(clusters, result, model=model.name, code=code)
    question = {"baseline": tuple(baseline), "seeds": (seed, method), "segments": segments}
    case = cluster_case(model, result, pixels, clustering["shown"], **question)
    attributes = {"method": method, "target": "cluster", "baseline": baseline, **settings}
    write_case(maps, case, explained(case, method, settings), attributes | result.attributes(code))


if __name__ == "__main__":
    run(main, snakemake)
