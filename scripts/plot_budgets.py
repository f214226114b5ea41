"""Draw the error of KernelSHAP maps against the number of their evaluations (rule plot_budgets)."""

from collections.abc import Mapping

import pandas as pd

from thinkalike.plotting.budgets import CASES, budget_curves, summarise
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

COLUMNS = [
    *CASES,
    *("pieces", "evaluated", "error", "stated_error", "reference_error", "cosine", "seconds"),
]


def main(
    budgets: list[str],
    figure: list[str],
    *,
    models: list[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    summary = summarise(pd.concat([read_table(path, COLUMNS) for path in budgets]))
    with styled():
        drawn = budget_curves(
            summary,
            models=models,
            names=names,
            families=families,
            title=f"{title_of('kernelshap')}: how many evaluations a map takes",
        )
        save(drawn, summary, figure)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.budgets,
            snakemake.output.figure,
            models=snakemake.params.models,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
