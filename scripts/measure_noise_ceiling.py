"""Compare the maps of every model with its own from other coalitions (rule measure_noise_ceiling)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.compare.similarity import Comparison
from thinkalike.progress import log
from thinkalike.statistics.ceilings import ceiling_tables
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    explanations: Sequence[str],
    again: Sequence[str],
    segments: str,
    ceiling: str,
    pairs: str,
    models: Sequence[str],
    number: int,
    metric: str,
    comparison: Mapping[str, Any],
) -> None:
    files = dict(zip(models, zip(explanations, again, strict=True), strict=True))
    tables = ceiling_tables(files, segments, Comparison(metric, **comparison), number)
    log.info("similarity with itself, other coalitions:\n%s", tables.models.to_string(index=False))
    write_table(tables.models, ceiling)
    write_table(tables.pairs, pairs)


if __name__ == "__main__":
    run(main, snakemake)
