"""Clusters of a model's features: their images, and what makes these this cluster rather than the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from thinkalike.clustering.features import UNMATCHED
from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import render
from thinkalike.images.loading import load_image, load_images
from thinkalike.neon.features import STRONGEST, FeatureClusters
from thinkalike.plotting.fitting import fitted, inches_of, most_lines
from thinkalike.plotting.panels import overlay
from thinkalike.plotting.style import (
    FAMILY_COLOURS,
    FAMILY_MARKERS,
    PALETTE,
    WIDTH,
    family_legend_below,
    method_name,
)
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.maps import read_image_ids, read_maps, read_segments
from thinkalike.stores.tables import read_table

MOST = 20
"""Clusters in a figure, the largest; all are in the table."""
TILE = 0.6
"""Inches of an image."""
SIDE = 128
"""Pixels of an image, at most."""
STEP, PAIR, GAP, PITCH = 1.06, 2.12, 0.1, 1.22
"""From an image to the next, from a pair to the next, before pairs, from row to row, in tiles."""
SPECTRUM = 1.45
"""Inches of the bars of features."""
LABELS = 0.95
"""Inches of the names of clusters."""
LINE = 0.085
"""Inches from one line of the small text to the next."""
EMPTY = 235
"""Grey in the place of a mean of nothing."""
FOR, AGAINST = PALETTE[1], PALETTE[0]
SMALL, NUMBER = 5.5, 4.5
"""Points of words and of the numbers of features."""


@dataclass(frozen=True)
class Images:
    """Images of a study whose clusters are drawn.

    Attributes:
        image_ids, class_names, paths: of N images.
        pixels: (N, side, side, 3) uint8.
        segments: superpixels, where maps are on them.
    """

    image_ids: Sequence[str]
    class_names: Sequence[str]
    paths: Sequence[str]
    pixels: np.ndarray
    segments: Sequence[Segments] | None

    @classmethod
    def read(cls, path: str, size: int, segments: str | None) -> "Images":
        """The images of a table, `size` pixels wide or less, and the superpixels of a file."""
        table = read_table(path, ["image_id", "path", "class_name"])
        return cls(
            table["image_id"].tolist(),
            table["class_name"].tolist(),
            table["path"].tolist(),
            load_images(table["path"].tolist(), min(size, SIDE)),
            read_segments(segments) if segments else None,
        )

    def rendered(self, path: str) -> dict[int, np.ndarray]:
        """Position of an image → its map (height, width), for the maps of a file."""
        positions = [self.image_ids.index(name) for name in read_image_ids(path)]
        segments = [self.segments[i] for i in positions] if self.segments else None
        maps, _ = read_maps(path, segments)
        return {position: render(maps, row) for row, position in enumerate(positions)}


def map_gaps(path: str) -> dict[str, float]:
    """`median_gap_of_maps`, the median share of a map's sum that is missing, where the method says it."""
    with open_arrays(path) as dataset:
        if "gap" not in dataset:
            return {}
        return {
            "median_gap_of_maps": float(np.abs(dataset["gap"] / dataset["difference"]).median())
        }


@dataclass(frozen=True)
class Shown:
    """An image of a cluster with its map.

    Attributes:
        image: (side, side, 3) uint8.
        drawn: the same size, its map over it.
        rather: name of the next cluster.
        logit: how much farther that is.
    """

    image: np.ndarray
    drawn: np.ndarray
    rather: str
    logit: float


