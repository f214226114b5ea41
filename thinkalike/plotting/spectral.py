"""Spectral clustering in pictures: points, spectra, agreement of twelve results, which choice matters."""

from collections.abc import Mapping
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
from thinkalike.clustering.spectral.stability import STABLE
from thinkalike.methods import method_name
from thinkalike.plotting.fitting import legend_below, most_lines, wrapped
from thinkalike.plotting.style import MISSING, PALETTE, WIDTH

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
CASE = 36
"""Letters of a line of the name of a case."""
CHOICES: Mapping[str, tuple[str, str, str]] = {
    "graph": ("the graph", PALETTE[0], "o"),
    "laplacian": ("the Laplacian", PALETTE[1], "s"),
    "both": ("both", "#8C8C8C", "D"),
}
"""What results differ in → name, colour, marker."""


def cluster_colour(cluster: int) -> str:
    """Colour of the cluster of this number; those after the tenth are alike, and apart is pale."""
    if cluster == APART:
        return "#BBBBBB"
    return CLUSTER_COLOURS[cluster] if cluster < len(CLUSTER_COLOURS) else "#555555"


def embeddings(points: pd.DataFrame, results: pd.DataFrame, *, title: str) -> Figure:
    """All twelve results on the same points, coloured by cluster.

    Args:
        points: x, y, and a column for every result.
        results: graph, laplacian, clusters, stability, in_clusters.
        title: what is clustered, in words.
    """
    figure, grid = _grid(7.6)
    shown = points[np.isfinite(points["x"])]
    x, y = shown["x"].to_numpy(), shown["y"].to_numpy()
    size = float(np.clip(900 / max(len(shown), 1), 0.6, 5))
    for axes, row in zip(grid.flat, _rows(results), strict=True):
        labels = shown[f"{row.graph}/{row.laplacian}"].to_numpy()
        apart = labels == APART
        axes.scatter(
            x[apart], y[apart], s=size * 2, marker="x", color=cluster_colour(APART), lw=0.5
        )
        # small clusters last, so that none is hidden
        sizes = np.bincount(labels[~apart])
        for cluster in np.argsort(-sizes, kind="stable"):
            members = labels == cluster
            small = sizes[cluster] < 5
            look: dict[str, Any] = {"ec": "k", "lw": 0.5} if small else {"lw": 0}
            area = size * (4 if small else 1.6)
            axes.scatter(x[members], y[members], s=area, color=cluster_colour(cluster), **look)
        axes.set(xticks=[], yticks=[])
        axes.set_aspect("equal", adjustable="datalim")
        axes.spines[:].set_color("#DDDDDD")
        axes.spines[:].set_visible(True)
        axes.set_title(_result_title(row), fontsize=6.5)
    figure.suptitle(f"{title}: clusters by four graphs, three Laplacians")
    return figure


def spectra(values: pd.DataFrame, results: pd.DataFrame, *, title: str) -> Figure:
    """The smallest eigenvalues of all twelve, with the gap that was chosen.

    Args:
        values: graph, laplacian, number, value.
        results: graph, laplacian, clusters, stability, in_clusters.
        title: what is clustered, in words.
    """
    figure, grid = _grid(6.6)
    spectrum = dict(iter(values.groupby(["graph", "laplacian"])))
    for axes, row in zip(grid.flat, _rows(results), strict=True):
        table = spectrum[row.graph, row.laplacian]
        number, value = table["number"], table["value"]
        low, high = 0, 0
        if row.clusters <= len(table):
            low, high = value.iloc[[row.clusters - 1, min(row.clusters, len(table) - 1)]]
        axes.axhspan(low, high, color=PALETTE[4], alpha=0.3, lw=0)
        chosen = number <= row.clusters
        axes.plot(number[chosen], value[chosen], "o", color=PALETTE[1], ms=3)
        axes.plot(number[~chosen], value[~chosen], "o", color="#8C8C8C", ms=3)
        zero = int((value == 0).sum())
        if zero > 1:
            axes.text(0.03, 0.95, f"{zero} zeros", transform=axes.transAxes, va="top", fontsize=6)
        top = value.max() or 1
        axes.set(ylim=(-0.05 * top, 1.08 * top), xlim=(0.3, number.max() + 0.7))
        axes.set_xticks([tick for tick in (1, 5, 10, 15, 20) if tick <= len(table)])
        axes.set_title(_result_title(row), fontsize=6.5)
    for axes in grid[-1]:
        axes.set_xlabel("number of the eigenvalue")
    figure.suptitle(f"{title}: eigenvalues, and the gap that was chosen")
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
            (0, 22),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    return figure, grid


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _result_title(row: Any) -> str:
    """Number and stability of the clusters of one result in words; what is not stable is none."""
    apart = f", {1 - row.in_clusters:.0%} apart" if row.in_clusters < 1 else ""
    noun = "clusters" if row.clusters != 1 else "cluster"
    found = (
        f"{row.clusters} {noun}"
        if row.stability >= STABLE
        else f"no clusters: cut in {row.clusters}"
    )
    return f"{found}, stability {row.stability:.2f}{apart}"


