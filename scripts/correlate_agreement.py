"""Correlate agreement of predictions with what maps have in common (rule correlate_agreement)."""

from collections.abc import Sequence

import pandas as pd

from thinkalike.compare.predictions import correlations as correlate
from thinkalike.stores.damage import same_models
from thinkalike.stores.tables import read_square, read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    agreement: str,
    dissimilarities: Sequence[str],
    similarities: Sequence[str],
    correlations: str,
    cases: Sequence[str],
    untrained: Sequence[str],
) -> None:
    """Write a row for each of `cases`, method/metric/subset."""
    agreed = read_table(agreement, ["model_a", "model_b", "same", "different"])
    models = {*agreed["model_a"], *agreed["model_b"]}
    rows = []
    for case, pairs, square in zip(cases, dissimilarities, similarities, strict=True):
        similarity = read_square(square)
        same_models(square, similarity.columns, agreement, models)
        table = read_table(pairs, ["model_a", "model_b", "mean", "dissimilarity"])
        named = dict(zip(("method", "metric", "subset"), case.split("/"), strict=True))
        rows.append({**named, **correlate(agreed, table, similarity, untrained)})
    write_table(pd.DataFrame(rows), correlations)


if __name__ == "__main__":
    run(main, snakemake)
