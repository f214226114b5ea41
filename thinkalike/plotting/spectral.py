"""Spectral clustering in pictures: points, spectra, how far twelve results agree, which choice matters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from thinkalike.clustering.spectral.cut import ALL, APART
from thinkalike.clustering.spectral.graphs import GRAPHS
from thinkalike.clustering.spectral.spectra import LAPLACIANS
from thinkalike.plotting.panels import overlay
from thinkalike.plotting.style import MISSING, PALETTE, WIDTH, method_name

GRAPH_NAMES = {"epsilon": "ε", "knn": "k nearest", "mutual": "mutual", "full": "full"}
LAPLACIAN_NAMES = {
    "unnormalised": "unnormalised",
    "symmetric": "symmetric",
    "random_walk": "random walk",
}
KNOWN_NAMES = {
    "predicted": "predicted\nclass",
    "correct": "correct",
    "class": "class",
    "split": "split",
    "image": "image",
    "model": "model",
}
# the palette, then tints for the rare clusters after it
CLUSTER_COLOURS = (*PALETTE[:6], "#882255", "#999933", "#332288", "#88CCEE")
CHOICES: Mapping[str, tuple[str, str, str]] = {
    "graph": ("the graph", PALETTE[0], "o"),
    "laplacian": ("the Laplacian", PALETTE[1], "s"),
    "both": ("both", "#8C8C8C", "D"),
}
"""What results differ in → name, colour, marker."""
TILE = 0.56
"""Inches of an image."""
SMALL = 5.5
MOST_ROWS = 12
"""Clusters in a figure, the largest."""


def colour(cluster: int) -> str:
    """Of a cluster, by its number; those after the tenth are alike, and apart is pale."""
    if cluster == APART:
        return "#BBBBBB"
    return CLUSTER_COLOURS[cluster] if cluster < len(CLUSTER_COLOURS) else "#555555"


def embeddings(points: pd.DataFrame, results: pd.DataFrame, *, title: str) -> Figure:
    """All twelve results on the same points, coloured by cluster.

    Args:
        points: x, y, and a column for every result.
        results: graph, laplacian, clusters, stability, in_clusters.
        title: of the figure.
    """
    figure, grid = _grid(7.6)
    shown = points[np.isfinite(points["x"])]
    size = float(np.clip(900 / max(len(shown), 1), 0.6, 5))
    for axes, row in zip(grid.flat, _rows(results), strict=True):
        labels = shown[f"{row.graph}/{row.laplacian}"].to_numpy()
        apart = labels == APART
        x, y = shown["x"].to_numpy(), shown["y"].to_numpy()
        axes.scatter(x[apart], y[apart], s=size * 2, marker="x", color=colour(APART), lw=0.5)
        # small clusters last, so that none is hidden
        sizes = np.bincount(labels[~apart])
        for cluster in np.argsort(-sizes, kind="stable"):
            of = labels == cluster
            small = sizes[cluster] < 5
            look: dict[str, Any] = {"ec": "k", "lw": 0.5} if small else {"lw": 0}
            axes.scatter(
                x[of], y[of], s=size * (4 if small else 1.6), color=colour(cluster), **look
            )
        axes.set(xticks=[], yticks=[])
        axes.set_aspect("equal", adjustable="datalim")
        axes.spines[:].set_color("#DDDDDD")
        axes.spines[:].set_visible(True)
        axes.set_title(_told(row), fontsize=6.5)
    figure.suptitle(title)
    return figure


def spectra(values: pd.DataFrame, results: pd.DataFrame, *, title: str) -> Figure:
    """The smallest eigenvalues of all twelve, with the gap that was chosen.

    Args:
        values: graph, laplacian, number, value.
        results: graph, laplacian, clusters, stability, in_clusters.
        title: of the figure.
    """
    figure, grid = _grid(6.6)
    for axes, row in zip(grid.flat, _rows(results), strict=True):
        of = values[(values["graph"] == row.graph) & (values["laplacian"] == row.laplacian)]
        chosen = of["number"] <= row.clusters
        low, high = (
            of["value"].iloc[[row.clusters - 1, min(row.clusters, len(of) - 1)]]
            if row.clusters <= len(of)
            else (0, 0)
        )
        axes.axhspan(low, high, color=PALETTE[4], alpha=0.3, lw=0)
        axes.plot(of["number"][chosen], of["value"][chosen], "o", color=PALETTE[1], ms=3)
        axes.plot(of["number"][~chosen], of["value"][~chosen], "o", color="#8C8C8C", ms=3)
        zero = int((of["value"] == 0).sum())
        if zero > 1:
            axes.text(0.03, 0.95, f"{zero} zeros", transform=axes.transAxes, va="top", fontsize=6)
        top = of["value"].max() or 1
        axes.set(ylim=(-0.05 * top, 1.08 * top), xlim=(0.3, of["number"].max() + 0.7))
        axes.set_xticks([number for number in (1, 5, 10, 15, 20) if number <= len(of)])
        axes.set_title(_told(row), fontsize=6.5)
    for axes in grid[-1]:
        axes.set_xlabel("number of the eigenvalue")
    figure.suptitle(title)
    return figure


def _grid(height: float) -> tuple[Figure, np.ndarray]:
    """4 x 3 panels, graphs down and Laplacians across."""
    figure, grid = plt.subplots(len(GRAPHS), len(LAPLACIANS), figsize=(WIDTH, height))
    for axes, name in zip(grid[:, 0], GRAPHS, strict=True):
        axes.set_ylabel(f"{GRAPH_NAMES[name]} graph")
    for axes, name in zip(grid[0], LAPLACIANS, strict=True):
        axes.annotate(
            LAPLACIAN_NAMES[name],
            (0.5, 1),
            (0, 14),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    return figure, grid


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _told(row: Any) -> str:
    apart = f", {1 - row.in_clusters:.0%} apart" if row.in_clusters < 1 else ""
    noun = "clusters" if row.clusters != 1 else "cluster"
    return f"{row.clusters} {noun}, stability {row.stability:.2f}{apart}"


def result_agreement(
    agreement: pd.DataFrame, results: pd.DataFrame, known: pd.DataFrame, *, title: str
) -> Figure:
    """How far results agree with each other, with themselves on other maps, and with what is known.

    Args:
        agreement: square, of the adjusted Rand indices of results.
        results: graph, laplacian, stability, stability_low, stability_high, in_clusters.
        known: graph, laplacian, known, adjusted_rand.
        title: of the figure.
    """
    table = known.pivot_table(
        index=["graph", "laplacian"], columns="known", values="adjusted_rand", sort=False
    ).reindex(list(ALL))
    columns = [name for name in KNOWN_NAMES if name in table and table[name].notna().any()]
    figure, (square, bars, side) = plt.subplots(
        1,
        3,
        figsize=(WIDTH, 3.9),
        gridspec_kw={"width_ratios": (12, 3.4, max(1.25 * len(columns), 1))},
    )
    count = len(results)
    names = [LAPLACIAN_NAMES[name] for name in results["laplacian"]]
    picture = _cells(square, agreement.to_numpy(float))
    square.set_xticks(range(count), names, rotation=45, ha="right", rotation_mode="anchor")
    square.set_yticks(range(count), names)
    step = len(LAPLACIANS)
    for place, graph in enumerate(GRAPHS):
        middle = place * step + (step - 1) / 2
        beside: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "center"}
        square.annotate(
            GRAPH_NAMES[graph],
            (0, middle),
            (-58, 0),
            rotation=90,
            xycoords=("axes fraction", "data"),
            **beside,
        )
        square.annotate(
            GRAPH_NAMES[graph],
            (middle, 0),
            (-12, -50),
            xycoords=("data", "axes fraction"),
            **beside,
        )
        for axes in (square, bars, side):
            axes.axhline(place * step - 0.5, color="w" if axes is not bars else "#CCCCCC", lw=1.5)
        square.axvline(place * step - 0.5, color="w", lw=1.5)
    square.set_title("adjusted Rand index of two results")
    y = np.arange(count)
    error = [
        results["stability"] - results["stability_low"],
        results["stability_high"] - results["stability"],
    ]
    bars.barh(y, results["in_clusters"], 0.8, color="#E6E6E6")
    bars.errorbar(
        results["stability"], y, xerr=error, fmt="o", ms=3, lw=0.8, color=PALETTE[1], clip_on=False
    )
    bars.set(xlim=(min(0, results["stability_low"].min()), 1), ylim=(count - 0.5, -0.5), yticks=[])
    bars.set_title("stability")
    bars.set_xlabel("of samples\n(grey: share\nin clusters)")
    bars.spines["left"].set_visible(False)
    if columns:
        _cells(side, table[columns].to_numpy(float))
        side.set_xticks(range(len(columns)), [KNOWN_NAMES[name] for name in columns], rotation=90)
        side.set_title("with what\nis known")
    else:
        side.set_axis_off()
    side.set_yticks([])
    bar = figure.colorbar(picture, ax=side, shrink=0.7, aspect=25, pad=0.06)
    bar.outline.set_visible(False)
    figure.suptitle(title)
    return figure


def _cells(axes: Axes, values: np.ndarray) -> Any:
    """Numbers on colours from 0 to 1."""
    axes.set_facecolor(MISSING)
    picture = axes.imshow(values, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        if np.isfinite(value):
            text = f"{value:.2f}".replace("0.", ".").replace("1.00", "1").replace("-.00", ".00")
            dark = "k" if value > 0.6 else "w"
            axes.text(j, i, text, ha="center", va="center", fontsize=5.5, color=dark)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return picture


def of_maps(name: str, method: str, class_name: str | None) -> str:
    """Whose maps, by which method, and of which images."""
    what = "images" if class_name is None else f"images of class {class_name}"
    return f"{name}, {method_name(method)} of {what}"


@dataclass(frozen=True)
class Group:
    """A cluster of maps.

    Attributes:
        number: of it.
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


