"""Draw one dissimilarity matrix and what was found in it (rule plot_clusters)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from thinkalike.plotting import clusters, matrices
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_square, read_table
from thinkalike.workflow.jobs import job_log


def main(
    dissimilarity: str,
    linkages: list[str],
    summary: str,
    order: str,
    louvain: str,
    sweep: str,
    pca: str,
    mds: str,
    quality: str,
    heat_map: list[str],
    dendrograms: list[str],
    communities: list[str],
    embeddings: list[str],
    *,
    kinds: list[str],
    kind_of_distance: str,
    case: tuple[str, str, str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    table = read_square(dissimilarity)
    leaves = read_table(order, ["model"])["model"].tolist()
    points = {"pca": read_table(pca), "mds": read_table(mds)}
    models = points["pca"]["model"].tolist()
    measured = read_table(quality).set_index("measure")["value"]
    of = {"names": names, "families": families}
    title = title_of(*case)
    with styled():
        figure = matrices.heat_map(
            table,
            order=leaves,
            title=title,
            label=f"{kind_of_distance} dissimilarity",
            digits=2,
            colours="viridis",
            **of,
        )
        save(figure, table.loc[leaves, leaves].reset_index(names="model"), heat_map)

        trees = {
            kind: read_table(path).to_numpy(float)
            for kind, path in zip(kinds, linkages, strict=True)
        }
        reasons = read_table(summary, ["linkage", "refused"])
        figure = clusters.dendrograms(trees, reasons, models=models, title=title, **of)
        columns = ["left", "right", "height", "size"]
        merges = [
            pd.DataFrame(tree, columns=columns).assign(linkage=kind) for kind, tree in trees.items()
        ]
        save(figure, pd.concat(merges)[["linkage", *columns]], dendrograms)

        found, swept = read_table(louvain), read_table(sweep)
        figure = clusters.communities(
            points["mds"],
            table,
            found,
            swept,
            resolution=measured["louvain_resolution"],
            modularity=measured["louvain_modularity"],
            title=title,
            **of,
        )
        used = found.set_index("model")["community"].to_frame().T
        used.insert(0, "resolution", measured["louvain_resolution"])
        used.insert(1, "communities", found["community"].nunique())
        used.insert(2, "modularity", measured["louvain_modularity"])
        both = pd.concat([used, swept]).assign(drawn=np.arange(len(swept) + 1) == 0)
        save(figure, both, communities)

        figure = clusters.embeddings(points["pca"], points["mds"], measured, title=title, **of)
        save(
            figure,
            pd.concat([part.assign(embedding=kind) for kind, part in points.items()]),
            embeddings,
        )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.dissimilarity,
            snakemake.input.linkages,
            snakemake.input.summary,
            snakemake.input.order,
            snakemake.input.louvain,
            snakemake.input.sweep,
            snakemake.input.pca,
            snakemake.input.mds,
            snakemake.input.quality,
            snakemake.output.heat_map,
            snakemake.output.dendrograms,
            snakemake.output.communities,
            snakemake.output.embeddings,
            kinds=snakemake.params.kinds,
            kind_of_distance=snakemake.params.dissimilarity,
            case=(
                snakemake.wildcards.method,
                snakemake.wildcards.metric,
                snakemake.wildcards.subset,
            ),
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
