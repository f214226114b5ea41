"""Draw how well NEON finds the features that matter (rule plot_evaluation)."""

from collections.abc import Mapping

from thinkalike.plotting.neon import beta_curves, flipping_areas, flipping_curves, planted_curves
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

EXAMPLES = {"iris": "Iris", "wine": "Wine"}


def main(
    flipping: str,
    areas: str,
    betas: str,
    conservation: str,
    planted: str,
    curves_paths: list[str],
    areas_paths: list[str],
    betas_paths: list[str],
    planted_paths: list[str],
    *,
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    curves = read_table(flipping, ["data", "order", "removed", "logit", "staying", "features"])
    of_orders = read_table(areas, ["data", "order", "area", "low", "high", "difference"])
    swept = read_table(betas, ["data", "factor", "competitors", "cosine", "area"])
    sums = read_table(conservation, ["data", "beta", "precision", "largest"])
    recovered = read_table(planted, ["separation", "order", "auc", "low", "high", "found"])
    shown = {**EXAMPLES, **names}
    sizes = dict(zip(curves["data"], curves["features"], strict=True))
    with styled():
        save(flipping_curves(curves, sizes, shown), curves, curves_paths)
        save(flipping_areas(of_orders, shown), of_orders, areas_paths)
        save(beta_curves(swept, sums, shown, families), swept, betas_paths)
        save(planted_curves(recovered), recovered, planted_paths)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.flipping,
            snakemake.input.areas,
            snakemake.input.betas,
            snakemake.input.conservation,
            snakemake.input.planted,
            snakemake.output.flipping,
            snakemake.output.areas,
            snakemake.output.betas,
            snakemake.output.planted,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