def result_agreement(
    agreement: pd.DataFrame, results: pd.DataFrame, known: pd.DataFrame, *, title: str
) -> Figure:
    """Agreement of the results with each other, with samples of the maps, and with known labels.

    Args:
        agreement: square, of the adjusted Rand indices of results.
        results: graph, laplacian, stability, stability_low, stability_high, in_clusters.
        known: graph, laplacian, known, adjusted_rand.
        title: what is clustered, in words.
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
    picture = _draw_agreement(square, agreement, results)
    step = len(LAPLACIANS)
    for edge in np.arange(len(GRAPHS)) * step - 0.5:
        for axes in (square, bars, side):
            axes.axhline(edge, color="w" if axes is not bars else "#CCCCCC", lw=1.5)
        square.axvline(edge, color="w", lw=1.5)
    _draw_stability(bars, results)
    if columns:
        _cells(side, table[columns].to_numpy(float))
        side.set_xticks(range(len(columns)), [KNOWN_NAMES[name] for name in columns], rotation=90)
        side.set_title("with what\nis known")
    else:
        side.set_axis_off()
    side.set_yticks([])
    bar = figure.colorbar(picture, ax=side, shrink=0.7, aspect=25, pad=0.06)
    bar.outline.set_visible(False)
    figure.suptitle(f"{title}: who agrees with whom")
    return figure


def _draw_agreement(axes: Axes, agreement: pd.DataFrame, results: pd.DataFrame) -> Any:
    """The square of all results, Laplacians on its ticks and graphs beside these."""
    picture = _cells(axes, agreement.to_numpy(float))
    names = [LAPLACIAN_NAMES[name] for name in results["laplacian"]]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    beside: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "center"}
    step = len(LAPLACIANS)
    for place, graph in enumerate(GRAPHS):
        name, middle = GRAPH_NAMES[graph], place * step + (step - 1) / 2
        left, below = ("axes fraction", "data"), ("data", "axes fraction")
        axes.annotate(name, (0, middle), (-58, 0), rotation=90, xycoords=left, **beside)
        axes.annotate(name, (middle, 0), (-12, -50), xycoords=below, **beside)
    axes.set_title("adjusted Rand index of two results")
    return picture


def _draw_stability(axes: Axes, results: pd.DataFrame) -> None:
    """Stability of all results with its interval, and the share of the maps in clusters as bars."""
    y, stability = np.arange(len(results)), results["stability"]
    low, high = results["stability_low"], results["stability_high"]
    error = [stability - low, high - stability]
    axes.barh(y, results["in_clusters"], 0.8, color="#E6E6E6")
    look: dict[str, Any] = {"fmt": "o", "ms": 3, "lw": 0.8, "color": PALETTE[1], "clip_on": False}
    axes.errorbar(stability, y, xerr=error, **look)
    axes.set(xlim=(min(0, low.min()), 1), ylim=(len(y) - 0.5, -0.5), yticks=[])
    axes.set_title("stability")
    axes.set_xlabel("of samples\n(grey: share\nin clusters)")
    axes.spines["left"].set_visible(False)


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


def maps_title(name: str, method: str, class_name: str | None) -> str:
    """Model, method and images of maps in words."""
    what = "images" if class_name is None else f"images of class {class_name}"
    return f"{name}, {method_name(method)} of {what}"


def result_name(result: Mapping[str, Any] | pd.Series) -> str:
    """Graph, Laplacian and stability of one result in words; what is not stable is no clusters."""
    what = "" if result["stability"] >= STABLE else "no clusters, cut by "
    graph, laplacian = GRAPH_NAMES[result["graph"]], LAPLACIAN_NAMES[result["laplacian"]]
    return f"{what}{graph} graph, {laplacian} Laplacian (stability {result['stability']:.2f})"


def choice_figure(choices: pd.DataFrame, results: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Which choice matters: agreement of results that differ in one, and each choice's stability.

    Args:
        choices: case, number, graph, laplacian, both.
        results: case, graph, laplacian, clusters, stability.
        names: case → display name.
    """
    names = {case: wrapped(name, CASE) for case, name in names.items()}
    row = max(0.34, 0.1 * most_lines(names.values()) + 0.1)
    figure, (left, middle, right) = plt.subplots(
        1,
        3,
        figsize=(WIDTH, 1.6 + row * max(len(names), 3)),
        gridspec_kw={"width_ratios": (1.3, 1, 1)},
    )
    _draw_choices(left, choices, names)
    _draw_stability_by(middle, results, "graph", GRAPH_NAMES)
    _draw_stability_by(right, results, "laplacian", LAPLACIAN_NAMES)
    left.grid(axis="x", color="#EEEEEE", lw=0.6)
    left.set_axisbelow(True)
    handles = [Line2D([], [], ls="", marker=m, color=c, ms=4) for _, c, m in CHOICES.values()]
    handles += [Line2D([], [], ls="", marker="o", color="k", mfc=face, ms=4) for face in ("k", "w")]
    labels = [f"differ in {name}" for name, _, _ in CHOICES.values()]
    legend_below(figure, handles, [*labels, "clusters by the eigengap", "the same number"])
    figure.suptitle(choice_sentence(choices))
    return figure


