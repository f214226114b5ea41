"""Square tables of models against models, with their numbers in the cells."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from thinkalike.plotting.fitting import inches_of
from thinkalike.plotting.style import MISSING, colour_names

CELL = 0.34
"""Inches of a cell, about: room for three digits."""
WIDEST = 7.0
"""Inches of the square of many models."""
USUAL = 1.0
"""Inches of names for which the square has room as it is."""
NUMBERED = 20
"""Models up to which the numbers stand in the cells."""


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
    side = side_of([names[model] for model in models])
    figure, axes = plt.subplots(figsize=(side + 0.6, side))
    values = table.loc[models, models].to_numpy(float, copy=True)
    picture = draw_square(axes, values, value_range(values), digits=digits)
    label_square(axes, models, names, families)
    axes.set_title(title)
    bar = figure.colorbar(picture, ax=axes, shrink=0.7, aspect=25, pad=0.02, label=label)
    bar.outline.set_visible(False)
    return figure, table.loc[[*order], [*order]].reset_index(names="model")


def side_of(names: Sequence[str]) -> float:
    """Inches of the square of models with these names; many models shrink to a page."""
    return min(1.7 + CELL * len(names), WIDEST) + max(inches_of(names, 6.5) - USUAL, 0)


def value_range(values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest finite value off the diagonal of a matrix; 0 and 1 where there is none."""
    off = values[~np.eye(len(values), dtype=bool)]
    finite = off[np.isfinite(off)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def draw_square(
    axes: Axes,
    values: np.ndarray,
    limits: tuple[float, float],
    *,
    digits: int,
    colours: str = "viridis",
) -> AxesImage:
    """Draw a matrix; its diagonal is grey, and a missing cell hatched.

    Args:
        axes: where to.
        values: (M, M).
        limits: values of the ends of the colour scale.
        digits: behind the decimal point in the cells of few models.
        colours: name of matplotlib's colour map.
    """
    size = len(values)
    off = ~np.eye(size, dtype=bool)
    axes.set_facecolor(MISSING)
    low, high = limits
    shown = np.where(off, values, np.nan)
    picture = axes.imshow(shown, cmap=colours, vmin=low, vmax=high)
    for i, j in np.argwhere(off):
        if np.isnan(values[i, j]):
            cell = Rectangle((j - 0.5, i - 0.5), 1, 1, hatch="////", fc="white", ec="grey", lw=0)
            axes.add_patch(cell)
        elif size <= NUMBERED:
            red, green, blue, _ = picture.cmap(picture.norm(values[i, j]))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
            text = f"{values[i, j]:.{digits}f}"
            axes.text(
                j, i, text, ha="center", va="center", fontsize=5.5, color="w" if dark else "k"
            )
    axes.spines[:].set_visible(False)
    return picture


def label_square(
    axes: Axes, models: Sequence[str], names: Mapping[str, str], families: Mapping[str, str]
) -> None:
    """Write the names of models at both sides of a matrix, in the colours of their families."""
    labels = [names[model] for model in models]
    axes.set_xticks(range(len(models)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(models)), labels)
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        colour_names(ticks, [families[model] for model in models])
    axes.tick_params(length=0)
