"""NEON in pictures: the published examples, feature flipping, the effect of β, planted features."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.style import FAMILY_COLOURS, FAMILY_NAMES, PALETTE, WIDTH, log_scale

FOR, AGAINST = PALETTE[1], PALETTE[0]
ORDER_LOOKS: Mapping[str, tuple[str, str, str]] = {
    "neon": ("NEON", PALETTE[1], "-"),
    "gradient_input": ("gradient × input", PALETTE[0], "-"),
    "distance": ("distance to centroid", PALETTE[2], "-"),
    "random": ("random", "#8C8C8C", "-"),
    "effect": ("effect of the removal", "#000000", ":"),
}
"""Order of features → name, colour, stroke."""
MOST_PANELS = 16
"""Data sets with a panel of curves; all have their areas in another figure."""


def iris_figure(
    relevances: pd.DataFrame, published: Mapping[str, Sequence[float]], features: Sequence[str]
) -> Figure:
    """Relevances of one flower, by NEON and as published, and the mean relevances of three clusters.

    Args:
        relevances: cluster, and a column for every feature: a row for every point, by NEON.
        published: what → relevances of point 0, by the wrong rule.
        features: names of the columns.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 2.7), gridspec_kw={"width_ratios": (1.35, 1)}
    )
    ours = relevances.loc[0, list(features)].to_numpy(float)
    bars = {"NEON": ours, **{name: np.asarray(v) for name, v in published.items()}}
    colours = [FOR, "#BDBDBD", "#8C8C8C", "#5A5A5A"]
    width = 0.8 / len(bars)
    for place, ((name, values), colour) in enumerate(zip(bars.items(), colours, strict=False)):
        x = np.arange(len(features)) + (place - (len(bars) - 1) / 2) * width
        left.bar(x, values, width * 0.92, color=colour, label=f"{name}: sum {values.sum():.2f}")
    left.set_xticks(range(len(features)), [_two_lines(name) for name in features])
    left.set(ylabel="relevance", title=f"the first flower: logit {ours.sum():.2f}")
    left.axhline(0, color="k", lw=0.6)
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24), ncols=2)
    means = relevances.groupby("cluster", sort=True)[list(features)].mean()
    values = means.to_numpy(float)
    size = float(np.abs(values).max())
    right.imshow(values, cmap="PuOr_r", vmin=-size, vmax=size, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        colour = "w" if abs(value) > 0.6 * size else "k"
        right.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)
    right.set_xticks(range(len(features)), [_two_lines(name) for name in features])
    right.set_yticks(range(len(means)), list(means.index))
    right.set(title="mean relevance in each cluster")
    right.spines[:].set_visible(False)
    right.tick_params(length=0)
    figure.suptitle("Iris: why a flower is in its cluster")
    return figure


def _two_lines(name: str) -> str:
    """Name of a feature of iris without its unit, in two lines."""
    return name.replace(" (cm)", "").replace(" ", "\n")


