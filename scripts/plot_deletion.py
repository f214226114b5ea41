"""Draw what models lose with the regions that maps rate highest (rule plot_deletion)."""

from collections.abc import Mapping, Sequence

from thinkalike.plotting.deletion import COLUMNS, deletion
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    summary: str,
    figure: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    area: float,
) -> None:
    table = read_table(summary, COLUMNS)
    models = list(names)
    with styled(families):
        drawn = deletion(table, models=models, names=names, families=families, area=area)
        save(drawn, table, figure)


if __name__ == "__main__":
    run(main, snakemake)
