"""Draw what noise in KernelSHAP maps leaves of a similarity (rule plot_noise_ceiling)."""

from collections.abc import Mapping

import pandas as pd

from thinkalike.plotting.ceilings import noise_ceiling
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

CEILING = ["model", "metric", "n", "ceiling", "standard_error"]
PAIRS = ["model_a", "model_b", "n", "mean", "estimation_error"]


def main(
    ceilings: list[str],
    pairs: list[str],
    figure: list[str],
    *,
    metrics: list[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    own = pd.concat([read_table(path, CEILING) for path in ceilings])
    others = {
        metric: read_table(path, PAIRS)[PAIRS] for metric, path in zip(metrics, pairs, strict=True)
    }
    # one row per marker
    itself = own.rename(columns={"model": "model_a", "ceiling": "mean"}).assign(
        model_b=own["model"]
    )
    between = pd.concat([table.assign(metric=metric) for metric, table in others.items()])
    table = pd.concat([itself, between.rename(columns={"estimation_error": "standard_error"})])
    with styled():
        drawn = noise_ceiling(
            own,
            others,
            models=list(names),
            names=names,
            families=families,
            title=f"{title_of('kernelshap')}: what noise leaves of a similarity",
        )
        save(drawn, table, figure)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.ceilings,
            snakemake.input.pairs,
            snakemake.output.figure,
            metrics=snakemake.params.metrics,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
