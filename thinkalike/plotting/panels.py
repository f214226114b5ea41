"""One image as all models see it."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thinkalike.plotting.style import FAMILY_COLOURS, WIDTH, method_name

CELL = 0.6
"""Inches of a map at least; more models make a wider figure, not smaller maps."""
GAP = 0.03
WIDEST = 60
"""Inches of all maps; hundreds of models get smaller ones, as a picture has its limits."""
LETTER = 0.041
"""Inches of a letter of the small text, about."""
LINE = 0.085
"""Inches from one line of it to the next."""
SMALL = 5.5


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
    cell = max((WIDTH - 0.1) / (columns + 0.6), min(CELL, WIDEST / columns))
    letters = max(int(cell / LETTER), 4)
    labels = [_wrapped(method_name(method), letters) for method in maps]
    # a name like EfficientNet_B3 may be broken behind its underscore
    heads = [
        _wrapped(names[model].replace("_", "_ "), letters).replace("_ ", "_") for model in models
    ]
    told = [
        _wrapped(f"{prediction.name}{'' if prediction.correct else ' ✗'}", letters)
        + f"\n{prediction.probability:.2f}"
        for prediction in predictions
    ]
    left = 0.1 + LINE * _most_lines(labels)
    above = 0.32 + LINE * _most_lines(heads)
    below = 0.08 + LINE * _most_lines(told)
    width = left + columns * cell + 0.03
    height = above + len(maps) * cell + below
    # cells are placed by hand: long names and predictions would push them apart
    figure = plt.figure(figsize=(width, height), layout="none")
    grid = figure.subplots(
        len(maps),
        columns,
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": 1 - 0.03 / width,
            "bottom": below / height,
            "top": 1 - above / height,
            "wspace": GAP / (cell - GAP),
            "hspace": GAP / (cell - GAP),
        },
    )
    for axes_row, label, rendered in zip(grid, labels, maps.values(), strict=True):
        axes_row[0].imshow(image)
        axes_row[0].set_ylabel(label, fontsize=SMALL)
        for axes, values in zip(axes_row[1:], rendered, strict=True):
            _draw_map(axes, image, values)
        for axes in axes_row:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
    for axes, head, model in zip(grid[0, 1:], heads, models, strict=True):
        axes.set_title(head, fontsize=SMALL, pad=2, color=FAMILY_COLOURS[families[model]])
    for axes, text, prediction in zip(grid[-1, 1:], told, predictions, strict=True):
        colour = "k" if prediction.correct else "#B2182B"
        axes.set_xlabel(text, fontsize=SMALL, labelpad=2, color=colour)
    figure.suptitle(title, y=1 - 0.06 / height, va="top", fontsize=8)
    return figure


def nothing_to_draw(sentence: str) -> Figure:
    """A figure that says why there is no picture in it."""
    figure, axes = plt.subplots(figsize=(WIDTH, 1.0))
    axes.set_axis_off()
    axes.text(0.5, 0.5, textwrap.fill(sentence, 130), ha="center", va="center")
    return figure


def _draw_map(axes: Axes, image: np.ndarray, values: np.ndarray) -> None:
    axes.imshow(overlay(image, values))
    if not np.any(values):
        axes.plot([0, 1], [0, 1], color="#888888", lw=0.6, transform=axes.transAxes)
        axes.text(0.5, 0.5, "blank", ha="center", transform=axes.transAxes, fontsize=6)


def _wrapped(text: str, letters: int) -> str:
    """In lines of so many letters at most; a longer word is broken."""
    return textwrap.fill(text, letters, break_on_hyphens=False)


def _most_lines(texts: Sequence[str]) -> int:
    return max(text.count("\n") + 1 for text in texts)


def overlay(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """A signed map in colour over the image in pale grey, (height, width, 3) in [0, 1].

    Red is positive, blue negative; full colour is the size that 99.5 % of the pixels stay below.
    """
    grey = (0.75 + 0.25 * (image @ [0.299, 0.587, 0.114]) / 255)[..., None].repeat(3, 2)
    size = np.abs(values)
    full = np.quantile(size, 0.995) or size.max()
    strength = (np.minimum(size / full, 1) if full else size)[..., None]
    # vermilion and blue of the palette, the pair that is told apart best
    colour = np.where(values[..., None] > 0, [0.835, 0.25, 0.0], [0.0, 0.35, 0.75])
    return grey * (1 - strength) + colour * strength
