"""A model's clusters: their images, and what makes these this cluster rather than the next one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thinkalike.plotting.style import FAMILY_COLOURS, FAMILY_MARKERS, PALETTE, WIDTH, family_legend

MOST = 20
"""Clusters in a figure, the largest; all are in the table."""
TILE = 0.6
"""Inches of an image."""
STEP, PAIR, GAP, PITCH = 1.06, 2.12, 0.1, 1.22
"""From an image to the next, from a pair to the next, before pairs, from row to row, in tiles."""
SPECTRUM = 1.45
"""Inches of the bars of features."""
LABELS = 0.95
"""Inches of the names of clusters."""
STRONGEST = 8
"""Features with a bar."""
FOR, AGAINST = PALETTE[1], PALETTE[0]
SMALL = 5.5


@dataclass(frozen=True)
class Shown:
    """An image of a cluster with its map.

    Attributes:
        image: (side, side, 3) uint8.
        drawn: the same size, its map over it.
        rather: what the next cluster is called.
        logit: how much farther that is.
    """

    image: np.ndarray
    drawn: np.ndarray
    rather: str
    logit: float


@dataclass(frozen=True)
class Row:
    """A cluster.

    Attributes:
        name: of it.
        note: a line below the name.
        mean: (side, side, 3) uint8, of its images.
        next_mean: of those of the cluster that is next for most of its images.
        shown: images, the last of which is next to the border.
        features: numbers of the strongest features.
        relevances: their mean relevances, as shares of the mean logit.
    """

    name: str
    note: str
    mean: np.ndarray
    next_mean: np.ndarray
    shown: Sequence[Shown]
    features: Sequence[int]
    relevances: Sequence[float]


def gallery(rows: Sequence[Row], *, title: str) -> Figure:
    """A row for each cluster: mean images, images with their maps, the strongest features."""
    most = max(len(row.shown) for row in rows)
    # left edges: two means, then pairs of an image and its map
    edges = [0.0, STEP, *(2 * STEP + PAIR * place + GAP for place in range(most))]
    across = edges[-1] + 2
    width = LABELS + across * TILE + SPECTRUM
    height = 0.62 + len(rows) * TILE * PITCH
    figure = plt.figure(figsize=(width, height))
    figure.set_layout_engine("none")
    top, bottom = 1 - 0.5 / height, 0.1 / height
    left, right = LABELS / width, (LABELS + across * TILE) / width
    pictures = figure.add_axes((left, bottom, right - left, top - bottom))
    edge = right + 0.22 / width
    bars = figure.add_axes((edge, bottom, 0.99 - edge, top - bottom))
    depth = len(rows) * PITCH
    # one picture: hundreds of them take a minute to draw
    pictures.imshow(_canvas(rows, edges), extent=(0, across, depth, 0), aspect="auto")
    pictures.set(xlim=(0, across), ylim=(depth, 0))
    bars.set(xlim=(-0.6, STRONGEST - 0.4), ylim=(depth, 0))
    largest = max((abs(value) for row in rows for value in row.relevances), default=0) or 1
    for y, row in zip(np.arange(len(rows)) * PITCH, rows, strict=True):
        pictures.text(-0.12, y + 0.42, row.name, ha="right", va="bottom", fontsize=7)
        grey: dict[str, Any] = {"fontsize": SMALL, "color": "#555555"}
        pictures.text(-0.12, y + 0.5, row.note, ha="right", va="top", **grey)
        for x, one in zip(_places(edges, row), row.shown, strict=True):
            told = f"not {one.rather}: {one.logit:.3g}"
            pictures.text(x + 1, y + 1.02, told, ha="center", va="top", fontsize=SMALL)
        _bars(bars, row, y, largest)
    centres = [0.5, STEP + 0.5, *(x + 1 for x in edges[2:])]
    heads = ["mean", "mean of\nnext", *["typical"] * (most - 1), "border"]
    for x, head in zip(centres, heads, strict=True):
        pictures.text(x, -0.06, head, ha="center", va="bottom", fontsize=6)
    told = "strongest features,\nshare of the logit"
    bars.text((STRONGEST - 1) / 2, -0.06, told, ha="center", va="bottom", fontsize=6)
    for axes in (pictures, bars):
        axes.set_axis_off()
    figure.suptitle(title, y=1 - 0.05 / height, va="top", fontsize=8)
    return figure


def _places(edges: Sequence[float], row: Row) -> list[float]:
    """Left edges of a row's pairs: the last one at the end, where there are fewer than in other rows."""
    return [*edges[2 : 1 + len(row.shown)], edges[-1]]


