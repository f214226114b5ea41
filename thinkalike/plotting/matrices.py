"""Square tables of models against models."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from thinkalike.plotting.style import MISSING, colour_names


def heat_map(
    table: pd.DataFrame,
    *,
    order: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
    label: str,
    digits: int,
) -> tuple[Figure, pd.DataFrame]:
    """Draw a heat map with its numbers in the cells; names in the colour of their family.

    The diagonal is not data and stays grey; a missing cell is hatched.

    Args:
        table: square, models as index and columns.
        order: of rows and columns; models that are not in it follow at the end.
        names: model → display name.
        families: model → family.
        title: of the figure.
        label: of the colour bar.
        digits: behind the decimal point in the cells.

    Returns:
        The figure, and the matrix of the models in `order`, with a column `model`.
    """
    models = [*order, *(model for model in table.columns if model not in order)]
    values = table.loc[models, models].to_numpy(float, copy=True)
    size = len(models)
    off = ~np.eye(size, dtype=bool)
    shown = np.where(off, values, np.nan)
    # about 0.34 inches a cell keep three digits legible; many models shrink to a page
    side = min(1.7 + 0.34 * size, 7.0)
    figure, axes = plt.subplots(figsize=(side + 0.6, side))
    finite = shown[np.isfinite(shown)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    axes.set_facecolor(MISSING)
    picture = axes.imshow(shown, cmap="viridis", vmin=low, vmax=high)
    for i, j in np.argwhere(off):
        if np.isnan(values[i, j]):
            cell = Rectangle((j - 0.5, i - 0.5), 1, 1, hatch="////", fc="white", ec="grey", lw=0)
            axes.add_patch(cell)
        elif size <= 20:
            red, green, blue, _ = picture.cmap(picture.norm(values[i, j]))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
            text = f"{values[i, j]:.{digits}f}"
            axes.text(
                j, i, text, ha="center", va="center", fontsize=5.5, color="w" if dark else "k"
            )
    labels = [names[model] for model in models]
    axes.set_xticks(range(size), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), labels)
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        colour_names(ticks, [families[model] for model in models])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title)
    bar = figure.colorbar(picture, ax=axes, shrink=0.7, aspect=25, pad=0.02, label=label)
    bar.outline.set_visible(False)
    return figure, table.loc[[*order], [*order]].reset_index(names="model")
