"""Draw what noise in KernelSHAP maps leaves of a similarity (rule plot_noise_ceiling)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.plotting.ceilings import noise_ceiling
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run

CEILING = ["model", "metric", "n", "ceiling", "standard_error", "low", "high"]
PAIRS = ["model_a", "model_b", "n", "mean", "estimation_error"]


def main(
    ceilings: Sequence[str],
    pairs: Sequence[str],
    figure: Sequence[str],
    metrics: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    own = pd.concat([read_table(path, CEILING) for path in ceilings])
    tables = [read_table(path, PAIRS)[PAIRS] for path in pairs]
    others = dict(zip(metrics, tables, strict=True))
    title = f"{title_of('kernelshap')}: what noise leaves of a similarity"
    with styled(families):
        save(*noise_ceiling(own, others, names=names, families=families, title=title), figure)


if __name__ == "__main__":
    run(main, snakemake)
