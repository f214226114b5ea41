"""Cluster the models of one dissimilarity matrix (rule cluster_models)."""

import numpy as np
import pandas as pd

from thinkalike.clustering import embedding, hierarchical, louvain
from thinkalike.errors import InputError
from thinkalike.jobs import integer_seed, job_log, log
from thinkalike.similarity import complete, geometry
from thinkalike.stores import read_square, write_table


def main(
    dissimilarity: str,
    linkages: list[str],
    summary: str,
    order: str,
    communities: str,
    sweep: str,
    pca: str,
    mds: str,
    quality: str,
    *,
    kinds: list[str],
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

    euclidean = geometry(matrix).euclidean
    rows = []
    for kind, path in zip(kinds, linkages, strict=True):
        tree, reason = np.empty((0, 4)), ""
        try:
            tree = hierarchical.linkage(matrix, kind, euclidean=euclidean)
        except InputError as error:
            if kind != "ward":
                raise
            reason = str(error)
            log.warning("%s", reason)
        write_table(pd.DataFrame(tree, columns=["left", "right", "height", "size"]), path)
        correlation = hierarchical.cophenetic_correlation(matrix, tree) if len(tree) else np.nan
        rows.append({"linkage": kind, "cophenetic_correlation": correlation, "refused": reason})
        if len(rows) == 1:
            leaves = hierarchical.leaf_order(matrix, tree) if len(tree) else range(len(models))
    write_table(pd.DataFrame(rows), summary)
    write_table(pd.DataFrame({"model": [models[leaf] for leaf in leaves]}), order)

    graph = louvain.similarity_graph(matrix, models)
    seed = integer_seed(seed, "louvain")
    found, modularity = louvain.communities(graph, resolution=resolution, seed=seed)
    write_table(found.rename_axis("model").reset_index(), communities)
    write_table(louvain.sweep(graph, resolutions=sorted(resolutions), seed=seed), sweep)

    components = embedding.principal_components(matrix)
    scaled = embedding.multidimensional_scaling(matrix)
    for points, path in ((components.points, pca), (scaled.points, mds)):
        write_table(pd.DataFrame({"model": models, "x": points[:, 0], "y": points[:, 1]}), path)
    measures = {
        "pca_share_x": components.quality[0],
        "pca_share_y": components.quality[1],
        "mds_stress": scaled.quality[0],
        "louvain_resolution": resolution,
        "louvain_modularity": modularity,
    }
    write_table(pd.DataFrame({"measure": measures.keys(), "value": measures.values()}), quality)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.dissimilarity,
            snakemake.output.linkages,
            snakemake.output.summary,
            snakemake.output.order,
            snakemake.output.louvain,
            snakemake.output.sweep,
            snakemake.output.pca,
            snakemake.output.mds,
            snakemake.output.quality,
            kinds=snakemake.params.kinds,
            resolution=snakemake.params.resolution,
            resolutions=snakemake.params.resolutions,
            seed=snakemake.params.seed,
        )
