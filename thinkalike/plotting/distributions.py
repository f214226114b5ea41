"""Distributions of similarities over images."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thinkalike.plotting.fitting import fitted, inches_of, legend_below, most_lines
from thinkalike.plotting.style import FAMILY_COLOURS, PALETTE, WIDTH, colour_names
from thinkalike.stores.kernels import Kernel

BINS = 40
USUAL = 0.95
"""Inches of names for which there is room as it is."""
MOST_HISTOGRAMS = 24
"""Models whose pairs have room on a page."""


def similarities(
    kernel: Kernel, *, names: Mapping[str, str], families: Mapping[str, str], title: str
) -> tuple[Figure, pd.DataFrame]:
    """Draw similarities per image: a histogram of every pair, or of many models a row of each.

    Args:
        kernel: similarities of all pairs of models on every image, read a part at a time.
        names: model → display name.
        families: model → family.
        title: method and metric.

    Returns:
        The figure, and its bins: model_a, model_b (or model), median, low, high, and how many values
        are in a bin.
    """
    lowest = np.fmin.reduce([np.fmin.reduce(values, axis=None) for values in _values(kernel)])
    edges = np.linspace(-1.0 if lowest < 0 else 0.0, 1.0, BINS + 1)
    labels: dict[str, Any] = {"models": kernel.models, "names": names, "families": families}
    if len(kernel.models) <= MOST_HISTOGRAMS:
        counts, medians = _pair_counts(kernel, edges)
        title = f"{title}: similarity per image, and its median"
        table = _pair_bins(kernel.models, counts, edges, medians)
        return histograms(counts, edges, medians, **labels, title=title), table
    counts = _model_counts(kernel, edges)
    medians = medians_of(counts, edges)
    table = pd.DataFrame(
        {
            "model": np.repeat(kernel.models, BINS),
            "median": np.repeat(medians, BINS),
            "low": np.tile(edges[:-1], len(kernel.models)),
            "high": np.tile(edges[1:], len(kernel.models)),
            "images_and_models": counts.ravel(),
        }
    )
    title = f"{title}: similarity per image, with all other models"
    return profiles(counts, edges, medians, **labels, title=title), table


def _values(kernel: Kernel) -> Iterator[np.ndarray]:
    """Similarities (n, M, M) of all images, in parts; NaN on the diagonal."""
    for _, values in kernel.parts():
        diagonal = np.arange(values.shape[1])
        values[:, diagonal, diagonal] = np.nan
        yield values


def _pair_counts(kernel: Kernel, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images in each bin (M, M, bins) and medians (M, M) of every pair, below the diagonal."""
    size = len(kernel.models)
    values = np.concatenate(list(_values(kernel)))
    counts = np.zeros((size, size, BINS), int)
    medians = np.full((size, size), np.nan)
    for i, j in zip(*np.tril_indices(size, -1), strict=True):
        pair = values[:, i, j]
        pair = pair[np.isfinite(pair)]
        counts[i, j], _ = np.histogram(pair, edges)
        if pair.size:
            medians[i, j] = np.median(pair)
    return counts, medians


def _pair_bins(
    models: Sequence[str], counts: np.ndarray, edges: np.ndarray, medians: np.ndarray
) -> pd.DataFrame:
    """The histograms of all pairs as a table, a row for every bin."""
    rows, columns = np.tril_indices(len(models), -1)
    names = np.array(models)
    return pd.DataFrame(
        {
            "model_a": np.repeat(names[columns], BINS),
            "model_b": np.repeat(names[rows], BINS),
            "median": np.repeat(medians[rows, columns], BINS),
            "low": np.tile(edges[:-1], len(rows)),
            "high": np.tile(edges[1:], len(rows)),
            "images": counts[rows, columns].ravel(),
        }
    )


def _model_counts(kernel: Kernel, edges: np.ndarray) -> np.ndarray:
    """Images and other models in each bin, (M, bins)."""
    counts = np.zeros((len(kernel.models), BINS), int)
    for values in _values(kernel):
        for number in range(len(counts)):
            row = values[:, number]
            counts[number] += np.histogram(row[np.isfinite(row)], edges)[0]
    return counts


