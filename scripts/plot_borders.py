"""Draw where on their grids Grad-CAM maps have their mass (rule plot_borders)."""

from collections.abc import Mapping

import pandas as pd

from thinkalike.plotting.borders import border_maps
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

CELLS = ["model", "row", "column", "border", "share", "uniform", "suspicious", "n", "blank"]


def main(
    borders: str,
    layers: list[str],
    figure: list[str],
    *,
    models: list[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    published = read_table(borders, CELLS)
    tables = [read_table(path, [*CELLS, "layer", "mended"]) for path in layers]
    candidates = pd.concat(tables) if tables else None
    with styled():
        drawn = border_maps(
            published,
            candidates,
            models=models,
            names=names,
            families=families,
            title=f"{title_of('gradcam')}: where on the grid the mass is",
        )
        save(drawn, pd.concat([published, *tables]), figure)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.borders,
            snakemake.input.get("layers", []),
            snakemake.output.figure,
            models=snakemake.params.models,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