def wine_figure(wrong: pd.DataFrame, features: Sequence[str]) -> Figure:
    """Relevances of the points whose cluster is of another class than they.

    Args:
        wrong: point, class_name, cluster, logit, probability, and a column for every feature.
        features: names of the columns.
    """
    columns = 3
    rows = max(-(-len(wrong) // columns), 1)
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH, 0.5 + 1.75 * rows), sharex=True, sharey=True, squeeze=False
    )
    values = wrong[list(features)].to_numpy(float)
    limit = 1.05 * np.abs(values).max()
    labels = [name.replace("_", " ").replace("of diluted wines", "") for name in features]
    for axes, row, bars in zip(grid.flat, wrong.itertuples(), values, strict=False):
        axes.barh(range(len(bars)), bars, 0.75, color=np.where(bars > 0, FOR, AGAINST))
        axes.axvline(0, color="k", lw=0.5)
        axes.set(xlim=(-limit, limit), ylim=(len(bars) - 0.5, -0.5))
        axes.set_yticks(range(len(bars)), labels, fontsize=5.5)
        axes.tick_params(axis="y", length=0)
        axes.set_title(
            f"point {row.point}: class {row.class_name}, cluster {row.cluster} "
            f"(p {row.probability:.2f})\nsum {bars.sum():.4f}, logit {row.logit:.4f}",
            fontsize=6.5,
        )
    for axes in list(grid.flat)[len(wrong) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("relevance")
    figure.suptitle("Wine: why nine points are in a cluster of another class")
    return figure


def flipping_curves(
    curves: pd.DataFrame, sizes: Mapping[str, int], names: Mapping[str, str]
) -> Figure:
    """Share of the logit that is left as features are removed, a panel for each data set.

    Args:
        curves: data, order, removed, logit, staying.
        sizes: data → number of features.
        names: data → display name.
    """
    shown = list(names)[:MOST_PANELS]
    columns = min(len(shown), 4)
    rows = -(-len(shown) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH, 0.75 + 1.45 * rows), sharex=True, squeeze=False
    )
    for axes, data in zip(grid.flat, shown, strict=False):
        axes.axhline(0, color="#BBBBBB", lw=0.6, zorder=0)
        part = curves[curves["data"] == data]
        for order, (_, colour, stroke) in ORDER_LOOKS.items():
            line = part[part["order"] == order]
            axes.plot(line["removed"], line["logit"], stroke, color=colour, lw=1.1)
        axes.set_title(f"{names[data]} ({sizes[data]} features)", fontsize=7)
        axes.set(xlim=(0, 1))
        axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_visible(False)
    # below the last panel of every column
    for number, axes in enumerate(grid.flat):
        if number < len(shown) <= number + columns:
            axes.set_xlabel("share removed")
            axes.tick_params(labelbottom=True)
    for axes in grid[:, 0]:
        axes.set_ylabel("logit left")
    _orders_legend(figure)
    figure.suptitle("Feature flipping: the logit of the cluster as its features are removed")
    return figure


def _orders_legend(figure: Figure) -> None:
    handles = [Line2D([], [], color=c, ls=s) for _, c, s in ORDER_LOOKS.values()]
    labels = [name for name, _, _ in ORDER_LOOKS.values()]
    legend_below(figure, handles, labels)


