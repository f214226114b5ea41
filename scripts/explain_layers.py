"""Where the mass of Grad-CAM maps is with other target layers, and with cells mended (rule
explain_layers).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from thinkalike.compare.borders import border_table, suspicious_cells
from thinkalike.explain import study
from thinkalike.explain.gradcam import at_layers
from thinkalike.networks.devices import device_for
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log


def main(
    images: str,
    weights: str,
    predictions: str,
    table: str,
    *,
    architecture: Mapping[str, Any],
    layers: Sequence[str],
    mended: Sequence[Sequence[int]],
    number: int,
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    device: Any,
) -> None:
    case = study.load(
        images,
        weights,
        predictions,
        None,
        architecture=architecture,
        explanation=explanation,
        seed=seed,
        names=["gradcam"],
        device=device,
        part=slice(number),
        size=size,
    )
    (published,) = architecture["layers"].values()
    asked = (case.model, case.images, case.targets, case.question)
    variants = [
        (layer, "none", found)
        for layer, found in at_layers(*asked, layers=[published, *layers]).items()
    ]
    if mended:
        cells = " ".join(f"[{row}, {column}]" for row, column in mended)
        answer = at_layers(*asked, layers=[published], mended={published: mended})
        variants.insert(1, (published, cells, answer[published]))
    tables = []
    for layer, cells, found in variants:
        shares = border_table(found.maps)
        log.info(
            "%s, mended %s: suspicious %s", layer, cells, suspicious_cells(shares) or "is no cell"
        )
        named = {"model": architecture["name"], "layer": layer, "mended": cells}
        tables.append(shares.assign(**named, published=layer == published))
    together = pd.concat(tables)
    first = ["model", "layer", "published", "mended"]
    write_table(together[[*first, *together.columns.drop(first)]], table)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.input.predictions,
            snakemake.output.table,
            architecture=snakemake.params.architecture,
            layers=snakemake.params.layers,
            mended=snakemake.params.mended,
            number=snakemake.params.number,
            explanation=snakemake.params.explanation,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
