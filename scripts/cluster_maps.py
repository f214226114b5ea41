"""Cluster the maps of one class by four graphs and three Laplacians (rule cluster_maps)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from thinkalike.clustering.spectral.cut import ALL, APART, check_number, cut, eigenvalues, embedded
from thinkalike.clustering.spectral.graphs import distances_from_products, scales
from thinkalike.clustering.spectral.spectra import plane
from thinkalike.clustering.spectral.stability import (
    agreements,
    choices,
    draws,
    known_agreement,
    stabilities,
)
from thinkalike.compare.maps import rescaled, with_sign
from thinkalike.compare.products import all_inner_products
from thinkalike.errors import InputError
from thinkalike.progress import log
from thinkalike.stores.damage import AGAIN
from thinkalike.stores.maps import read_maps
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import job_log

KNOWN = {
    "predicted": "predicted_name",
    "correct": "correct",
    "class": "class_name",
    "split": "split",
    "image": "image_id",
    "model": "model",
}
"""What is known of a map → column of the points."""
NAMES = ["/".join(pair) for pair in ALL]


def main(
    images: str,
    explanations: Sequence[str],
    predictions: Sequence[str],
    results: str,
    values: str,
    agreement: str,
    known: str,
    choice: str,
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
    threads: int,
    seed: int,
) -> None:
    table = _points(images, explanations, predictions, models)
    maps = [rescaled(with_sign(read_maps(path)[0], sign), rescaling) for path in explanations]
    products = all_inner_products(maps)
    length = np.sqrt(np.diagonal(products))
    table["blank"] = length == 0
    inside = np.flatnonzero(length > 0)
    if len(inside) < len(table):
        log.warning("%d of %d maps are blank and left out", len(table) - len(inside), len(table))
    products = products[np.ix_(inside, inside)]
    products /= length[inside, None]
    products /= length[inside]
    distances = distances_from_products(products)
    del products, maps

    check_number(clusters, len(inside))
    options = {"neighbours": neighbours, "sigma": sigma, "epsilon": epsilon}
    given = scales(distances, **options)
    spectra = embedded(distances, ALL, eigenvalues(clusters), given=given)
    found = {pair: cut(distances, of, pair, clusters, seed=seed) for pair, of in spectra.items()}
    samples = draws(len(inside), bootstraps, seed, case)
    again = stabilities(distances, found, samples, seed=seed, threads=threads, **options)

    rows, eigen = [], []
    for pair, result in found.items():
        sizes = np.bincount(result.clusters[result.clusters != APART])
        low, high = np.quantile(again[pair], [0.025, 0.975])
        rows.append(
            {
                "graph": pair[0],
                "laplacian": pair[1],
                "clusters": result.number,
                "sizes": ", ".join(map(str, sizes)),
                "in_clusters": 1 - result.apart / len(inside),
                "components": result.components,
                "edges": result.edges,
                "gap": result.gap,
                "stability": again[pair].mean(),
                "stability_low": low,
                "stability_high": high,
                "maps": len(inside),
                "blank": len(table) - len(inside),
                "neighbours": given.neighbours,
                "sigma": given.sigma,
                "epsilon": given.epsilon,
            }
        )
        log.info(
            "%s, %s: %d clusters (%s), stability %.3f",
            *pair,
            result.number,
            rows[-1]["sizes"],
            again[pair].mean(),
        )
        eigen += [
            {
                "graph": pair[0],
                "laplacian": pair[1],
                "number": number + 1,
                "value": value,
                "chosen": number + 1 == result.number,
            }
            for number, value in enumerate(result.values)
        ]
    write_table(pd.DataFrame(rows), results)
    write_table(pd.DataFrame(eigen), values)

    labels = [result.clusters for result in found.values()]
    matrix = agreements(labels)
    write_table(pd.DataFrame(matrix, NAMES, NAMES).rename_axis("result").reset_index(), agreement)
    # how much of the differences is the number of clusters?
    same = int(np.median([result.number for result in found.values()]))
    fixed = [cut(distances, of, pair, same, seed=seed).clusters for pair, of in spectra.items()]
    compared = [("eigengap", np.nan, matrix), ("same", same, agreements(fixed))]
    write_table(
        pd.DataFrame(
            [{"number": how, "clusters": k, **vars(choices(m))} for how, k, m in compared]
        ),
        choice,
    )

    known_rows = []
    for name, column in KNOWN.items():
        for pair, clusters_of in zip(ALL, labels, strict=True):
            rand, information = known_agreement(clusters_of, table[column].to_numpy()[inside])
            known_rows.append(
                {
                    "graph": pair[0],
                    "laplacian": pair[1],
                    "known": name,
                    "adjusted_rand": rand,
                    "mutual_information": information,
                }
            )
    write_table(pd.DataFrame(known_rows), known)

    flat = np.full((len(table), 2), np.nan)
    flat[inside] = plane(distances)
    table["x"], table["y"] = flat.T
    for name, of in zip(NAMES, labels, strict=True):
        everywhere = np.full(len(table), APART)
        everywhere[inside] = of
        table[name] = everywhere
    write_table(table, points)


def _points(
    images: str, explanations: Sequence[str], predictions: Sequence[str], models: Sequence[str]
) -> pd.DataFrame:
    """A row for every map, model by model."""
    selected = read_table(images, ["image_id", "path", "class_name", "split"])
    parts = []
    for model, maps, predicted in zip(models, explanations, predictions, strict=True):
        columns = ["image_id", "predicted_name", "correct", "probability"]
        of_model = read_table(predicted, columns)[columns]
        _, names = read_maps(maps)
        for path, there in ((maps, names), (predicted, of_model["image_id"].tolist())):
            if there != selected["image_id"].tolist():
                raise InputError(f"{path} is about other images than {images}; {AGAIN}")
        part = selected[["image_id", "path", "class_name", "split"]].merge(of_model, on="image_id")
        parts.append(part.assign(model=model))
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.explanations,
            snakemake.input.predictions,
            snakemake.output.results,
            snakemake.output.eigenvalues,
            snakemake.output.agreement,
            snakemake.output.known,
            snakemake.output.choices,
            snakemake.output.points,
            case=snakemake.wildcards.case,
            models=snakemake.params.models,
            sign=snakemake.params.sign,
            rescaling=snakemake.params.rescaling,
            clusters=snakemake.params.number,
            neighbours=snakemake.params.neighbours,
            sigma=snakemake.params.sigma,
            epsilon=snakemake.params.epsilon,
            bootstraps=snakemake.params.bootstraps,
            threads=snakemake.threads,
            seed=snakemake.params.seed,
        )
