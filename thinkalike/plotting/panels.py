"""One image as all models see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from thinkalike.plotting.style import FAMILY_COLOURS, METHOD_NAMES, WIDTH


@dataclass(frozen=True)
class Prediction:
    """What is written under a column."""

    name: str
    probability: float
    correct: bool


def panel(
    image: np.ndarray,
    maps: Mapping[str, Sequence[np.ndarray]],
    predictions: Sequence[Prediction],
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Rows of methods, columns of models: rendered maps over the image, the prediction under each.

    Red speaks for the explained class, blue against it; the stronger the colour, the more. Every map
    is scaled by the size that 99.5 % of its pixels stay below. A blank map is crossed out.

    Args:
        image: (height, width, 3) uint8.
        maps: method → a rendered map (height, width) per model.
        predictions: one per model.
        models: in order.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    columns = len(models) + 1
    cell = WIDTH / columns
    figure, grid = plt.subplots(
        len(maps), columns, figsize=(WIDTH, len(maps) * cell + 0.95), squeeze=False
    )
    figure.set_layout_engine("constrained", w_pad=0.01, h_pad=0.01, wspace=0.01, hspace=0.02)
    for row, (method, rendered) in enumerate(maps.items()):
        first = grid[row, 0]
        first.imshow(image)
        first.set_ylabel(METHOD_NAMES.get(method, method).replace(" ", "\n"), fontsize=6)
        for axes, values in zip(grid[row, 1:], rendered, strict=True):
            axes.imshow(_overlay(image, values))
            if not np.any(values):
                axes.plot([0, 1], [0, 1], color="#888888", lw=0.6, transform=axes.transAxes)
                axes.text(0.5, 0.5, "blank", ha="center", transform=axes.transAxes, fontsize=6)
        for axes in grid[row]:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
    for axes, model in zip(grid[0, 1:], models, strict=True):
        label = names[model].replace(" (", "\n(")
        axes.set_title(label, fontsize=5.5, color=FAMILY_COLOURS[families[model]])
    for axes, prediction in zip(grid[-1, 1:], predictions, strict=True):
        mark = "" if prediction.correct else " ✗"
        text = f"{prediction.name}{mark}\n{prediction.probability:.2f}"
        axes.set_xlabel(text, fontsize=6, color="k" if prediction.correct else "#B2182B")
    figure.suptitle(title)
    return figure


def _overlay(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A signed map in colour over the image in pale grey, (height, width, 3) in [0, 1]."""
    grey = (0.75 + 0.25 * (image @ [0.299, 0.587, 0.114]) / 255)[..., None].repeat(3, 2)
    size = np.abs(values)
    full = np.quantile(size, 0.995) or size.max()
    strength = (np.minimum(size / full, 1) if full else size)[..., None]
    # vermilion and blue of the palette, the pair that is told apart best
    colour = np.where(values[..., None] > 0, [0.835, 0.25, 0.0], [0.0, 0.35, 0.75])
    return grey * (1 - strength) + colour * strength