def map_clusters(groups: Sequence[Group], *, title: str) -> Figure:
    """A row for every cluster: its mean image and mean map, and the images whose maps are nearest.

    Every map is scaled by the size that 99.5 % of its pixels stay below, as in all panels.
    """
    most = max(len(group.shown) for group in groups)
    labels = 1.35
    columns = 2 + 2 * most
    width = labels + columns * TILE + 0.15
    pitch = TILE * 1.28
    height = 0.52 + len(groups) * pitch
    figure = plt.figure(figsize=(width, height))
    figure.set_layout_engine("none")

    def place(axes_x: float, axes_y: float, picture: np.ndarray) -> None:
        axes = figure.add_axes(
            (
                axes_x / width,
                1 - (axes_y + TILE * 0.97) / height,
                TILE * 0.97 / width,
                TILE * 0.97 / height,
            )
        )
        axes.imshow(picture)
        axes.set_axis_off()

    def text(x: float, y: float, words: str, **look: Any) -> None:
        figure.text(x / width, 1 - y / height, words, **look)

    heads = ["mean\nimage", "mean\nmap"]
    top = 0.48
    for row, group in enumerate(groups):
        y = top + row * pitch
        text(
            0.08,
            y + 0.1,
            f"cluster {group.number + 1}",
            fontsize=7.5,
            va="center",
            color=colour(group.number),
            weight="bold",
        )
        text(0.08, y + 0.19, "\n".join(group.notes), fontsize=SMALL, va="top", color="#444444")
        place(labels, y, group.image)
        place(labels + TILE, y, overlay(np.zeros((*group.mean.shape, 3), np.uint8), group.mean))
        for number, (image, values, name) in enumerate(group.shown):
            x = labels + 0.1 + (2 + 2 * number) * TILE
            place(x, y, image)
            place(x + TILE, y, overlay(image, values))
            text(x + TILE, y + TILE, name, fontsize=SMALL, ha="center", va="top")
    for number, head in enumerate(heads):
        text(labels + (number + 0.5) * TILE, top - 0.03, head, fontsize=6, ha="center", va="bottom")
    text(
        labels + 0.1 + (2 + most) * TILE,
        top - 0.03,
        "images whose maps are nearest to the mean map",
        fontsize=6,
        ha="center",
        va="bottom",
    )
    figure.suptitle(title, y=1 - 0.05 / height, va="top", fontsize=8)
    return figure


