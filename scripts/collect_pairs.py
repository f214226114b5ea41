"""Put all pairs of models of a study into one table (rule collect_pairs)."""

from collections.abc import Mapping, Sequence

from thinkalike.compare.pairs import collect_pairs
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    pairs: Sequence[str],
    table: str,
    cases: Sequence[str],
    names: Mapping[str, str],
    architectures: Mapping[str, str],
    families: Mapping[str, str],
    untrained: Sequence[str],
) -> None:
    """`cases` are the method/metric/subset of `pairs`."""
    split = [tuple(case.split("/")) for case in cases]
    tables = dict(zip(split, map(read_table, pairs), strict=True))
    collected = collect_pairs(
        tables,
        names=names,
        architectures=architectures,
        families=families,
        untrained=untrained,
    )
    write_table(collected, table)


if __name__ == "__main__":
    run(main, snakemake)