@dataclass(frozen=True)
class Row:
    """What is drawn of a cluster.

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


def gallery_rows(
    explained: FeatureClusters,
    summary: pd.DataFrame,
    images: Images,
    rendered: Mapping[int, np.ndarray],
) -> list[Row]:
    """Rows of the largest clusters, by name.

    Args:
        explained: the clusters.
        summary: table of them, as of `FeatureClusters.summary`.
        images: of the study.
        rendered: position of an image → its map.
    """
    pixels = images.pixels

    def mean(cluster: int) -> np.ndarray:
        members = pixels[explained.clusters == cluster]
        if not len(members):  # of two equal centroids one has no image
            return np.full(pixels.shape[1:], EMPTY, np.uint8)
        return members.mean(0).round().astype(np.uint8)

    def name(cluster: int) -> str:
        return str(explained.called[cluster]) or f"cluster {cluster}"

    def shown(position: int) -> Shown:
        rather = name(explained.competitors[position])
        tiles = _tiles(images.paths[position], rendered[position], pixels.shape[1])
        return Shown(*tiles, rather, float(explained.logits[position]))

    rows = []
    for row in summary.nlargest(MOST, "images").sort_index().to_dict("records"):
        cluster, matched = row["cluster"], row["class_name"] != UNMATCHED
        of_class = f"\n{row['of_class']} of that class" if matched else ""
        rows.append(
            Row(
                name=name(cluster),
                note=f"{row['images']} images{of_class}",
                mean=mean(cluster),
                next_mean=mean(row["next"]),
                shown=[shown(one) for one in rendered if explained.clusters[one] == cluster],
                features=[int(number) for number in row["strongest"].split(", ")],
                relevances=[float(share) for share in row["shares"].split(", ")],
            )
        )
    return sorted(rows, key=lambda row: row.name)


def _tiles(path: str, values: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """An image, and its map over it, (side, side, 3) uint8 each."""
    over = overlay(load_image(path, len(values)), values)
    picture = Image.fromarray((255 * over).round().astype(np.uint8))
    drawn = picture.resize((side, side), Image.Resampling.BILINEAR)
    return load_image(path, side), np.asarray(drawn)


def model_gallery(
    explained: FeatureClusters, images: Images, maps: str, name: str, method: str
) -> tuple[Figure, pd.DataFrame]:
    """Gallery of the clusters of one model's features, and the table of them.

    Args:
        explained: the clusters.
        images: of the study.
        maps: file of the maps of some images.
        name: of the model.
        method: of the maps.
    """
    summary = explained.summary(images.class_names)
    rows = gallery_rows(explained, summary, images, images.rendered(maps))
    left_out = len(summary) - len(rows)
    note = f"; {left_out} smaller clusters are in the table" if left_out else ""
    title = (
        f"{name}: why an image is in its cluster, rather than in the next one "
        f"({method_name(method)}{note})"
    )
    return gallery(rows, title=title), summary


def gallery(rows: Sequence[Row], *, title: str) -> Figure:
    """A row for each cluster: mean images, images with their maps, the strongest features."""
    most = max(len(row.shown) for row in rows)
    # left edges: two means, then pairs of an image and its map
    edges = [0.0, STEP, *(2 * STEP + PAIR * place + GAP for place in range(most))]
    across = edges[-1] + 2
    digits = max((len(str(feature)) for row in rows for feature in row.features), default=1)
    spectrum = max(SPECTRUM, 0.25 + STRONGEST * inches_of(["0" * (digits + 1)], NUMBER))
    width = LABELS + across * TILE + spectrum
    title = fitted(title, width - 0.2, 8)
    above = 0.5 + 0.13 * (most_lines([title]) - 1)
    rather = [[_rather(one) for one in row.shown] for row in rows]
    pitch = PITCH + (max(map(most_lines, rather)) - 1) * LINE / TILE
    height = above + 0.12 + len(rows) * TILE * pitch
    figure = plt.figure(figsize=(width, height))
    figure.set_layout_engine("none")
    top, bottom = 1 - above / height, 0.1 / height
    left, right = LABELS / width, (LABELS + across * TILE) / width
    pictures = figure.add_axes((left, bottom, right - left, top - bottom))
    edge = right + 0.22 / width
    bars = figure.add_axes((edge, bottom, 0.99 - edge, top - bottom))
    depth = len(rows) * pitch
    # one picture: hundreds of them take a minute to draw
    pictures.imshow(_canvas(rows, edges, pitch), extent=(0, across, depth, 0), aspect="auto")
    pictures.set(xlim=(0, across), ylim=(depth, 0))
    bars.set(xlim=(-0.6, STRONGEST - 0.4), ylim=(depth, 0))
    largest = max((abs(value) for row in rows for value in row.relevances), default=0) or 1
    for y, row, below in zip(np.arange(len(rows)) * pitch, rows, rather, strict=True):
        _labels(pictures, row, y)
        for x, each in zip(_places(edges, row), below, strict=True):
            pictures.text(x + 1, y + 1.02, each, ha="center", va="top", fontsize=SMALL)
        _bars(bars, row, y, largest)
    head: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 6}
    centres = [0.5, STEP + 0.5, *(x + 1 for x in edges[2:])]
    heads = ["mean", "mean of\nnext", *["typical"] * (most - 1), "border"]
    for x, words in zip(centres, heads, strict=True):
        pictures.text(x, -0.06, words, **head)
    bars.text((STRONGEST - 1) / 2, -0.06, "strongest features,\nshare of the logit", **head)
    for axes in (pictures, bars):
        axes.set_axis_off()
    figure.suptitle(title, y=1 - 0.05 / height, va="top", fontsize=8)
    return figure


def _labels(axes: Axes, row: Row, y: float) -> None:
    """Name and note before a row."""
    name = fitted(row.name, LABELS - 0.12, 7)
    axes.text(-0.12, y + 0.42, name, ha="right", va="bottom", fontsize=7)
    axes.text(-0.12, y + 0.5, row.note, ha="right", va="top", fontsize=SMALL, color="#555555")


def _rather(shown: Shown) -> str:
    """What an image is not, and by how much, in lines as wide as it and its map."""
    return fitted(f"not {shown.rather}: {shown.logit:.3g}", (PAIR - 0.06) * TILE, SMALL)


def _places(edges: Sequence[float], row: Row) -> list[float]:
    """Left edges of a row's pairs: the last one at the end, where there are fewer than in other rows."""
    return [*edges[2 : 1 + len(row.shown)], edges[-1]]


def _canvas(rows: Sequence[Row], edges: Sequence[float], pitch: float) -> np.ndarray:
    """All tiles on white, (height, width, 3) uint8; a unit of length is the side of a tile."""
    side = len(rows[0].mean)
    size = round(len(rows) * pitch * side), round((edges[-1] + 2) * side)
    canvas = np.full((*size, 3), 255, np.uint8)

    def put(tile: np.ndarray, x: float, y: float) -> None:
        top, left = round(y * side), round(x * side)
        canvas[top : top + side, left : left + side] = tile

    for y, row in zip(np.arange(len(rows)) * pitch, rows, strict=True):
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
        axes.text(place, y + 1.02, str(feature), ha="center", va="top", fontsize=NUMBER)
    tip: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": NUMBER}
    axes.text(-0.5, base - values[0], f"{row.relevances[0]:.0%}", **tip)


def cluster_quality(
    table: pd.DataFrame, *, names: Mapping[str, str], families: Mapping[str, str]
) -> Figure:
    """Purity, share in the cluster of their class, and adjusted Rand index of every model's clusters.

    Args:
        table: model, purity, matched, adjusted_rand.
        names, families: of the models.
    """
    columns = {
        "purity": "purity",
        "matched": "in the cluster\nof their class",
        "adjusted_rand": "adjusted\nRand index",
    }
    count = len(table)
    height = 1.1 + 0.2 * min(max(count, 1), 120)
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
    family_legend_below(figure, [families[model] for model in table["model"]], "{}")
    figure.suptitle("Clusters of the models' features beside the images' classes")
    return figure
