"""Cluster the maps of one class by four graphs and three Laplacians (rule cluster_maps)."""

from collections.abc import Sequence

from thinkalike.clustering.spectral.graphs import ScaleSettings
from thinkalike.clustering.spectral.study import cluster_maps, table_of_maps
from thinkalike.compare.maps import rescaled, with_sign
from thinkalike.compare.products import all_inner_products
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
    *,
    case: str,
    models: Sequence[str],
    sign: str,
    rescaling: str,
    clusters: int | None,
    neighbours: int | None,
    sigma: float | None,
    epsilon: float | None,
    bootstraps: int,
    seed: int,
    threads: int,
) -> None:
    maps = table_of_maps(images, explanations, predictions, models)
    tables = cluster_maps(
        all_inner_products(
            [rescaled(with_sign(read_maps(path)[0], sign), rescaling) for path in explanations]
        ),
        maps,
        clusters=clusters,
        settings=ScaleSettings(neighbours, sigma, epsilon),
        bootstraps=bootstraps,
        name=case,
        seed=seed,
        threads=threads,
    )
    write_table(tables.results, results)
    write_table(tables.eigenvalues, eigenvalues)
    write_table(tables.agreement, agreement)
    write_table(tables.known, known)
    write_table(tables.choices, choices)
    write_table(tables.points, points)


if __name__ == "__main__":
    run(main, snakemake)
