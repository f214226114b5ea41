"""Similarity, and similarity above chance, by the size of the parts over which maps are averaged."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from thinkalike.compare.pairs import CONTROL, SEEDS
from thinkalike.compare.scales import NATIVE, SEGMENTED, SEGMENTS, Pool, scale_of
from thinkalike.methods import method_name
from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.pairs import CATEGORY_LOOKS, seed_ceiling
from thinkalike.plotting.style import PALETTE, WIDTH

MEASURES = {"mean": "mean cosine, s", "rho": "above chance, ρ"}
"""Column of a table of scales → label of the row of panels that shows it."""
TRAINED, MOVED, NULL = "trained", "moved", "null"
CHOSEN = "#E8E8E8"
COLUMNS = 4
"""Methods beside each other."""
APART = 0.7
"""Steps between segments and the other scales, besides the one that all have."""
DODGE = 0.18
"""Steps between the categories at segments."""
HALF = 0.42
"""Steps from a place to the ends of what marks it."""
SUMMARY = ["measure", "category", "scale", "low_quartile", "median", "high_quartile", "pairs"]

LOOKS: Mapping[str, dict[str, Any]] = {
    SEEDS: {"color": CATEGORY_LOOKS[SEEDS][0], "marker": "D", "ms": 3},
    MOVED: {"color": PALETTE[2], "marker": "v", "ms": 3.2, "ls": "--"},
    TRAINED: {"color": PALETTE[0], "marker": "o", "ms": 3},
    CONTROL: {"color": CATEGORY_LOOKS[CONTROL][0], "marker": "^", "ms": 2.5, "ls": ":"},
    NULL: {"color": PALETTE[1], "ls": (0, (4, 1.5)), "lw": 1},
}
NAMES = {
    SEEDS: "two seeds of one model",
    MOVED: "one model, image moved",
    TRAINED: "different trained models, quartiles",
    CONTROL: "with an untrained control",
    NULL: "chance: maps of different images",
}
SPREAD = {TRAINED: 0.22, SEEDS: 0.12}
"""Category whose quartiles are drawn → opacity."""


def scales(
    tables: Mapping[str, pd.DataFrame],
    chosen: Mapping[str, Pool],
    natives: Mapping[str, str] | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw similarity against the scale at which maps are compared: the mean, and what is above chance.

    A column of two panels for each method. Maps are averaged over g x g cells, coarse at the left; then
    they are compared as they were computed; apart, at the right, averaged over the segments of each
    image. Where two seeds of one model, or the map of a moved image, are not far above pairs of different
    models, or not far above chance, that scale cannot tell models from noise.

    Args:
        tables: method → kind (pair, seeds, moved), scale (cells a side, `NATIVE` or `SEGMENTED`),
            model_a, model_b, mean, chance, rho, and category (`compare.pairs`) of the pairs and seeds.
        chosen: method → the scale at which the study compares its maps; None: as computed.
        natives: method → what its maps are on: `segments`, `grid`, or anything else; none known by
            default.

    Returns:
        The figure, and what it draws: method, measure (mean, rho), category (trained, control, seeds,
        moved, null), scale, low_quartile, median, high_quartile over the pairs, and how many pairs there
        are. The median of seeds is that over architectures. `null` is the mean similarity of maps of
        different images by the two models of trained pairs.
    """
    columns = min(len(tables), COLUMNS)
    blocks = -(-len(tables) // columns)
    figure, grid = plt.subplots(
        2 * blocks,
        columns,
        figsize=(max(WIDTH * columns / 4, 3.6), 0.95 + 3.15 * blocks),
        squeeze=False,
        sharey=True,
        height_ratios=[1.45, 1.7] * blocks,
    )
    natives = natives or {}
    on_segments = {method for method, basis in natives.items() if basis == SEGMENTS}
    summaries = {
        method: _placed(summary(table), is_on_segments=method in on_segments)
        for method, table in tables.items()
    }
    steps = sorted(
        {scale for table in summaries.values() for scale in table["scale"]}, key=_fineness
    )
    for index, (method, table) in enumerate(summaries.items()):
        block, column = divmod(index, columns)
        own = SEGMENTED if method in on_segments else NATIVE
        scale = scale_of(chosen[method]) or own
        for axes, measure in zip(grid[2 * block : 2 * block + 2, column], MEASURES, strict=True):
            _draw(axes, table[table["measure"] == measure], steps, scale)
            _name_steps(axes, steps, natives.get(method, ""), named=measure == "rho")
        grid[2 * block, column].set_title(method_name(method), loc="left")
        grid[2 * block + 1, column].set_xlabel("cells a side")
    for axes in grid.reshape(blocks, 2, columns).transpose(0, 2, 1).reshape(-1, 2)[len(tables) :]:
        for each in axes:
            each.set_axis_off()
    for row, axes in enumerate(grid[:, 0]):
        axes.set_ylabel([*MEASURES.values()][row % 2])
    lowest = min(float(table["low_quartile"].min()) for table in summaries.values())
    grid[0, 0].set_ylim(min(-0.1, lowest - 0.05), 1.08)
    _legend(figure, pd.concat(summaries.values()))
    figure.suptitle("At which scale models can be told from noise")
    parts = [table.assign(method=method) for method, table in summaries.items()]
    return figure, pd.concat(parts, ignore_index=True)[["method", *SUMMARY]]


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Quartiles over the pairs of each category at each scale, of both measures, `SUMMARY`.

    Args:
        table: kind, scale, model_a, model_b, mean, chance, rho, category, of one method.
    """
    named = table.assign(
        category=np.select(
            [table["kind"] != "pair", table["category"] == CONTROL, table["category"] == SEEDS],
            [table["kind"], CONTROL, SEEDS],
            TRAINED,
        )
    )
    trained = named[named["category"] == TRAINED]
    null = trained.assign(category=NULL, mean=trained["chance"], rho=0.0)
    rows = []
    for (category, scale), part in pd.concat([named, null]).groupby(
        ["category", "scale"], sort=False
    ):
        for measure in MEASURES:
            low, median, high = part[measure].quantile([0.25, 0.5, 0.75])
            if category == SEEDS:
                median = seed_ceiling(part.assign(rho=part[measure]))
            rows.append([measure, category, scale, low, median, high, len(part)])
    return pd.DataFrame(rows, columns=SUMMARY)


def _placed(table: pd.DataFrame, *, is_on_segments: bool) -> pd.DataFrame:
    """A summary in which maps that are computed on segments stand at the scale of segments."""
    return table.replace({"scale": {NATIVE: SEGMENTED}}) if is_on_segments else table


def _fineness(scale: int) -> float:
    """Order of scales on the axis: cells, as computed, segments."""
    return {NATIVE: 1e6, SEGMENTED: 1e7}.get(scale, scale)


def _place(scale: int, steps: Sequence[int]) -> float:
    return steps.index(scale) + APART * (scale == SEGMENTED)


def _draw(axes: Axes, table: pd.DataFrame, steps: Sequence[int], chosen: int) -> None:
    """Draw one measure of one method: lines over cells and as computed, points at segments."""
    if chosen in steps:
        place = _place(chosen, steps)
        axes.axvspan(place - HALF, place + HALF, color=CHOSEN, lw=0, zorder=0)
    axes.axhline(0, color="#B0B0B0", lw=0.6, zorder=1)
    if SEGMENTED in steps[1:]:
        middle = _place(SEGMENTED, steps) - (1 + APART) / 2
        axes.axvline(middle, color="#CCCCCC", lw=0.6, zorder=1)
    for number, (category, look) in enumerate(LOOKS.items()):
        part = table[table["category"] == category]
        part = part.assign(place=[_place(scale, steps) for scale in part["scale"]])
        line = part[part["scale"] != SEGMENTED].sort_values("place")
        spread = SPREAD.get(category)
        axes.plot(line["place"], line["median"], **look, zorder=3)
        if spread:
            low, high = line["low_quartile"], line["high_quartile"]
            axes.fill_between(line["place"], low, high, color=look["color"], alpha=spread, lw=0)
        for _, row in part[part["scale"] == SEGMENTED].iterrows():
            _draw_apart(axes, row, category, DODGE * (number - (len(LOOKS) - 2) / 2))
    axes.grid(axis="y", color="#EEEEEE", lw=0.6)
    axes.set_axisbelow(True)


def _draw_apart(axes: Axes, row: pd.Series, category: str, aside: float) -> None:
    """Draw a category at segments: a point and quartiles, chance across the whole place."""
    look, place = LOOKS[category], row["place"]
    if category == NULL:
        ends = [place - HALF, place + HALF]
        axes.plot(ends, [row["median"]] * 2, **look, zorder=2)
        return
    if category in SPREAD:
        between = row["low_quartile"], row["high_quartile"]
        axes.vlines(place + aside, *between, color=look["color"], alpha=0.5, lw=1.5, zorder=2)
    axes.plot(place + aside, row["median"], **{**look, "ls": ""}, zorder=3)


def _name_steps(axes: Axes, steps: Sequence[int], native: str, *, named: bool) -> None:
    own = "own\ngrid" if native == "grid" else "full\nmap"
    names = {NATIVE: own, SEGMENTED: "seg-\nments"}
    # where maps are on segments there is no other scale of their own
    there = [scale for scale in steps if scale != NATIVE or native != SEGMENTS]
    labels = [names.get(scale, str(scale)) if named else "" for scale in there]
    axes.set_xticks([_place(scale, steps) for scale in there], labels)


def _legend(figure: Figure, table: pd.DataFrame) -> None:
    known = [category for category in LOOKS if (table["category"] == category).any()]
    handles: list[Any] = [Line2D([], [], **LOOKS[category]) for category in known]
    labels = [NAMES[category] for category in known]
    handles.append(Patch(color=CHOSEN))
    labels.append("scale of this study's matrices")
    legend_below(figure, handles, labels)
