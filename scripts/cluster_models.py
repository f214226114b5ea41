"""Cluster the models of one dissimilarity matrix (rule cluster_models)."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from thinkalike.clustering import embedding, hierarchical, louvain
from thinkalike.compare.geometry import complete, geometry
from thinkalike.errors import InputError
from thinkalike.progress import log
from thinkalike.randomness import integer_seed
from thinkalike.statistics.tests import family_test
from thinkalike.stores.tables import read_square, write_table
from thinkalike.workflow.jobs import job_log

CUTS = (2, 3, 4)
"""Numbers of clusters that dendrograms are cut into, to compare linkages."""


def main(
    dissimilarity: str,
    linkages: list[str],
    summary: str,
    agreement: str,
    order: str,
    communities: str,
    sweep: str,
    pca: str,
    mds: str,
    quality: str,
    *,
    kinds: list[str],
    ward: str,
    families: Mapping[str, str],
    untrained: list[str],
    largest: float | None,
    resolution: float,
    resolutions: list[float],
    seed: int,
) -> None:
    table = read_square(dissimilarity)
    keep = complete(table.to_numpy())
    models = [table.columns[i] for i in keep]
    left_out = [model for model in table.columns if model not in models]
    if left_out:
        log.warning("left out, for want of images to compare: %s", ", ".join(left_out))
    matrix = table.to_numpy()[np.ix_(keep, keep)]

    euclidean = geometry(matrix).euclidean or ward == "any"
    rows, trees = [], {}
    for kind, path in zip(kinds, linkages, strict=True):
        tree, reason = np.empty((0, 4)), ""
        try:
            tree = hierarchical.linkage(matrix, kind, euclidean=euclidean)
        except InputError as error:
            if kind != "ward":
                raise
            reason = str(error)
            log.warning("%s", reason)
        trees[kind] = tree
        write_table(pd.DataFrame(tree, columns=["left", "right", "height", "size"]), path)
        correlation = hierarchical.cophenetic_correlation(matrix, tree) if len(tree) else np.nan
        rows.append({"linkage": kind, "cophenetic_correlation": correlation, "refused": reason})
        if len(rows) == 1:
            leaves = hierarchical.leaf_order(matrix, tree) if len(tree) else range(len(models))
    write_table(pd.DataFrame(rows), summary)
    write_table(_agreement(trees), agreement)
    write_table(pd.DataFrame({"model": [models[leaf] for leaf in leaves]}), order)

    graph = louvain.similarity_graph(matrix, models, largest)
    louvain_seed = integer_seed(seed, "louvain")
    found, modularity = louvain.communities(graph, resolution=resolution, seed=louvain_seed)
    write_table(found.rename_axis("model").reset_index(), communities)
    write_table(louvain.sweep(graph, resolutions=sorted(resolutions), seed=louvain_seed), sweep)

    components = embedding.principal_components(matrix)
    scaled = embedding.multidimensional_scaling(matrix)
    for points, path in ((components.points, pca), (scaled.points, mds)):
        write_table(pd.DataFrame({"model": models, "x": points[:, 0], "y": points[:, 1]}), path)
    trained = [model for model in models if model not in untrained]
    measures = {
        "pca_share_x": components.quality[0],
        "pca_share_y": components.quality[1],
        "mds_stress": scaled.quality[0],
        "louvain_resolution": resolution,
        "louvain_modularity": modularity,
        **_of_families(table.loc[trained, trained], families, seed),
    }
    write_table(pd.DataFrame({"measure": measures.keys(), "value": measures.values()}), quality)


def _agreement(trees: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """How far pairs of dendrograms agree; empty cells for one that was left out."""
    rows = []
    for a, b in combinations(trees, 2):
        both = len(trees[a]) > 0 and len(trees[b]) > 0
        row = {"linkage_a": a, "linkage_b": b, "cophenetic_correlation": np.nan}
        if both:
            row["cophenetic_correlation"] = hierarchical.cophenetic_agreement(trees[a], trees[b])
        for clusters in CUTS:
            index = hierarchical.cut_agreement(trees[a], trees[b], clusters) if both else np.nan
            row[f"adjusted_rand_{clusters}"] = index
        rows.append(row)
    columns = ["linkage_a", "linkage_b", "cophenetic_correlation"]
    return pd.DataFrame(rows, columns=[*columns, *(f"adjusted_rand_{k}" for k in CUTS)])


def _of_families(table: pd.DataFrame, families: Mapping[str, str], seed: int) -> dict[str, float]:
    """How much further apart models of different families are, and how often chance does that.

    Of the table without untrained controls, which would stand apart from their own family.
    """
    try:
        of_models = [families[model] for model in table.columns]
        test = family_test(table.to_numpy(), of_models, seed=integer_seed(seed, "families"))
    except InputError as error:
        log.info("no test of families: %s", error)
        return {"family_difference": float("nan"), "family_p": float("nan")}
    log.info("different families are %.3f further apart, p = %.4f", test.statistic, test.p)
    return {"family_difference": test.statistic, "family_p": test.p}


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.dissimilarity,
            snakemake.output.linkages,
            snakemake.output.summary,
            snakemake.output.agreement,
            snakemake.output.order,
            snakemake.output.louvain,
            snakemake.output.sweep,
            snakemake.output.pca,
            snakemake.output.mds,
            snakemake.output.quality,
            kinds=snakemake.params.kinds,
            ward=snakemake.params.ward,
            families=snakemake.params.families,
            untrained=snakemake.params.untrained,
            largest=snakemake.params.largest,
            resolution=snakemake.params.resolution,
            resolutions=snakemake.params.resolutions,
            seed=snakemake.params.seed,
        )