def histograms(
    counts: np.ndarray,
    edges: np.ndarray,
    medians: np.ndarray,
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Draw a histogram of the similarities of every pair of models, in the lower triangle.

    All share the horizontal axis; each is as high as its own fullest bin.

    Args:
        counts: (M, M, bins).
        edges: (bins + 1,), common to all.
        medians: (M, M), drawn as a line; NaN where a pair has no image.
        models: in order.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    size = len(models)
    # names are set outside the grid by hand: long ones would push its columns apart
    longer = max(inches_of([names[model] for model in models], 7) - USUAL, 0)
    width, height = WIDTH + longer, WIDTH * 0.78 + longer / 2  # names below are turned by 30°
    title = fitted(title, width - 0.2, 9)
    above = 0.33 + 0.15 * (most_lines([title]) - 1)
    margins = {"left": (1.05 + longer) / width, "right": 1 - 0.07 / width}
    margins |= {"bottom": (0.76 + longer / 2) / height, "top": 1 - above / height}
    figure, grid = plt.subplots(
        size - 1,
        size - 1,
        figsize=(width, height),
        squeeze=False,
        layout="none",
        gridspec_kw={**margins, "wspace": 0.06, "hspace": 0.1},
    )
    for (row, column), axes in np.ndenumerate(grid):
        if column > row:
            axes.set_axis_off()
        else:
            _histogram(axes, counts[row + 1, column], edges, medians[row + 1, column])
            axes.tick_params(labelbottom=row == size - 2, labelsize=5.5, pad=1, length=1.5)
    colours = [FAMILY_COLOURS[families[model]] for model in models]
    for axes, model, colour in zip(grid[:, 0], models[1:], colours[1:], strict=True):
        axes.set_ylabel(names[model], rotation=0, ha="right", va="center", color=colour)
    for axes, model, colour in zip(grid[-1], models[:-1], colours[:-1], strict=True):
        for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
            label.set_ha(side)
        turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
        axes.set_xlabel(names[model], color=colour, **turned)
    figure.suptitle(title)
    return figure


def _histogram(axes: Axes, counts: np.ndarray, edges: np.ndarray, median: float) -> None:
    """Draw one pair: its bins, and its median as a line and a number on the emptier side."""
    low, high = edges[0], edges[-1]
    axes.stairs(counts, edges, fill=True, color="#9ECAE1")
    if np.isfinite(median):
        axes.axvline(median, color=PALETTE[1], lw=0.9)
        left = median > (low + high) / 2
        axes.text(
            0.04 if left else 0.96,
            0.92,
            f"{median:.2f}",
            ha="left" if left else "right",
            va="top",
            transform=axes.transAxes,
            fontsize=5.5,
        )
    axes.set(xlim=(low, high), ylim=(0, max(counts.max(), 1) * 1.05), yticks=[], xticks=[low, high])
    axes.spines["left"].set_visible(False)


def profiles(
    counts: np.ndarray,
    edges: np.ndarray,
    medians: np.ndarray,
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Draw the similarities of each model with all others, a row of shades for every model.

    For more models than have room for histograms of their pairs. A point is the median.

    Args:
        counts: (M, bins), over images and other models.
        edges: (bins + 1,), common to all.
        medians: (M,).
        models: in order.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    size = len(models)
    figure, axes = plt.subplots(figsize=(WIDTH, min(1.2 + 0.085 * size, 9.5)))
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    drawn = axes.imshow(
        shares,
        aspect="auto",
        cmap="Blues",
        vmin=0,
        extent=(edges[0], edges[-1], size - 0.5, -0.5),
    )
    rows = np.arange(size)
    axes.plot(medians, rows, "o", ms=1.6, color=PALETTE[1], label="median")
    axes.set_yticks(rows, [names[model] for model in models], fontsize=min(6.5, 480 / size))
    colour_names(axes.get_yticklabels(), [families[model] for model in models])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("similarity with another model, on one image")
    legend_below(figure, *axes.get_legend_handles_labels())
    bar = figure.colorbar(drawn, ax=axes, pad=0.01, aspect=40)
    bar.set_label("share of images and other models")
    bar.outline.set_visible(False)
    axes.set_title(title)
    return figure


def medians_of(counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Medians (M,) of binned values, taken as even within a bin; NaN for a row without any."""
    total = counts.sum(1, keepdims=True)
    below = np.concatenate([np.zeros_like(total), counts.cumsum(1)], 1)
    return np.array(
        [
            np.interp(number / 2, row, edges) if number else np.nan
            for row, number in zip(below, total[:, 0], strict=True)
        ]
    )