def flipping_areas(areas: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Areas under the curves with 95 % intervals, and their differences from NEON's.

    Args:
        areas: data, order, area, low, high, difference, difference_low, difference_high.
        names: data → display name.
    """
    rows = {data: place for place, data in enumerate(names)}
    height = 0.95 + 0.24 * min(len(rows), 100)
    figure, panels = plt.subplots(1, 2, figsize=(WIDTH, height), sharey=True)
    ends = (("area", "low", "high"), ("difference", "difference_low", "difference_high"))
    for axes, (column, low, high) in zip(panels, ends, strict=True):
        axes.axvline(0, color="#BBBBBB", lw=0.6, zorder=0)
        for number, (order, (_, colour, _)) in enumerate(ORDER_LOOKS.items()):
            if column == "difference" and order == "neon":
                continue
            part = areas[areas["order"] == order]
            y = part["data"].map(rows) + 0.13 * (number - 2)
            error = [part[column] - part[low], part[high] - part[column]]
            marker = "|" if order == "effect" else "o"
            axes.errorbar(
                part[column], y, xerr=error, fmt=marker, ms=3, mfc=colour, color=colour, lw=0.7
            )
        for place in range(1, len(rows)):
            axes.axhline(place - 0.5, color="#EEEEEE", lw=0.6, zorder=0)
    panels[0].set_yticks(range(len(rows)), [names[data] for data in rows])
    panels[0].set(
        ylim=(len(rows) - 0.5, -0.5), xlabel="area: logit left on average (less is better)"
    )
    panels[1].set_xlabel("area less NEON's, same points")
    _orders_legend(figure)
    figure.suptitle("How fast the logit falls, by the order of removal")
    return figure


def beta_curves(
    betas: pd.DataFrame,
    conservation: pd.DataFrame,
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> Figure:
    """Effect of β on competitors that count, relevances beside those of ∞, flipping, conservation.

    Args:
        betas: data, factor, competitors, cosine, area.
        conservation: data, beta, precision, largest.
        names: data → display name.
        families: model → family; other data are black.
    """
    toys = dict(zip([data for data in names if data not in families], ("--", ":"), strict=False))
    looks: dict[str, dict[str, Any]] = {
        data: {
            "color": FAMILY_COLOURS[families[data]] if data in families else "k",
            "ls": toys.get(data, "-"),
            "lw": 0.9,
            "alpha": 0.85,
        }
        for data in names
    }
    figure, grid = plt.subplots(2, 2, figsize=(WIDTH, 4.3))
    factors = sorted(betas["factor"].unique())
    place = {factor: number for number, factor in enumerate(factors)}
    columns = {
        "competitors": "competitors that count",
        "cosine": "cosine with that of β = ∞",
        "area": "area of flipping, less that of β = 1",
    }
    at_one = betas[betas["factor"] == 1].set_index("data")["area"]
    betas = betas.assign(area=betas["area"] - betas["data"].map(at_one))
    for axes, (column, label) in zip(grid.flat, columns.items(), strict=False):
        for data, look in looks.items():
            part = betas[betas["data"] == data]
            axes.plot(part["factor"].map(place), part[column], **look)
        axes.set_xticks(range(len(factors)), [_factor(value) for value in factors])
        axes.set(xlabel="β, in units of 1/mean logit", ylabel=label)
    _conservation(grid[1, 1], conservation, looks)
    drawn = [f for f in FAMILY_COLOURS if any(families.get(data) == f for data in names)]
    handles = [Line2D([], [], color=FAMILY_COLOURS[f]) for f in drawn]
    handles += [Line2D([], [], color="k", ls=stroke) for stroke in toys.values()]
    labels = [f"features of a {FAMILY_NAMES[f]}" for f in drawn] + [names[data] for data in toys]
    legend_below(figure, handles, labels)
    figure.suptitle("What β does")
    return figure


def _conservation(
    axes: Axes, conservation: pd.DataFrame, looks: Mapping[str, dict[str, Any]]
) -> None:
    """The largest |Σ relevances − logit|/logit of every data set, for three β and two precisions."""
    groups = [("float64", 0), ("float32", 4)]
    ticks, labels = [], []
    for precision, left in groups:
        part = conservation[conservation["precision"] == precision]
        for data, look in looks.items():
            rows = part[part["data"] == data].sort_values("beta")
            axes.plot(range(left, left + len(rows)), rows["largest"], marker=".", ms=3, **look)
        ticks += [left, left + 1, left + 2]
        labels += ["0", f"1\n{precision}", "∞"]
    axes.set_xticks(ticks, labels)
    log_scale(axes.yaxis)
    axes.set(ylabel="largest |Σ R − logit| / logit", xlabel="β")


def _factor(value: float) -> str:
    return "∞" if np.isinf(value) else f"{value:g}"


def planted_curves(planted: pd.DataFrame) -> Figure:
    """Areas under the ROC curve of planted features against noise, by the separation of the clusters.

    Args:
        planted: separation, order, auc, low, high, found.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(0.8 * WIDTH, 2.4), gridspec_kw={"width_ratios": (2, 1)}
    )
    left.axhline(0.5, color="#BBBBBB", lw=0.6, zorder=0)
    for order, (name, colour, _) in ORDER_LOOKS.items():
        part = planted[planted["order"] == order]
        if part.empty:
            continue
        left.fill_between(part["separation"], part["low"], part["high"], color=colour, alpha=0.2)
        left.plot(part["separation"], part["auc"], "o-", color=colour, ms=3, label=name)
    left.set(xlabel="shift of a planted feature, in σ", ylabel="area under the ROC curve")
    left.set(ylim=(0.35, 1.02))
    left.legend(loc="upper right", bbox_to_anchor=(1, 0.9))
    once = planted.drop_duplicates("separation")
    right.plot(once["separation"], once["found"], "o-", color="k", ms=3)
    right.set(ylim=(0, 1.05), xlabel="shift, in σ", ylabel="points k-means puts with their own")
    figure.suptitle("Planted features: are those that matter ranked above noise?")
    return figure
