"""Hold similarities against models whose likeness is known (rule evaluate_grounded)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.compare.scales import Pool
from thinkalike.progress import log
from thinkalike.statistics.grounded import grounded_table, ladder_table, measures
from thinkalike.stores.kernels import Chance
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run

SCALES = ["kind", "scale", "model_a", "model_b", "mean", "rho"]


def main(
    chances: Sequence[str],
    scales: Sequence[str],
    agreement: str,
    table: str,
    ladder_values: str,
    cases: Sequence[str],
    pools: Mapping[str, Pool],
    groups: Mapping[str, str],
    ladder: Sequence[str],
) -> None:
    """Write how well each of `cases`, method/metric, tells known likeness, and the values on the ladder."""
    other = {name: read_table(path, SCALES) for name, path in zip(pools, scales, strict=True)}
    parts = []
    for case, path in zip(cases, chances, strict=True):
        method, metric = case.split("/")
        names = {"method": method, "metric": metric, "pool": pools.get(method)}
        parts.append(measures(Chance.read(path), other.get(method), **names))
    likeness = pd.concat(parts, ignore_index=True)
    result = grounded_table(likeness, groups, ladder)
    log.info("likeness that is known:\n%s", result.to_string(index=False))
    write_table(result, table)
    agreed = read_table(agreement, ["model_a", "model_b", "same", "different"])
    write_table(ladder_table(likeness, agreed, ladder), ladder_values)


if __name__ == "__main__":
    run(main, snakemake)
