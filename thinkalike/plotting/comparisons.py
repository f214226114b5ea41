"""Methods and metrics side by side: embeddings, mean against spread, fewer images against all."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator

from thinkalike.plotting.clusters import HALO
from thinkalike.plotting.style import (
    FAMILY_COLOURS,
    FAMILY_MARKERS,
    FAMILY_NAMES,
    METRIC_NAMES,
    PALETTE,
    WIDTH,
    freeze_layout,
    log_scale,
    method_name,
)

Case = tuple[str, str]
"""Method and metric."""

MIXED = "#8C8C8C"
"""Pairs of two families."""
BAND = 2.6
"""Width over height of the scatters of mean and spread, which are at equal scale on both axes."""
BINS = 30
MARKERS = "osD^vPX*"
MARKER = 3.5
"""Half a marker, in points; names keep off it."""
REACH = (4.0, *(float(reach) for reach in range(8, 150, 6)))
"""Points from the middle of a marker to its name."""
FEWEST = 3
"""Pairs of models that a correlation takes: two make a line in any case."""


def pca_comparison(
    points: Mapping[Case, pd.DataFrame],
    quality: Mapping[Case, Mapping[str, float]],
    *,
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> tuple[Figure, pd.DataFrame]:
    """The models in the plane by PCA, a row for every method and a column for every metric.

    Each picture has its own scale, the same on both of its axes. Whatever a sign or a rotation changes
    is no difference: what counts is who is near whom.

    Args:
        points: (method, metric) → model, x, y.
        quality: (method, metric) → pca_share_x and pca_share_y, the shares of the variance.
        names: model → display name.
        families: model → family.

    Returns:
        The figure, and its points: method, metric, model, x, y, share_x, share_y.
    """
    methods, metrics = _rows_and_columns(points)
    figure, grid = plt.subplots(
        len(methods),
        len(metrics),
        figsize=(WIDTH * max(len(metrics), 1.2) / 2, 0.6 + 3.0 * len(methods)),
        squeeze=False,
    )
    drawn = []
    for (method, metric), axes in _cells(grid, methods, metrics):
        table, share = points[method, metric], quality[method, metric]
        _points(axes, table, families)
        axes.set_title(f"{method_name(method)} · {METRIC_NAMES.get(metric, metric)}")
        axes.set_xlabel(f"first component ({share['pca_share_x']:.0%} of the variance)")
        axes.set_ylabel(f"second component ({share['pca_share_y']:.0%})")
        shares = {"share_x": share["pca_share_x"], "share_y": share["pca_share_y"]}
        drawn.append(_labelled(table[["model", "x", "y"]].assign(**shares), method, metric))
    _legend_below(figure, list(families.values()), "{}")
    figure.suptitle("principal components of the models, by method and metric")
    freeze_layout(figure)
    for case, axes in _cells(grid, methods, metrics):
        table = points[case]
        name_points(axes, table[["x", "y"]].to_numpy(), table["model"].map(names).tolist())
    return figure, pd.concat(drawn, ignore_index=True)


def mean_and_spread(
    pairs: Mapping[Case, pd.DataFrame],
    *,
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> tuple[Figure, pd.DataFrame]:
    """Does the spread over images change which pairs of models are near each other?

    A point per pair: x = 1 − mean similarity, y = its standard deviation over the images. The rms
    dissimilarity √(x² + y²) is the distance from the origin, equal along the arcs. Under every
    scatter, on the same axis, the histograms of x and of the rms dissimilarity, and Spearman's ρ
    between them: 1 if both put the pairs in one order. The chord dissimilarity √(2x) has that of x.

    Args:
        pairs: (method, metric) → model_a, model_b, mean, std; a pair without them is left out.
        names: model → display name.
        families: model → family.

    Returns:
        The figure, and its pairs: method, metric, model_a, model_b, name_a, name_b, from_mean (x),
        std, rms, rank_from_mean and rank_rms (1 is the nearest pair), spearman.
    """
    methods, metrics = _rows_and_columns(pairs)
    width = WIDTH * max(len(metrics), 1.2) / 2
    figure, grid = plt.subplots(
        2 * len(methods),
        len(metrics),
        figsize=(width, 0.6 + 2.75 * len(methods)),
        squeeze=False,
        gridspec_kw={"height_ratios": [1.5, 1] * len(methods)},
    )
    drawn = []
    scatters, histograms = grid[::2], grid[1::2]
    for (method, metric), above in _cells(scatters, methods, metrics):
        below = histograms[methods.index(method), metrics.index(metric)]
        table = _against_rms(pairs[method, metric])
        _spread_scatter(above, table, families)
        above.set_title(f"{method_name(method)} · {METRIC_NAMES.get(metric, metric)}")
        below.sharex(above)
        _spread_histograms(below, table)
        table.insert(2, "name_a", table["model_a"].map(names))
        table.insert(3, "name_b", table["model_b"].map(names))
        drawn.append(_labelled(table, method, metric))
    for axes in scatters[:, 0]:
        axes.set_ylabel("std over images")
    for axes in histograms[:, 0]:
        axes.set_ylabel("pairs of models")
    table = pd.concat(drawn, ignore_index=True)
    a, b = table["model_a"].map(families), table["model_b"].map(families)
    _legend_below(figure, a[a == b].tolist(), "both {}", mixed=bool((a != b).any()))
    figure.suptitle("dissimilarity of pairs of models: mean, spread over images, and both (rms)")
    return figure, table


def nested(
    fewer: Mapping[Case, Mapping[int, pd.DataFrame]], full: Mapping[Case, pd.DataFrame]
) -> tuple[Figure, pd.DataFrame]:
    """How the matrix of the first n images comes near that of all: a line per method, a row per metric.

    Over the pairs of models that both have: mean and largest |D_n − D|, Pearson's and Spearman's
    correlation of D_n with D. The n images are among all, so that D_n becomes D by construction.

    Args:
        fewer: (method, metric) → n → model_a, model_b, dissimilarity.
        full: (method, metric) → the same for all images.

    Returns:
        The figure, and a row for every method, metric and n: pairs, mean_difference,
        largest_difference, model_a and model_b (that differ most), pearson, spearman.
    """
    methods, metrics = _rows_and_columns(full)
    table = pd.DataFrame(
        [
            {"method": method, "metric": metric, "n": n, **difference(part, full[method, metric])}
            for method, metric in full
            for n, part in sorted(fewer[method, metric].items())
        ]
    )
    shown = {
        "mean_difference": "mean |Dₙ − D|",
        "largest_difference": "largest |Dₙ − D|",
        "pearson": "Pearson's r",
        "spearman": "Spearman's ρ",
    }
    figure, grid = plt.subplots(
        len(metrics),
        len(shown),
        figsize=(WIDTH, 0.9 + 1.7 * len(metrics)),
        squeeze=False,
        sharex=True,
        sharey="col",
    )
    sizes = sorted(table["n"].unique())
    for (metric, column), axes in _cells(grid, metrics, list(shown)):
        for i, method in enumerate(methods):
            line = table[(table["method"] == method) & (table["metric"] == metric)]
            axes.plot(
                line["n"],
                line[column],
                color=PALETTE[i % len(PALETTE)],
                marker=MARKERS[i % len(MARKERS)],
                ms=3.2,
                label=method_name(method),
            )
        if metric == metrics[0]:
            axes.set_title(shown[column])
        log_scale(axes.xaxis)
        axes.set_xticks(sizes, [str(n) for n in sizes], rotation=90 if len(sizes) > 5 else 0)
        axes.minorticks_off()
        axes.grid(axis="y", color="#EEEEEE", lw=0.6)
        axes.set_axisbelow(True)
        if column.endswith("difference"):
            axes.set_ylim(bottom=0)
    for axes in grid[-1]:
        axes.set_xlabel("first n images")
    for axes, metric in zip(grid[:, 0], metrics, strict=True):
        axes.set_ylabel(METRIC_NAMES.get(metric, metric))
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
    figure.suptitle("dissimilarities Dₙ from the first n images, and D from all")
    return figure, table


def name_points(axes: Axes, points: np.ndarray, labels: Sequence[str]) -> None:
    """Write names beside points, inside the axes, over no marker, name or line, as near as can be.

    The layout must be final. Crowded points choose first; a name that is not beside its point is
    joined to it by a line, which may cross a marker where there is no other way. Nothing is random.

    Args:
        axes: where the points are drawn.
        points: (M, 2), in the units of the axes.
        labels: one per point.
    """
    dot = axes.figure.dpi / 72
    at = axes.transData.transform(points)
    to_data = axes.transData.inverted().transform
    frame = np.array(axes.get_window_extent().extents)
    taken = _boxes(at, MARKER * dot)
    apart = np.linalg.norm(at[:, None] - at, axis=2) + np.diag(np.full(len(at), np.inf))
    for i in np.argsort(apart.min(1), kind="stable"):
        text = axes.text(0, 0, labels[i], fontsize=6, va="bottom", zorder=4, path_effects=HALO)
        extent = text.get_window_extent()
        room = np.array([2.0, 0.0]) * dot  # at either end of a name, so that two do not read as one
        places = _places(at[i], np.array([extent.width, extent.height]) + 2 * room, dot)
        costs = [_cost(name, line, taken, frame) + reach for reach, name, line in places]
        _, name, line = places[int(np.argmin(costs))]
        taken = np.vstack([taken, name, line])
        text.set_position(tuple(to_data(name[:2] + room)))
        if len(line):
            ends = to_data((line[[0, -1], :2] + line[[0, -1], 2:]) / 2)
            axes.plot(ends[:, 0], ends[:, 1], color="#888888", lw=0.4, zorder=2)


def _places(
    point: np.ndarray, size: np.ndarray, dot: float
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Where a name may stand: how far off, its box, and boxes along the line to its point."""
    places = []
    for reach in REACH:
        # from the right, in turn above and below
        for turn in sorted(range(-7, 9), key=abs):
            towards = np.array([np.cos(np.pi * turn / 8), np.sin(np.pi * turn / 8)])
            near = point + towards * reach * dot
            # the side or corner of the name that faces its point lies at `near`
            corner = near - size * (1 - np.clip(1.4 * towards, -1, 1)) / 2
            start = point + towards * (MARKER + 1) * dot
            line = _boxes(np.linspace(start, near, 9)[:-1], dot / 2)
            places.append(
                (reach, np.r_[corner, corner + size], line[: len(line) * (reach > REACH[0])])
            )
    return places


