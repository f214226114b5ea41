"""Draw which choice of spectral clustering matters, and how much (rule plot_choices)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.plotting.spectral import choice_figure, sentence
from thinkalike.plotting.style import save, styled
from thinkalike.progress import log
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log


def main(
    choices: Sequence[str],
    results: Sequence[str],
    paths: Sequence[str],
    *,
    cases: Sequence[str],
    names: Mapping[str, str],
) -> None:
    compared = pd.concat(
        [
            read_table(path, ["number", "graph", "laplacian", "both"]).assign(case=case)
            for case, path in zip(cases, choices, strict=True)
        ],
        ignore_index=True,
    )
    twelve = pd.concat(
        [
            read_table(path, ["graph", "laplacian", "clusters", "stability"]).assign(case=case)
            for case, path in zip(cases, results, strict=True)
        ],
        ignore_index=True,
    )
    log.info("%s", sentence(compared))
    with styled():
        figure = choice_figure(compared, twelve, {case: names[case] for case in cases})
        save(figure, compared[["case", *compared.columns.drop("case")]], paths)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.choices,
            snakemake.input.results,
            snakemake.output.choices,
            cases=snakemake.params.cases,
            names=snakemake.params.names,
        )
