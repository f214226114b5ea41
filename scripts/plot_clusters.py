"""Draw one dissimilarity matrix and what was found in it (rule plot_clusters)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.plotting.one_matrix import OneMatrix
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.workflow.jobs import run


def main(
    dissimilarity: str,
    pairs: str,
    seeds: str,
    tables: Sequence[str],
    heat_map: Sequence[str],
    dendrograms: Sequence[str],
    communities: Sequence[str],
    embeddings: Sequence[str],
    method: str,
    metric: str,
    subset: str,
    settings: Mapping[str, Any],
    roles: Mapping[str, Any],
    names: Mapping[str, str],
    support: str | None = None,
) -> None:
    one = OneMatrix.read(dissimilarity, pairs, seeds, tables, support)
    drawn = one.figures(roles, names, title_of(method, metric, subset), **settings)
    outputs = heat_map, dendrograms, communities, embeddings
    with styled(roles["families"]):
        for (figure, table), files in zip(drawn, outputs, strict=True):
            save(figure, table, files)


if __name__ == "__main__":
    run(main, snakemake)