def _cost(name: np.ndarray, line: np.ndarray, taken: np.ndarray, frame: np.ndarray) -> float:
    """What a place costs beside its distance, in points: nothing may lie under a name."""
    outside = (name[:2] < frame[:2]).any() or (name[2:] > frame[2:]).any()
    return 1000.0 * (outside + _overlaps(name[None], taken)) + 15.0 * _overlaps(line, taken)


def _boxes(centres: np.ndarray, half: float) -> np.ndarray:
    """Squares about points, (K, 4): left, bottom, right, top."""
    return np.hstack([centres - half, centres + half])


def _overlaps(some: np.ndarray, others: np.ndarray) -> int:
    """How many boxes of the one lie over boxes of the other."""
    a, b = some[:, None], others[None]
    return int(((a[..., :2] < b[..., 2:]) & (b[..., :2] < a[..., 2:])).all(-1).sum())


def difference(fewer: pd.DataFrame, full: pd.DataFrame) -> dict[str, float | str]:
    """How far two tables of the same pairs are apart; a pair that either lacks is left out.

    Args:
        fewer: model_a, model_b, dissimilarity.
        full: the same.

    Returns:
        pairs; mean and largest absolute difference, and the pair that has the largest; Pearson's and
        Spearman's correlation, missing below three pairs.
    """
    key = ["model_a", "model_b"]
    both = fewer.merge(full, on=key, suffixes=("", "_full"))
    both = both.dropna(subset=["dissimilarity", "dissimilarity_full"]).reset_index(drop=True)
    values = both[["dissimilarity", "dissimilarity_full"]]
    apart = (values["dissimilarity"] - values["dissimilarity_full"]).abs()
    largest = both.iloc[int(apart.argmax())][key] if len(both) else pd.Series("", index=key)
    return {
        "pairs": len(both),
        "mean_difference": float(apart.mean()),
        "largest_difference": float(apart.max()),
        **{name: str(largest[name]) for name in key},
        "pearson": _correlation(values, "pearson"),
        "spearman": _correlation(values, "spearman"),
    }


