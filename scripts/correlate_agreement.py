"""Correlate agreement of predictions with what maps have in common (rule correlate_agreement)."""

from typing import Literal

import numpy as np
import pandas as pd

from thinkalike.errors import InputError
from thinkalike.stores.damage import AGAIN
from thinkalike.stores.tables import read_square, read_table, write_table
from thinkalike.workflow.jobs import job_log

FEWEST = 3
"""Pairs of models that a correlation takes: two make a line in any case."""


def main(
    agreement: str,
    dissimilarities: list[str],
    similarities: list[str],
    output: str,
    *,
    cases: list[str],
    untrained: list[str],
) -> None:
    """Over pairs of different models, with dissimilarity and with mean similarity.

    The diagonal is not data, and a missing pair is left out. With and without untrained controls:
    these agree with nobody and are explained like nobody, which makes a correlation by itself.

    `pearson_with_diagonal` is the experiment log's, to be compared with: over all cells of the two
    square matrices, every pair twice, and each model with itself. These agree on all images and are
    most similar by construction, which makes a correlation by itself as well.
    """
    same = read_table(agreement, ["model_a", "model_b", "same", "different"])
    rows = []
    for case, pairs_path, square_path in zip(cases, dissimilarities, similarities, strict=True):
        method, metric, subset = case.split("/")
        pairs = read_table(pairs_path, ["model_a", "model_b", "mean", "dissimilarity"])
        both = same.merge(pairs, on=["model_a", "model_b"]).dropna(subset=["dissimilarity"])
        trained = both[~both["model_a"].isin(untrained) & ~both["model_b"].isin(untrained)]
        square = read_square(square_path)
        models = set(same["model_a"]) | set(same["model_b"])
        if models != set(square.columns):
            raise InputError(f"{square_path} and {agreement} are about other models; {AGAIN}")
        rows.append(
            {
                "method": method,
                "metric": metric,
                "subset": subset,
                **_correlations(both, ""),
                **_correlations(trained, "_trained"),
                "pearson_with_diagonal": _with_diagonal(same, square),
            }
        )
    write_table(pd.DataFrame(rows), output)


def _correlations(pairs: pd.DataFrame, suffix: str) -> dict[str, float]:
    return {
        f"pairs{suffix}": len(pairs),
        f"pearson{suffix}": _correlation(pairs["same"], pairs["dissimilarity"], "pearson"),
        f"spearman{suffix}": _correlation(pairs["same"], pairs["dissimilarity"], "spearman"),
        f"pearson_similarity{suffix}": _correlation(pairs["same"], pairs["mean"], "pearson"),
        f"spearman_similarity{suffix}": _correlation(pairs["same"], pairs["mean"], "spearman"),
    }


def _with_diagonal(same: pd.DataFrame, similarity: pd.DataFrame) -> float:
    models = list(similarity.columns)
    images = same["same"].iloc[0] + same["different"].iloc[0]
    counts = pd.DataFrame(np.eye(len(models)) * images, index=models, columns=models)
    for a, b, count in zip(same["model_a"], same["model_b"], same["same"], strict=True):
        counts.loc[a, b] = counts.loc[b, a] = count
    cells = (pd.Series(square.to_numpy().ravel()) for square in (counts, similarity))
    return _correlation(*cells, "pearson")


def _correlation(x: pd.Series, y: pd.Series, kind: Literal["pearson", "spearman"]) -> float:
    """Missing where one is constant, or where there are too few pairs."""
    two = pd.DataFrame({"x": x.to_numpy(float), "y": y.to_numpy(float)})
    return two.corr(kind, min_periods=FEWEST).loc["x", "y"]


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.agreement,
            snakemake.input.dissimilarities,
            snakemake.input.similarities,
            snakemake.output.correlations,
            cases=snakemake.params.cases,
            untrained=snakemake.params.untrained,
        )
