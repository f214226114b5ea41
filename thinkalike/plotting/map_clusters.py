"""Clusters of maps in pictures: mean images, mean maps, and the maps that are nearest to these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from thinkalike.clustering.spectral.prototypes import Prototype, UnitMaps, counts
from thinkalike.images.loading import load_image, load_images
from thinkalike.plotting.fitting import fitted, most_lines
from thinkalike.plotting.panels import overlay
from thinkalike.plotting.spectral import cluster_colour

TILE = 0.56
"""Inches of an image."""
SIDE = 96
"""Pixels of an image, at most: it is drawn half an inch wide."""
SMALL = 5.5
"""Points of the small text."""
LABELS = 1.35
"""Inches of the names of clusters and the notes below them."""
TOP = 0.48
"""Inches above the first row."""
LINE = 0.093
"""Inches from one line of the small text to the next."""
PITCH = TILE * 1.28
"""Inches from row to row, where the words of a row do not need more."""
MOST_ROWS = 12
"""Clusters in a figure, the largest."""
SHOWN = 5
"""Maps of a cluster."""


@dataclass(frozen=True)
class Row:
    """What is drawn of a cluster of maps.

    Attributes:
        number: of the cluster, from 0.
        notes: lines about it.
        mean: its mean map, (height, width).
        image: the mean of its images, (side, side, 3) uint8; of another size than the maps, perhaps.
        shown: image (side, side, 3), map (side, side) and name of the maps nearest to the mean.
    """

    number: int
    notes: Sequence[str]
    mean: np.ndarray
    image: np.ndarray
    shown: Sequence[tuple[np.ndarray, np.ndarray, str]]


def cluster_rows(
    clusters: Sequence[Prototype],
    maps: UnitMaps,
    points: pd.DataFrame,
    *,
    size: int,
    names: Mapping[str, str],
) -> list[Row]:
    """Rows of the largest clusters, with their images.

    Args:
        clusters: the clusters, the largest first.
        maps: of the same images by one model or several.
        points: a row for each map: path, model, predicted_name, correct.
        size: pixels of a side of the maps.
        names: model → display name.
    """
    images = load_images(points["path"].tolist()[: len(maps.maps[0])], min(size, SIDE))
    several = len(maps.maps) > 1
    rows = []
    for number, prototype in enumerate(clusters[:MOST_ROWS]):
        members = points.iloc[prototype.members]
        notes = [f"{len(members)} maps", f"predicted: {counts(members['predicted_name'], 2)}"]
        if several:
            notes += counts(members["model"].map(dict(names)), 2).split(", ")
        shown = [
            (
                load_image(points["path"][position], size),
                maps.render(position),
                _name(points.iloc[position], names if several else None),
            )
            for position in prototype.nearest
        ]
        image = images[prototype.members % len(images)].mean(0).round().astype(np.uint8)
        rows.append(Row(number, notes, maps.mean(prototype.members), image, shown))
    return rows


def _name(point: pd.Series, names: Mapping[str, str] | None) -> str:
    """Model of a map, or its prediction where all maps are of one model; a cross if that is wrong."""
    name = names[point["model"]] if names else str(point["predicted_name"])
    return name if point["correct"] else f"{name} ✗"


def map_clusters(rows: Sequence[Row], *, title: str, left_out: int = 0) -> Figure:
    """A row for every cluster: its mean image and mean map, and the images whose maps are nearest.

    Every map is scaled by the size that 99.5 % of its pixels stay below, as in all panels. The title
    says how many smaller clusters are left out.
    """
    most = max(len(row.shown) for row in rows)
    width = LABELS + (2 + 2 * most) * TILE + 0.15
    title += f"; {left_out} smaller clusters are in the table" if left_out else ""
    title = fitted(title, width - 0.2, 8)
    top = TOP + 0.13 * (most_lines([title]) - 1)
    notes = [fitted("\n".join(row.notes), LABELS - 0.14, SMALL) for row in rows]
    below = [[fitted(name, 2 * TILE - 0.06, SMALL) for *_, name in row.shown] for row in rows]
    pitch = max(PITCH, 0.26 + LINE * most_lines(notes))
    pitch = max(pitch, TILE + 0.07 + LINE * max(map(most_lines, below)))
    height = top + 0.04 + len(rows) * pitch
    figure = plt.figure(figsize=(width, height))
    figure.set_layout_engine("none")

    def tile(x: float, y: float, picture: np.ndarray) -> None:
        side = TILE * 0.97
        place = (x / width, 1 - (y + side) / height, side / width, side / height)
        axes = figure.add_axes(place)
        axes.imshow(picture)
        axes.set_axis_off()

    def text(x: float, y: float, words: str, **look: Any) -> None:
        figure.text(x / width, 1 - y / height, words, **look)

    bold: dict[str, Any] = {"fontsize": 7.5, "va": "center", "weight": "bold"}
    head: dict[str, Any] = {"fontsize": 6, "ha": "center", "va": "bottom"}
    for place, row in enumerate(rows):
        y = top + place * pitch
        text(0.08, y + 0.1, f"cluster {row.number + 1}", color=cluster_colour(row.number), **bold)
        text(0.08, y + 0.19, notes[place], fontsize=SMALL, va="top", color="#444444")
        tile(LABELS, y, row.image)
        tile(LABELS + TILE, y, overlay(np.zeros((*row.mean.shape, 3), np.uint8), row.mean))
        for number, (image, values, _) in enumerate(row.shown):
            x = LABELS + 0.1 + (2 + 2 * number) * TILE
            tile(x, y, image)
            tile(x + TILE, y, overlay(image, values))
            text(x + TILE, y + TILE, below[place][number], fontsize=SMALL, ha="center", va="top")
    for number, words in enumerate(("mean\nimage", "mean\nmap")):
        text(LABELS + (number + 0.5) * TILE, top - 0.03, words, **head)
    words = "images whose maps are nearest to the mean map"
    text(LABELS + 0.1 + (2 + most) * TILE, top - 0.03, words, **head)
    figure.suptitle(title, y=1 - 0.05 / height, va="top", fontsize=8)
    return figure