def _draw_choices(axes: Axes, choices: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Mean agreement of results that differ in one choice, a line for each case."""
    rows = choices.set_index(["case", "number"])
    for place, case in enumerate(names):
        for number, offset, filled in (("eigengap", -0.2, True), ("same", 0.2, False)):
            for step, (name, (_, tint, marker)) in enumerate(CHOICES.items(), -1):
                value, y = rows[name][case, number], place + offset + 0.09 * step
                face = tint if filled else "w"
                axes.plot(value, y, marker, color=tint, mfc=face, ms=3.5, mew=0.8)
        if place:
            axes.axhline(place - 0.5, color="#EEEEEE", lw=0.6)
    axes.set_yticks(range(len(names)), list(names.values()))
    axes.set(ylim=(len(names) - 0.5, -0.5), xlim=(min(0, axes.get_xlim()[0]), 1.02))
    axes.set_xlabel(
        "mean adjusted Rand index of two results\n(the lower, the more the choice matters)"
    )


def _draw_stability_by(
    axes: Axes, results: pd.DataFrame, column: str, labels: Mapping[str, str]
) -> None:
    """Stabilities of the results of all cases with each option of one choice, and their mean."""
    for place, option in enumerate(labels):
        values = results.loc[results[column] == option, "stability"].to_numpy()
        spread = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(values, place + spread, "o", color="#BDBDBD", ms=2.5, mew=0)
        axes.plot(values.mean(), place, "|", color=PALETTE[1], ms=11, mew=1.6)
    axes.set_yticks(range(len(labels)), list(labels.values()))
    axes.set(ylim=(len(labels) - 0.5, -0.5), xlim=(0, 1.03), xlabel="stability")
    axes.grid(axis="x", color="#EEEEEE", lw=0.6)
    axes.set_axisbelow(True)


def choice_sentence(choices: pd.DataFrame) -> str:
    """Which choice matters more in these cases, in words and numbers; no claim beyond them."""
    words = {"graph": "graph", "laplacian": "Laplacian"}
    cases = choices.loc[choices["number"] == "eigengap", list(words)]
    means = cases.mean()
    first, second = list(words) if means["graph"] < means["laplacian"] else list(words)[::-1]
    count = int((cases[first] < cases[second]).sum())
    return (
        f"In {count} of {len(cases)} cases results that differ in the {words[first]} alone agree less than "
        f"those that differ in the {words[second]} alone\n(mean adjusted Rand index over the cases: "
        f"{means[first]:.2f} and {means[second]:.2f})"
    )
