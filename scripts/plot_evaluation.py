"""Draw how well NEON finds the features that matter (rule plot_evaluation)."""

from collections.abc import Mapping

from thinkalike.plotting.neon import beta_curves, flipping_areas, flipping_curves
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    flipping: str,
    areas: str,
    betas: str,
    conservation: str,
    flipping_figure: list[str],
    areas_figure: list[str],
    betas_figure: list[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    curves = read_table(flipping, ["data", "order", "removed", "logit", "staying", "features"])
    order_areas = read_table(areas, ["data", "order", "area", "low", "high", "difference"])
    swept = read_table(betas, ["data", "factor", "competitors", "cosine", "area"])
    sums = read_table(conservation, ["data", "beta", "precision", "largest"])
    sizes = dict(zip(curves["data"], curves["features"], strict=True))
    with styled(families):
        save(flipping_curves(curves, sizes, names), curves, flipping_figure)
        save(flipping_areas(order_areas, names), order_areas, areas_figure)
        save(beta_curves(swept, sums, names, families), swept, betas_figure)


if __name__ == "__main__":
    run(main, snakemake)
