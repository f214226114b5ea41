"""Grids of the Grad-CAM maps of every model, and shares of mass on them (rule tabulate_grids)."""

from collections.abc import Mapping

from thinkalike.compare.borders import grid_tables
from thinkalike.stores.maps import read_maps
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    explanations: list[str],
    resolutions: str,
    borders: str,
    models: list[str],
    layers: Mapping[str, str],
) -> None:
    maps = (read_maps(path)[0] for path in explanations)
    resolution, shares = grid_tables(zip(models, maps, strict=True), layers)
    write_table(resolution, resolutions)
    write_table(shares, borders)


if __name__ == "__main__":
    run(main, snakemake)
