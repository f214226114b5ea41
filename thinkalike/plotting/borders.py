"""Grids of Grad-CAM maps with the mass that each cell has, over all images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from thinkalike.plotting.style import FAMILY_COLOURS, MISSING, WIDTH

COLUMNS = 7
COLOURS = "PuOr_r"
MOST = 16.0
"""Times the uniform share, and one over that: where the colours end at the latest."""
LEAST = 2.0
FOOT = 0.5
"""Inches of the colour bar and its label."""


@dataclass(frozen=True)
class Tile:
    """One grid: its heading and the colour of that, and its rows of a `border_table`."""

    heading: str
    colour: str
    cells: pd.DataFrame


def border_maps(
    borders: pd.DataFrame,
    layers: pd.DataFrame | None,
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Draw the mean share of positive mass in every cell over the uniform share, a grid for every model.

    Suspicious cells are outlined. Below them, for the models that have candidate layers, a grid for
    each layer. All share one logarithmic scale of colours around 1.

    Args:
        borders: model and the columns of `compare.borders.border_table`.
        layers: model, layer, mended and these columns, or None.
        models: in order.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    rows = [_lines([_published(borders, model, names, families) for model in models])]
    headings = ["target layer of the study"]
    if layers is not None:
        for model in models:
            tiles = list(_candidates(layers, model, families))
            if tiles:
                rows.append(_lines(tiles))
                number = tiles[0].cells["n"].iloc[0] + tiles[0].cells["blank"].iloc[0]
                headings.append(f"{names[model]}: candidate layers, first {number} images")
    end = _end([borders] if layers is None else [borders, layers])
    heights = [0.25 + len(lines) * (WIDTH / COLUMNS + 0.3) for lines in rows]
    figure = plt.figure(figsize=(WIDTH, 0.3 + sum(heights) + FOOT))
    *parts, foot = np.ravel(
        figure.subfigures(len(rows) + 1, 1, height_ratios=[*heights, FOOT])  # type: ignore[arg-type]
    )
    for part, lines, heading in zip(parts, rows, headings, strict=True):
        _draw(part, lines, heading, end)
    _colour_bar(foot, end)
    figure.suptitle(title)
    return figure


def _published(
    borders: pd.DataFrame, model: str, names: Mapping[str, str], families: Mapping[str, str]
) -> Tile:
    colour = FAMILY_COLOURS[families[model]]
    return Tile(names[model], colour, borders[borders["model"] == model])


def _candidates(layers: pd.DataFrame, model: str, families: Mapping[str, str]) -> Iterator[Tile]:
    own = layers[layers["model"] == model]
    for (layer, mended), cells in own.groupby(["layer", "mended"], sort=False):
        note = "" if mended == "none" else f"\n{mended} mended"
        yield Tile(f"{layer}{note}", FAMILY_COLOURS[families[model]], cells)


def _lines(tiles: Sequence[Tile]) -> list[Sequence[Tile]]:
    return [tiles[start : start + COLUMNS] for start in range(0, len(tiles), COLUMNS)]


def _end(tables: Sequence[pd.DataFrame]) -> float:
    """End of the scale of colours: a power of two, times the uniform share."""
    ratio = np.concatenate([table["share"] / table["uniform"] for table in tables])
    furthest = np.nanmax(np.maximum(ratio, 1 / np.maximum(ratio, 1 / MOST)), initial=LEAST)
    return float(2 ** np.ceil(np.log2(min(furthest, MOST))))


def _draw(figure: SubFigure, lines: Sequence[Sequence[Tile]], heading: str, end: float) -> None:
    figure.suptitle(heading, fontsize=7.5, x=0.01, ha="left")
    grid = figure.subplots(len(lines), COLUMNS, squeeze=False)
    for place, line in zip(grid, lines, strict=True):
        for axes, tile in zip(place, line, strict=False):
            _tile(axes, tile, end)
        for axes in place[len(line) :]:
            axes.set_axis_off()


def _tile(axes: Axes, tile: Tile, end: float) -> None:
    cells = tile.cells
    rows, columns = cells["row"].max() + 1, cells["column"].max() + 1
    ratio = (cells["share"] / cells["uniform"]).to_numpy(float).reshape(rows, columns)
    axes.set_facecolor(MISSING)
    # a cell that never has any is at the end of the scale
    axes.imshow(np.maximum(ratio, 1 / end), cmap=COLOURS, norm=LogNorm(1 / end, end, clip=True))
    for row, column in cells.loc[cells["suspicious"], ["row", "column"]].itertuples(index=False):
        axes.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, fc="none", ec="k", lw=1.2, clip_on=False)
        )
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    # about 22 characters of 6 points are as wide as a grid
    longest = max(map(len, tile.heading.split("\n")))
    axes.set_title(tile.heading, fontsize=min(6, 6 * 22 / longest), color=tile.colour, pad=3)
    at_border = cells["border"]
    share = cells["share"][at_border].sum(min_count=1)
    even = cells["uniform"][at_border].sum()
    axes.set_xlabel(f"border {share:.0%}, even {even:.0%}", fontsize=5.5, labelpad=2)


def _colour_bar(figure: SubFigure, end: float) -> None:
    # outer columns leave the bar the middle of the page
    axes = figure.subplots(1, 3, width_ratios=[1, 3, 1])
    for empty in (axes[0], axes[2]):
        empty.set_axis_off()
    norm = LogNorm(1 / end, end, clip=True)
    bar = figure.colorbar(ScalarMappable(norm, COLOURS), cax=axes[1], orientation="horizontal")
    powers = np.arange(round(np.log2(end)) + 1)
    bar.set_ticks(
        [*(2.0 ** -powers[:0:-1]), *(2.0**powers)],
        labels=[
            *(f"1/{2**power}" for power in powers[:0:-1]),
            *(f"{2**power}" for power in powers),
        ],
    )
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("mean share of a map's positive mass in a cell, over an even share")
