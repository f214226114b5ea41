"""Draw the error of KernelSHAP maps against the number of their evaluations (rule plot_budgets)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.plotting.budgets import CASES, budget_curves, summarise
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run

COLUMNS = [
    *CASES,
    *("pieces", "evaluated", "error", "stated_error", "reference_error", "cosine", "seconds"),
]


def main(
    budgets: Sequence[str],
    figure: Sequence[str],
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    summary = summarise(pd.concat([read_table(path, COLUMNS) for path in budgets]))
    title = f"{title_of('kernelshap')}: how many evaluations a map takes"
    with styled(families):
        drawn = budget_curves(summary, models=models, names=names, families=families, title=title)
        save(drawn, summary, figure)


if __name__ == "__main__":
    run(main, snakemake)
