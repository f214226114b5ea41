"""Draw where on their grids Grad-CAM maps have their mass (rule plot_borders)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.plotting.borders import border_maps
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run

CELLS = ["model", "row", "column", "border", "share", "uniform", "suspicious", "n", "blank"]


def main(
    borders: str,
    figure: Sequence[str],
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    layers: Sequence[str] = (),
) -> None:
    target = read_table(borders, CELLS)
    tables = [read_table(path, [*CELLS, "layer", "mended"]) for path in layers]
    candidates = pd.concat(tables) if tables else None
    title = f"{title_of('gradcam')}: where on the grid the mass is"
    with styled(families):
        drawn = border_maps(
            target, candidates, models=models, names=names, families=families, title=title
        )
        save(drawn, pd.concat([target, *tables]), figure)


if __name__ == "__main__":
    run(main, snakemake)