def _canvas(rows: Sequence[Row], edges: Sequence[float]) -> np.ndarray:
    """All tiles on white, (height, width, 3) uint8; a unit of length is the side of a tile."""
    side = len(rows[0].mean)
    size = round(len(rows) * PITCH * side), round((edges[-1] + 2) * side)
    canvas = np.full((*size, 3), 255, np.uint8)

    def put(tile: np.ndarray, x: float, y: float) -> None:
        top, left = round(y * side), round(x * side)
        canvas[top : top + side, left : left + side] = tile

    for y, row in zip(np.arange(len(rows)) * PITCH, rows, strict=True):
        put(row.mean, 0, y)
        put(row.next_mean, STEP, y)
        for x, one in zip(_places(edges, row), row.shown, strict=True):
            put(one.image, x, y)
            put(one.drawn, x + 1, y)
    return canvas


def _bars(axes: Axes, row: Row, y: float, largest: float) -> None:
    """Bars on a line in the row, each with its feature's number; below the line are negative ones."""
    negative = min(row.relevances, default=0) < 0
    base, room = (y + 0.5, 0.42) if negative else (y + 0.88, 0.8)
    values = np.array(row.relevances) * room / largest
    axes.plot([-0.5, STRONGEST - 0.5], [base, base], color="#888888", lw=0.4)
    colours = [FOR if value > 0 else AGAINST for value in values]
    axes.bar(range(len(values)), -values, 0.7, bottom=base, color=colours)
    for place, feature in enumerate(row.features):
        axes.text(place, y + 1.02, str(feature), ha="center", va="top", fontsize=4.5)
    tip: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": 4.5}
    axes.text(-0.5, base - values[0], f"{row.relevances[0]:.0%}", **tip)


def cluster_quality(
    table: pd.DataFrame, *, names: Mapping[str, str], families: Mapping[str, str], title: str
) -> Figure:
    """Purity, share in the cluster of their class, and adjusted Rand index of every model's clusters.

    Args:
        table: model, purity, matched, adjusted_rand.
        names, families: of the models.
        title: of the figure.
    """
    columns = {
        "purity": "purity",
        "matched": "in the cluster\nof their class",
        "adjusted_rand": "adjusted\nRand index",
    }
    count = len(table)
    height = 0.9 + 0.2 * min(max(count, 1), 120)
    figure, panels = plt.subplots(1, 3, figsize=(WIDTH, height), sharey=True)
    for axes, (column, label) in zip(panels, columns.items(), strict=True):
        for place, (model, value) in enumerate(zip(table["model"], table[column], strict=True)):
            family = families[model]
            axes.plot([0, value], [place, place], color="#D9D9D9", lw=1.2, zorder=1)
            axes.plot(
                value, place, FAMILY_MARKERS[family], color=FAMILY_COLOURS[family], ms=4, zorder=2
            )
        axes.set(xlim=(min(0, table[column].min() - 0.02), 1.02), xlabel=label)
        axes.grid(axis="x", color="#EEEEEE", lw=0.6)
        axes.set_axisbelow(True)
    panels[0].set_yticks(range(count), [names[model] for model in table["model"]])
    panels[0].set_ylim(count - 0.5, -0.5)
    there = {model: families[model] for model in table["model"]}
    family_legend(panels[2], there, loc="upper left", bbox_to_anchor=(0.02, 0.86), ncols=1)
    figure.suptitle(title)
    return figure
