"""Cluster the maps of one class by four graphs and three Laplacians (rule cluster_maps)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.clustering.spectral.study import SpectralSettings, cluster_maps, table_of_maps
from thinkalike.compare.similarity import Comparison
from thinkalike.stores.maps import read_maps
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    explanations: Sequence[str],
    predictions: Sequence[str],
    results: str,
    eigenvalues: str,
    agreement: str,
    known: str,
    choices: str,
    points: str,
    case: str,
    models: Sequence[str],
    comparison: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    threads: int,
) -> None:
    prepare, options = Comparison("cosine", **comparison).prepare, SpectralSettings.of(settings)
    table = table_of_maps(images, explanations, predictions, models)
    maps = (prepare(read_maps(path)[0]) for path in explanations)
    tables = cluster_maps(list(maps), table, options, name=case, seed=seed, threads=threads)
    paths = (results, eigenvalues, agreement, known, choices, points)
    for clustered, path in zip(tables, paths, strict=True):
        write_table(clustered, path)


if __name__ == "__main__":
    run(main, snakemake)
