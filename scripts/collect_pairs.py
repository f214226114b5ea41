"""Put all pairs of models of a study into one table (rule collect_pairs)."""

from collections.abc import Mapping, Sequence

from thinkalike.compare.pairs import collect_pairs
from thinkalike.statistics.roles import Roles
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    pairs: Sequence[str],
    table: str,
    models: str,
    cases: Sequence[str],
    names: Mapping[str, str],
    architectures: Mapping[str, str],
    families: Mapping[str, str],
    untrained: Sequence[str],
    replicas: Sequence[str],
) -> None:
    """`cases` are the method/metric/subset of `pairs`."""
    split = [tuple(case.split("/")) for case in cases]
    tables = dict(zip(split, map(read_table, pairs), strict=True))
    roles = {"families": families, "architectures": architectures, "untrained": untrained}
    write_table(collect_pairs(tables, names=names, **roles), table)
    write_table(Roles(**roles).table(names, replicas), models)


if __name__ == "__main__":
    run(main, snakemake)