def _points(axes: Axes, table: pd.DataFrame, families: Mapping[str, str]) -> None:
    """Models as markers of their family, at equal scale on both axes, with room for the names."""
    points = table[["x", "y"]].to_numpy()
    for (x, y), model in zip(points, table["model"], strict=True):
        family = families[model]
        marker, colour = FAMILY_MARKERS[family], FAMILY_COLOURS[family]
        axes.plot(x, y, marker, color=colour, ms=5, mec="w", mew=0.5, zorder=3)
    centre = (points.min(0) + points.max(0)) / 2
    half = 0.65 * max(float(np.ptp(points, axis=0).max()), 1e-9)
    axes.set(xlim=(centre[0] - half, centre[0] + half), ylim=(centre[1] - half, centre[1] + half))
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _against_rms(pairs: pd.DataFrame) -> pd.DataFrame:
    """What `mean_and_spread` draws of one method and metric."""
    table = pairs.dropna(subset=["mean", "std"])[["model_a", "model_b", "mean", "std"]]
    table = table.assign(from_mean=1 - table["mean"])
    table["rms"] = np.hypot(table["from_mean"], table["std"])
    for column in ("from_mean", "rms"):
        table[f"rank_{column}"] = table[column].rank()
    rho = _correlation(table[["from_mean", "rms"]], "spearman")
    return table.drop(columns="mean").assign(spearman=rho)


