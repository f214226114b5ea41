"""Correlate agreement of predictions with dissimilarity of maps (rule correlate_agreement)."""

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, spearmanr

from thinkalike.jobs import job_log
from thinkalike.stores import read_table, write_table


def main(
    agreement: str,
    dissimilarities: list[str],
    output: str,
    *,
    cases: list[str],
    untrained: list[str],
) -> None:
    """Over pairs of different models; the diagonal is not data, and a missing pair is left out.

    With and without untrained controls: these agree with nobody and are explained like nobody,
    which makes a correlation by itself.
    """
    same = read_table(agreement, ["model_a", "model_b", "same"])
    rows = []
    for case, path in zip(cases, dissimilarities, strict=True):
        method, metric, subset = case.split("/")
        pairs = read_table(path, ["model_a", "model_b", "dissimilarity"])
        both = same.merge(pairs, on=["model_a", "model_b"]).dropna(subset=["dissimilarity"])
        trained = both[~both["model_a"].isin(untrained) & ~both["model_b"].isin(untrained)]
        rows.append(
            {
                "method": method,
                "metric": metric,
                "subset": subset,
                **_correlations(both, ""),
                **_correlations(trained, "_trained"),
            }
        )
    write_table(pd.DataFrame(rows), output)


def _correlations(pairs: pd.DataFrame, suffix: str) -> dict[str, float]:
    x, y = pairs["same"].to_numpy(float), pairs["dissimilarity"].to_numpy(float)
    varied = len(pairs) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0
    return {
        f"pairs{suffix}": len(pairs),
        f"pearson{suffix}": pearsonr(x, y).statistic if varied else float("nan"),
        f"spearman{suffix}": spearmanr(x, y).statistic if varied else float("nan"),
    }


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.agreement,
            snakemake.input.dissimilarities,
            snakemake.output.correlations,
            cases=snakemake.params.cases,
            untrained=snakemake.params.untrained,
        )
