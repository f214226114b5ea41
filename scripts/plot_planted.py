"""Draw how well NEON finds features that were planted (rule plot_planted)."""

from thinkalike.plotting.neon import planted_curves
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(planted: str, planted_figure: list[str]) -> None:
    recovered = read_table(planted, ["separation", "order", "auc", "low", "high", "found"])
    with styled():
        save(planted_curves(recovered), recovered, planted_figure)


if __name__ == "__main__":
    run(main, snakemake)
