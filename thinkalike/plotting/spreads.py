"""Mean similarity against its spread over images: which of both orders pairs of models."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator

from thinkalike.compare.matrices import correlation
from thinkalike.methods import Case
from thinkalike.plotting.style import (
    FAMILY_COLOURS,
    FAMILY_MARKERS,
    MIXED,
    WIDTH,
    cells,
    family_legend_below,
    rows_and_columns,
    title_of,
    with_case,
)

BAND = 2.6
"""Width over height of the scatters, which are at equal scale on both axes."""
BINS = 30


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
    methods, metrics = rows_and_columns(pairs)
    figure, grid = plt.subplots(
        2 * len(methods),
        len(metrics),
        figsize=(WIDTH * max(len(metrics), 1.2) / 2, 0.6 + 2.75 * len(methods)),
        squeeze=False,
        gridspec_kw={"height_ratios": [1.5, 1] * len(methods)},
    )
    drawn = []
    scatters, histograms = grid[::2], grid[1::2]
    both = (cells(part, methods, metrics, pairs) for part in (scatters, histograms))
    for ((method, metric), above), (_, below) in zip(*both, strict=True):
        table = _with_rms(pairs[method, metric])
        _scatter(above, table, families)
        above.set_title(title_of(method, metric))
        below.sharex(above)
        _histograms(below, table)
        table.insert(2, "name_a", table["model_a"].map(names))
        table.insert(3, "name_b", table["model_b"].map(names))
        drawn.append(with_case(table, method, metric))
    for axes in scatters[:, 0]:
        axes.set_ylabel("std over images")
    for axes in histograms[:, 0]:
        axes.set_ylabel("pairs of models")
    table = pd.concat(drawn, ignore_index=True)
    a, b = table["model_a"].map(families), table["model_b"].map(families)
    family_legend_below(figure, a[a == b].tolist(), "both {}", mixed=bool((a != b).any()))
    figure.suptitle("dissimilarity of pairs of models: mean, spread over images, and both (rms)")
    return figure, table


def _with_rms(pairs: pd.DataFrame) -> pd.DataFrame:
    """Points of `mean_and_spread` for one method and metric, their ranks, and Spearman's ρ."""
    table = pairs.dropna(subset=["mean", "std"])[["model_a", "model_b", "mean", "std"]]
    table = table.assign(from_mean=1 - table["mean"])
    table["rms"] = np.hypot(table["from_mean"], table["std"])
    for column in ("from_mean", "rms"):
        table[f"rank_{column}"] = table[column].rank()
    rho = correlation(table["from_mean"], table["rms"], "spearman")
    return table.drop(columns="mean").assign(spearman=rho)


def _scatter(axes: Axes, table: pd.DataFrame, families: Mapping[str, str]) -> None:
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


def _histograms(axes: Axes, table: pd.DataFrame) -> None:
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