def choice_figure(choices: pd.DataFrame, results: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Which choice matters: agreement of results that differ in one, and each choice's stability.

    Args:
        choices: case, number, graph, laplacian, both.
        results: case, graph, laplacian, clusters, stability.
        names: case → display name.
    """
    cases = list(names)
    figure, (left, middle, right) = plt.subplots(
        1,
        3,
        figsize=(WIDTH, 1.6 + 0.34 * max(len(cases), 3)),
        gridspec_kw={"width_ratios": (1.3, 1, 1)},
    )
    for place, case in enumerate(cases):
        for number, offset, fill in (("eigengap", -0.2, True), ("same", 0.2, False)):
            row = choices[(choices["case"] == case) & (choices["number"] == number)].iloc[0]
            for name, (_, tint, marker) in CHOICES.items():
                face = tint if fill else "w"
                y = place + offset + 0.09 * (list(CHOICES).index(name) - 1)
                left.plot(row[name], y, marker, color=tint, mfc=face, ms=3.5, mew=0.8)
        if place:
            left.axhline(place - 0.5, color="#EEEEEE", lw=0.6)
    left.set_yticks(range(len(cases)), [names[case] for case in cases])
    left.set(ylim=(len(cases) - 0.5, -0.5), xlim=(min(0, left.get_xlim()[0]), 1.02))
    left.set_xlabel(
        "mean adjusted Rand index of two results\n(the lower, the more the choice matters)"
    )
    for axes, column, options, labels in (
        (middle, "graph", GRAPHS, GRAPH_NAMES),
        (right, "laplacian", LAPLACIANS, LAPLACIAN_NAMES),
    ):
        for place, option in enumerate(options):
            values = results.loc[results[column] == option, "stability"].to_numpy()
            spread = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else [0]
            axes.plot(values, place + np.asarray(spread), "o", color="#BDBDBD", ms=2.5, mew=0)
            axes.plot(values.mean(), place, "|", color=PALETTE[1], ms=11, mew=1.6)
        axes.set_yticks(range(len(options)), [labels[option] for option in options])
        axes.set(ylim=(len(options) - 0.5, -0.5), xlim=(0, 1.03), xlabel="stability")
        axes.grid(axis="x", color="#EEEEEE", lw=0.6)
        axes.set_axisbelow(True)
    left.grid(axis="x", color="#EEEEEE", lw=0.6)
    left.set_axisbelow(True)
    handles = [Line2D([], [], ls="", marker=m, color=c, ms=4) for _, c, m in CHOICES.values()]
    handles += [Line2D([], [], ls="", marker="o", color="k", mfc=face, ms=4) for face in ("k", "w")]
    told = [f"differ in {name}" for name, _, _ in CHOICES.values()]
    figure.legend(
        handles,
        [*told, "clusters by the eigengap", "the same number"],
        loc="outside lower center",
        ncols=5,
        columnspacing=1,
        handletextpad=0.2,
    )
    figure.suptitle(sentence(choices))
    return figure


def sentence(choices: pd.DataFrame) -> str:
    """Which choice matters more, in words and numbers: means over all cases."""
    of = choices[choices["number"] == "eigengap"][["graph", "laplacian"]].mean()
    first, second = (
        ("graph", "laplacian") if of["graph"] < of["laplacian"] else ("laplacian", "graph")
    )
    words = {"graph": "graph", "laplacian": "Laplacian"}
    return (
        f"The {words[first]} matters more than the {words[second]}: results that differ in it alone agree "
        f"less\n(mean adjusted Rand index {of[first]:.2f}; {of[second]:.2f} if they differ in the "
        f"{words[second]} alone)"
    )
