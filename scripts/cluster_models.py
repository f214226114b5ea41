"""Cluster the models of one dissimilarity matrix (rule cluster_models)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from thinkalike.clustering.models import Settings, cluster_models
from thinkalike.statistics.families import family_measures
from thinkalike.statistics.roles import Roles
from thinkalike.stores.tables import read_square, write_table
from thinkalike.workflow.jobs import run


def main(
    dissimilarity: str,
    linkages: Sequence[str],
    summary: str,
    agreement: str,
    order: str,
    louvain: str,
    sweep: str,
    pca: str,
    mds: str,
    quality: str,
    settings: Mapping[str, Any],
    roles: Mapping[str, Any],
    seed: int,
) -> None:
    table = read_square(dissimilarity)
    found = cluster_models(table, Settings(**settings), seed=seed)
    paths = (*linkages, summary, agreement, order, louvain, sweep, pca, mds)
    for path, part in zip(paths, found.tables, strict=True):
        write_table(part, path)
    kept = table.loc[found.models, found.models]
    measures = {**found.measures, **family_measures(kept, Roles(**roles), seed=seed)}
    write_table(pd.DataFrame({"measure": measures.keys(), "value": measures.values()}), quality)


if __name__ == "__main__":
    run(main, snakemake)
