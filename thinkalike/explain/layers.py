"""Shares of Grad-CAM's mass in the cells of several target layers, and with cells mended."""

from collections.abc import Sequence

import pandas as pd

from thinkalike.compare.borders import border_table, suspicious_cells
from thinkalike.explain.common import Case
from thinkalike.explain.gradcam import at_layers
from thinkalike.progress import log


def border_tables(
    case: Case, layers: Sequence[str], mended: Sequence[Sequence[int]]
) -> pd.DataFrame:
    """Shares of mass in the cells of Grad-CAM maps (`border_table`), for each of several layers.

    Args:
        case: of a model whose architecture has one layer, the published one.
        layers: names of further modules.
        mended: cells [row, column] of the published layer; none: only the maps as they are.

    Returns:
        model, layer, published (whether this is the published layer), mended (the cells, or none), and
        the columns of `border_table`.

    Raises:
        InputError: as `at_layers`.
    """
    (published,) = (layer.module for layer in case.model.architecture.grad_cam_layers.values())
    images = case.model, case.images, case.targets, case.question
    variants = [
        (layer, "none", explanation)
        for layer, explanation in at_layers(*images, layers=[published, *layers]).items()
    ]
    if mended:
        cells = " ".join(f"[{row}, {column}]" for row, column in mended)
        explanation = at_layers(*images, layers=[published], mended={published: mended})[published]
        variants.insert(1, (published, cells, explanation))
    tables = []
    for layer, cells, explanation in variants:
        table = border_table(explanation.maps)
        log.info(
            "%s, mended %s: suspicious %s", layer, cells, suspicious_cells(table) or "is no cell"
        )
        name, is_published = case.model.name, layer == published
        tables.append(table.assign(model=name, layer=layer, published=is_published, mended=cells))
    together, first = pd.concat(tables), ["model", "layer", "published", "mended"]
    return together[[*first, *together.columns.drop(first)]]
