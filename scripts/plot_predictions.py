"""Draw accuracy, agreement, and agreement against dissimilarity (rule plot_predictions)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform
from scipy.stats import binomtest

from thinkalike.clustering.hierarchical import leaf_order
from thinkalike.plotting import matrices, predictions
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_square, read_table
from thinkalike.workflow.jobs import job_log


def main(
    accuracy_table: str,
    agreement_table: str,
    agreement_pairs: str,
    correlations: str,
    dissimilarities: list[str],
    accuracy: list[str],
    agreement: list[str],
    scatter: list[str],
    *,
    cases: list[str],
    bar: float,
    untrained: list[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    with styled():
        table = _with_intervals(read_table(accuracy_table))
        save(predictions.accuracy(table, bar=bar, names=names, families=families), table, accuracy)

        counts = read_square(agreement_table)
        images = counts.to_numpy().max()
        distance = 1 - counts.to_numpy() / images
        tree = linkage(squareform(distance, checks=False), "average")
        order = [counts.columns[i] for i in leaf_order(distance, tree)]
        figure = matrices.heat_map(
            counts,
            order=order,
            names=names,
            families=families,
            title="agreement of predictions",
            label=f"images of {images:.0f} with equal predictions",
            digits=0,
            colours="viridis",
        )
        save(figure, counts.loc[order, order].astype(int).reset_index(names="model"), agreement)

        same = read_table(agreement_pairs, ["model_a", "model_b", "same"])
        parts = []
        for case, path in zip(cases, dissimilarities, strict=True):
            part = same.merge(read_table(path), on=["model_a", "model_b"])
            parts.append(
                part.assign(
                    **dict(zip(("method", "metric", "subset"), case.split("/"), strict=True))
                )
            )
        key = ["method", "metric", "subset", "model_a", "model_b", "same", "dissimilarity"]
        pairs = pd.concat(parts)[key]
        pairs["trained"] = ~pairs[["model_a", "model_b"]].isin(untrained).any(axis=1)
        figure = predictions.agreement_scatter(pairs, read_table(correlations))
        save(figure, pairs, scatter)


def _with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """95 % Wilson intervals of both accuracies; none where no image was looked at."""
    for prefix, correct, count in (
        ("", table["correct"], table["images"]),
        ("val_", (table["val_accuracy"] * table["val_images"]).round(), table["val_images"]),
    ):
        bounds = [
            binomtest(int(k), int(n)).proportion_ci(0.95, "wilson") if n else (np.nan, np.nan)
            for k, n in zip(correct, count, strict=True)
        ]
        table[[f"{prefix}low", f"{prefix}high"]] = np.array(bounds, float)
    return table


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.accuracy,
            snakemake.input.agreement,
            snakemake.input.pairs,
            snakemake.input.correlations,
            snakemake.input.dissimilarities,
            snakemake.output.accuracy,
            snakemake.output.agreement,
            snakemake.output.scatter,
            cases=snakemake.params.cases,
            bar=snakemake.params.bar,
            untrained=snakemake.params.untrained,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
