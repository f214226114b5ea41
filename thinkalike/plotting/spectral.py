"""Spectral clustering in pictures: points, spectra, and agreement of twelve results."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thinkalike.clustering.spectral.cut import ALL, APART
from thinkalike.clustering.spectral.graphs import GRAPHS
from thinkalike.clustering.spectral.spectra import LAPLACIANS
from thinkalike.clustering.spectral.telling import STABLE, beyond_one_cloud
from thinkalike.images.synsets import class_word
from thinkalike.methods import method_name
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


def cluster_colour(cluster: int) -> str:
    """Colour of the cluster of this number; those after the tenth are alike, and apart is pale."""
    if cluster == APART:
        return "#BBBBBB"
    return CLUSTER_COLOURS[cluster] if cluster < len(CLUSTER_COLOURS) else "#555555"


def embeddings(points: pd.DataFrame, results: pd.DataFrame, *, title: str) -> Figure:
    """All twelve results on the same points, coloured by cluster.

    Args:
        points: x, y, and a column for every result.
        results: as `clustering.spectral.study.MapClusters` has them.
        title: what is clustered, in words.
    """
    figure, grid = _grid(8)
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
        axes.set_title(f"{clusters_in_words(row)}\n{_stability_beside(row)}", fontsize=6)
    _name_columns(grid[0])
    figure.suptitle(
        f"{title}: clusters by four graphs, three Laplacians\n{beyond_one_cloud(results)}"
    )
    return figure


def spectra(values: pd.DataFrame, results: pd.DataFrame, *, title: str) -> Figure:
    """The smallest eigenvalues of all twelve, with the gap that was chosen.

    Args:
        values: graph, laplacian, number, value.
        results: as `clustering.spectral.study.MapClusters` has them.
        title: what is clustered, in words.
    """
    figure, grid = _grid(7)
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
        axes.set_title(f"{clusters_in_words(row)}\n{_gap_beside(row)}", fontsize=6)
    _name_columns(grid[0])
    for axes in grid[-1]:
        axes.set_xlabel("number of the eigenvalue")
    figure.suptitle(
        f"{title}: eigenvalues, and the gap that was chosen\n{beyond_one_cloud(results)}"
    )
    return figure


def _grid(height: float) -> tuple[Figure, np.ndarray]:
    """4 x 3 panels, graphs down and Laplacians across."""
    figure, grid = plt.subplots(len(GRAPHS), len(LAPLACIANS), figsize=(WIDTH, height))
    for axes, name in zip(grid[:, 0], GRAPHS, strict=True):
        axes.set_ylabel(f"{GRAPH_NAMES[name]} graph")
    return figure, grid


def _name_columns(row: np.ndarray) -> None:
    """Names of the Laplacians above the titles of the first row of panels."""
    lines = max(axes.get_title().count("\n") for axes in row) + 1
    for axes, name in zip(row, LAPLACIANS, strict=True):
        axes.annotate(
            LAPLACIAN_NAMES[name],
            (0.5, 1),
            (0, 8 + 8 * lines),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def clusters_in_words(row: Any) -> str:
    """Number of clusters of one result in words, with clusters of one map, and with maps that are in none.

    Args:
        row: clusters, sizes, in_clusters, beyond, stability.
    """
    single = [int(size) for size in str(row.sizes).split(", ")].count(1)
    clusters = f"{row.clusters} cluster{'s' if row.clusters != 1 else ''}"
    notes = [f"{single} of a single map"] if single else []
    if row.in_clusters < 1:
        notes.append(f"{1 - row.in_clusters:.0%} of maps in none")
    clusters += ", unstable" if row.stability < STABLE else ""
    words = clusters if row.beyond else f"cut in {row.clusters}, like one cloud"
    return "\n".join([words, *([", ".join(notes)] if notes else [])])


def _stability_beside(row: Any) -> str:
    """Stability of one result beside that of single clouds, in words."""
    cloud, spread = row.stability_cloud, row.stability_cloud_sd
    return f"stability {row.stability_tested:.2f}, single clouds {cloud:.2f} ± {spread:.2f}"


def _gap_beside(row: Any) -> str:
    """Eigengap of one result beside that of single clouds, in words."""
    cloud, spread = row.gap_cloud, row.gap_cloud_sd
    return f"gap {row.gap_tested:.2g}, single clouds {cloud:.2g} ± {spread:.1g}"


def result_agreement(
    agreement: pd.DataFrame, results: pd.DataFrame, known: pd.DataFrame, *, title: str
) -> Figure:
    """Agreement of the results with each other, with samples of the maps, and with known labels.

    Args:
        agreement: square, of the adjusted Rand indices of results.
        results: as `clustering.spectral.study.MapClusters` has them.
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
    figure.suptitle(f"{title}: who agrees with whom\n{beyond_one_cloud(results)}")
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
    """Stability of all results with its interval, beside those of single clouds and of the maps tested."""
    y, stability = np.arange(len(results)), results["stability"]
    low, high = results["stability_low"], results["stability_high"]
    cloud, spread = results["stability_cloud"], results["stability_cloud_sd"]
    axes.barh(y, 4 * spread, 0.8, cloud - 2 * spread, color="#D9D9D9")
    axes.plot(cloud, y, "|", color="#8C8C8C", ms=8)
    look: dict[str, Any] = {"fmt": "o", "ms": 3, "lw": 0.8, "color": PALETTE[1], "clip_on": False}
    axes.errorbar(stability, y, xerr=[stability - low, high - stability], **look)
    axes.plot(results["stability_tested"], y, "o", mfc="w", mec=PALETTE[1], ms=3, clip_on=False)
    axes.set(xlim=(min(0, low.min()), 1), ylim=(len(y) - 0.5, -0.5), yticks=[])
    axes.set_title("stability")
    axes.set_xlabel("of samples\n(grey: single\nclouds)")
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
    what = "images" if class_name is None else f"images of class {class_word(class_name)}"
    return f"{name}, {method_name(method)} of {what}"


def result_name(result: Mapping[str, Any] | pd.Series) -> str:
    """Graph and Laplacian of one result in words, and by how much it exceeds single clouds."""
    graph, laplacian = GRAPH_NAMES[result["graph"]], LAPLACIAN_NAMES[result["laplacian"]]
    what = "" if result["beyond"] else "cut like one cloud by "
    stability = f"stability {result['stability']:.2f}"
    excess = f"{result['stability_excess']:+.1f} sd from single clouds; gap {result['gap_excess']:+.1f} sd"
    return f"{what}{graph} graph, {laplacian} Laplacian\n({stability}, {excess})"
