"""Correlate agreement of predictions with dissimilarity of maps (rule correlate_agreement)."""

import pandas as pd
from scipy.stats import pearsonr, spearmanr

from thinkalike.jobs import job_log
from thinkalike.stores import read_table, write_table


def main(agreement: str, dissimilarities: list[str], output: str, *, cases: list[str]) -> None:
    """Over pairs of different models; the diagonal is not data, and a missing pair is left out."""
    same = read_table(agreement, ["model_a", "model_b", "same"])
    rows = []
    for case, path in zip(cases, dissimilarities, strict=True):
        method, metric, subset = case.split("/")
        pairs = read_table(path, ["model_a", "model_b", "dissimilarity"])
        both = same.merge(pairs, on=["model_a", "model_b"]).dropna(subset=["dissimilarity"])
        varied = len(both) > 2 and both["same"].nunique() > 1 and both["dissimilarity"].nunique() > 1
        x, y = both["same"], both["dissimilarity"]
        rows.append(
            {
                "method": method,
                "metric": metric,
                "subset": subset,
                "pairs": len(both),
                "pearson": pearsonr(x, y).statistic if varied else float("nan"),
                "spearman": spearmanr(x, y).statistic if varied else float("nan"),
            }
        )
    write_table(pd.DataFrame(rows), output)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.agreement,
            snakemake.input.dissimilarities,
            snakemake.output.correlations,
            cases=snakemake.params.cases,
        )
