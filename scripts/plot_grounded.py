"""Draw how well measures of likeness tell likeness that is known (rule plot_grounded)."""

from collections.abc import Mapping, Sequence

from thinkalike.plotting.grounded import grounded
from thinkalike.plotting.style import save, styled
from thinkalike.statistics.grounded import CASE
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run

TABLE = [*CASE, "default", "average_precision", "pairs_same", "pairs_different"]
LADDER = [*CASE, "default", "place", "model", "similarity"]


def main(table: str, ladder_values: str, figure: Sequence[str], names: Mapping[str, str]) -> None:
    with styled():
        drawn = grounded(
            read_table(table, TABLE),
            read_table(ladder_values, LADDER),
            names=names,
            title="Which measures tell the likeness that is known?",
        )
        save(*drawn, figure)


if __name__ == "__main__":
    run(main, snakemake)
