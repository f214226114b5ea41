"""Similarity above chance by the size of the cells over which maps are averaged."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from thinkalike.compare.pairs import CONTROL, SEEDS
from thinkalike.methods import method_name
from thinkalike.plotting.pairs import CATEGORY_LOOKS, seed_ceiling
from thinkalike.plotting.style import PALETTE, WIDTH

TRAINED, MOVED, CHOSEN = PALETTE[0], PALETTE[2], "#E8E8E8"
SUMMARY = ["category", "scale", "low_quartile", "median", "high_quartile", "pairs"]


def scales(
    tables: Mapping[str, pd.DataFrame], chosen: Mapping[str, int | None]
) -> tuple[Figure, pd.DataFrame]:
    """Draw similarity above chance, ρ, against the scale at which maps are compared, by method.

    Maps are averaged over g x g cells; at the right they are compared as they were computed. Where
    two seeds of one model, or the map of a moved image, are not far above pairs of different models,
    or not far above chance, that scale cannot tell models from noise.

    Args:
        tables: method → kind (pair, seeds, moved, null), scale (cells a side; 0: as computed), model_a,
            model_b, rho, and category (`compare.pairs`) of the pairs and seeds.
        chosen: method → the scale at which the study compares its maps; None: as computed.

    Returns:
        The figure, and what it draws: method, category (trained, control, seeds, moved, null), scale,
        low_quartile, median, high_quartile over the pairs, and how many pairs there are. The median of
        seeds is that over architectures.
    """
    columns = min(len(tables), 4)
    rows = -(-len(tables) // columns)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(max(WIDTH * columns / 4, 3.6), 1.1 + 1.95 * rows),
        squeeze=False,
        sharey=True,
    )
    summaries = {method: summary(table) for method, table in tables.items()}
    for axes, (method, table) in zip(grid.flat, summaries.items(), strict=False):
        _draw(axes, table, chosen[method] or 0)
        axes.set_title(method_name(method), loc="left")
    for axes in grid.flat[len(tables) :]:
        axes.set_axis_off()
    for axes in grid[:, 0]:
        axes.set_ylabel("similarity above chance, ρ")
    lowest = min(float(table["low_quartile"].min()) for table in summaries.values())
    grid[0, 0].set_ylim(min(-0.1, lowest - 0.05), 1.03)
    for axes in grid.flat[max(len(tables) - columns, 0) : len(tables)]:
        axes.set_xlabel("cells a side")
    _legend(figure, pd.concat(summaries.values()))
    figure.suptitle("at which scale models can be told from noise")
    parts = [table.assign(method=method) for method, table in summaries.items()]
    return figure, pd.concat(parts, ignore_index=True)[["method", *SUMMARY]]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Quartiles of ρ over the pairs of each category at each scale, `SUMMARY`.

    Args:
        table: kind, scale, model_a, model_b, rho, category, of one method.
    """
    named = table.assign(
        category=np.select(
            [table["kind"] != "pair", table["category"] == CONTROL, table["category"] == SEEDS],
            [table["kind"], CONTROL, SEEDS],
            "trained",
        )
    )
    rows = []
    for (category, scale), part in named.groupby(["category", "scale"], sort=False):
        low, median, high = part["rho"].quantile([0.25, 0.5, 0.75])
        if category == SEEDS:
            median = seed_ceiling(part)
        rows.append([category, scale, low, median, high, len(part)])
    return pd.DataFrame(rows, columns=SUMMARY)


def _draw(axes: Axes, table: pd.DataFrame, chosen: int) -> None:
    """Draw one method: a column for each scale, coarse at the left, as computed at the right."""
    steps = sorted(table["scale"].unique(), key=lambda scale: scale or np.inf)
    place = {scale: position for position, scale in enumerate(steps)}
    if chosen in place:
        axes.axvspan(place[chosen] - 0.3, place[chosen] + 0.3, color=CHOSEN, lw=0, zorder=0)
    axes.axhline(0, color="#000000", lw=0.7, zorder=1)
    for category, part in table.groupby("category"):
        part = part.assign(place=part["scale"].map(place)).sort_values("place")
        x, look = part["place"].to_numpy(), LOOKS.get(str(category))
        if look is None:
            continue
        axes.plot(x, part["median"], **look, zorder=3)
        if category in ("trained", SEEDS):
            axes.fill_between(
                x,
                part["low_quartile"],
                part["high_quartile"],
                color=look["color"],
                alpha=0.22 if category == "trained" else 0.12,
                lw=0,
                zorder=2,
            )
    axes.set_xticks(range(len(steps)), [f"{scale}" if scale else "full\nmap" for scale in steps])
    axes.grid(axis="y", color="#EEEEEE", lw=0.6)
    axes.set_axisbelow(True)


LOOKS: Mapping[str, dict[str, Any]] = {
    SEEDS: {"color": CATEGORY_LOOKS[SEEDS][0], "marker": "D", "ms": 3},
    "moved": {"color": MOVED, "marker": "v", "ms": 3, "ls": "--"},
    "trained": {"color": TRAINED, "marker": "o", "ms": 3},
    CONTROL: {"color": CATEGORY_LOOKS[CONTROL][0], "marker": "^", "ms": 2.5, "ls": ":"},
}
NAMES = {
    SEEDS: "two seeds of one model",
    "moved": "one model, image moved by a pixel",
    "trained": "trained models of different kinds: median, quartiles",
    CONTROL: "with an untrained control",
}


def _legend(figure: Figure, table: pd.DataFrame) -> None:
    known = [category for category in LOOKS if (table["category"] == category).any()]
    handles: list[Any] = [Line2D([], [], **LOOKS[category]) for category in known]
    labels = [NAMES[category] for category in known]
    handles += [Line2D([], [], color="#000000", lw=0.7), Patch(color=CHOSEN)]
    labels += ["chance: maps of different images", "scale of this study's matrices"]
    columns = max(int(figure.get_figwidth() / 2.3), 1)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
