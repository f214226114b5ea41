"""How fine the Grad-CAM maps of every model are, and where on them the mass is (rule tabulate_grids)."""

from collections.abc import Mapping

import pandas as pd

from thinkalike.compare.borders import border_table, grid_of, suspicious_cells
from thinkalike.progress import log
from thinkalike.stores.maps import read_maps
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log


def main(
    explanations: list[str],
    resolutions: str,
    borders: str,
    *,
    models: list[str],
    layers: Mapping[str, str],
) -> None:
    grids, tables = [], []
    for model, path in zip(models, explanations, strict=True):
        maps, _ = read_maps(path)
        grid = grid_of(maps)
        grids.append(
            {"model": model, "rows": grid.rows, "columns": grid.columns, "layer": layers[model]}
        )
        table = border_table(maps)
        if table["suspicious"].any():
            log.warning(
                "%s: most of its Grad-CAM maps have their mass in the same place, %s; compare "
                "candidate layers, or mend these cells",
                model,
                suspicious_cells(table),
            )
        tables.append(table.assign(model=model))
    resolution = pd.DataFrame(grids)
    log.info("cells of a map:\n%s", resolution.to_string(index=False))
    write_table(resolution, resolutions)
    together = pd.concat(tables)
    write_table(together[["model", *together.columns.drop("model")]], borders)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.explanations,
            snakemake.output.resolutions,
            snakemake.output.borders,
            models=snakemake.params.models,
            layers=snakemake.params.layers,
        )