def _correlation(two: pd.DataFrame, kind: Literal["pearson", "spearman"]) -> float:
    """Of two columns; missing where one is constant, or where there are too few pairs."""
    return float(two.corr(kind, min_periods=FEWEST).to_numpy()[0, 1])


def _spread_scatter(axes: Axes, table: pd.DataFrame, families: Mapping[str, str]) -> None:
    """Pairs at (1 − mean, std), coloured by family, over arcs of equal rms dissimilarity."""
    right = 1.04 * float(np.nanmax([table["rms"].max(), BAND * table["std"].max(), 1e-3]))
    ticks = np.asarray(MaxNLocator(7).tick_values(0, right))
    for radius in np.r_[ticks[1:], ticks[-1] + ticks[1:]]:  # to the upper right corner
        axes.add_patch(Circle((0, 0), radius, fill=False, ec="#C8C8C8", lw=0.6, zorder=0))
    first, second = table["model_a"].map(families), table["model_b"].map(families)
    mixed = (first != second).to_numpy()
    x, y = table["from_mean"].to_numpy(), table["std"].to_numpy()
    axes.plot(x[mixed], y[mixed], "x", color=MIXED, ms=3, mew=0.8)
    for family, colour in FAMILY_COLOURS.items():
        same = ~mixed & (first == family).to_numpy()
        axes.plot(x[same], y[same], FAMILY_MARKERS[family], color=colour, ms=3.2, mec="w", mew=0.3)
    axes.set_xticks(ticks)
    axes.set(xlim=(0, right), ylim=(0, right / BAND), box_aspect=1 / BAND)
    axes.tick_params(labelbottom=False)


def _spread_histograms(axes: Axes, table: pd.DataFrame) -> None:
    """Histograms of 1 − mean and of the rms dissimilarity, and how alike both order the pairs."""
    edges = np.linspace(*axes.get_xlim(), BINS + 1)
    looks: dict[str, dict[str, Any]] = {
        "from_mean": {"label": "1 − mean", "fill": True, "color": "#9ECAE1"},
        "rms": {"label": "rms", "color": "k", "lw": 0.9},
    }
    for column, look in looks.items():
        axes.stairs(np.histogram(table[column], edges)[0], edges, **look)
    rho = table["spearman"].iloc[0] if len(table) else float("nan")
    axes.legend(loc="best", title=f"ρ = {rho:.3f}", title_fontsize=6.5)
    axes.set(box_aspect=1 / (1.5 * BAND), xlabel="1 − mean similarity; rms")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _legend_below(
    figure: Figure, families: Sequence[str], labels: str, mixed: bool = False
) -> None:
    """What the markers mean, under the whole figure: families, and pairs of two families."""
    there = [family for family in FAMILY_COLOURS if family in families]
    handles = [
        Line2D([], [], ls="", marker=FAMILY_MARKERS[family], ms=4, color=FAMILY_COLOURS[family])
        for family in there
    ]
    texts = [labels.format(FAMILY_NAMES[family]) for family in there]
    if mixed:
        handles.append(Line2D([], [], ls="", marker="x", ms=4, color=MIXED))
        texts.append("of two families")
    figure.legend(handles, texts, loc="outside lower center", ncols=len(texts))


def _labelled(table: pd.DataFrame, method: str, metric: str) -> pd.DataFrame:
    """The table with method and metric as its first columns."""
    table = table.copy()
    table.insert(0, "method", method)
    table.insert(1, "metric", metric)
    return table


def _rows_and_columns(cases: Mapping[Case, object]) -> tuple[list[str], list[str]]:
    """Methods and metrics in the order in which they come."""
    methods = list(dict.fromkeys(method for method, _ in cases))
    return methods, list(dict.fromkeys(metric for _, metric in cases))


def _cells(
    grid: np.ndarray, rows: Sequence[str], columns: Sequence[str]
) -> list[tuple[Case, Axes]]:
    """Every axes of a grid with the names of its row and column."""
    return [
        ((row, column), grid[i, j])
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]
