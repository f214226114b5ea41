"""Every pair of models beside chance and beside two seeds of one model, by method and scale."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from thinkalike.compare.pairs import CATEGORIES, CONTROL, DIFFERENT_FAMILIES, SAME_FAMILY, SEEDS
from thinkalike.compare.scales import NATIVE, Pool, scale_name, scale_of
from thinkalike.methods import method_name
from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.style import METRIC_NAMES, PALETTE

CATEGORY_LOOKS: Mapping[str, tuple[str, str]] = {
    SEEDS: ("#000000", "D"),
    SAME_FAMILY: (PALETTE[3], "o"),
    DIFFERENT_FAMILIES: (PALETTE[4], "s"),
    CONTROL: ("#8C8C8C", "^"),
}
"""Category of a pair → colour and marker; neither CNNs, transformers nor hybrids have these colours."""
CATEGORY_NAMES = {
    SEEDS: "two seeds of one model",
    SAME_FAMILY: "same family",
    DIFFERENT_FAMILIES: "different families",
    CONTROL: "with an untrained control",
}
COLUMNS_OF_PAIRS = ["model_a", "model_b", "n", "mean", "chance", "rho", "low", "high"]
MOST = 60
"""Pairs that a panel has room for; of more, only some are drawn."""
ENDS = 18
"""Pairs drawn at either end and in the middle, where not all are."""
COLUMNS = 4
"""Panels beside each other."""
ROW = 0.094
"""Inches of a pair."""
LETTER = 0.041
"""Inches of a letter of a pair's label, about."""


def pairs(
    table: pd.DataFrame, *, names: Mapping[str, str], metric: str
) -> tuple[Figure, pd.DataFrame]:
    """Draw every pair of models from chance to its similarity, a panel for each method and scale.

    A pair is a bar from the mean similarity of its maps of different images (a tick) to that of its
    maps of the same image (a marker), with the 95 % interval of what lies between. Pairs stand in the
    order of their similarity above chance, ρ. A black stroke is where a pair of trained models would be
    if their ρ were that of two seeds: the median over the architectures that have seeds. Of more than
    `MOST` pairs, seeds and those at the ends and in the middle are drawn.

    Args:
        table: method, scale (cells a side of the maps that are compared; 0: as they are), model_a,
            model_b, n, mean, chance, rho, low, high (of rho) and category (`compare.pairs`); a row for
            each pair of each method and scale.
        names: model → display name.
        metric: of the similarities.

    Returns:
        The figure, and the table with `low_mean` and `high_mean`, the interval on the axis of the
        figure, `as_seeds`, where two seeds would lie, and `drawn`; sorted as it is drawn.
    """
    panels = {
        (str(method), int(str(scale))): _Panel.of(part)
        for (method, scale), part in table.groupby(["method", "scale"], sort=False)
    }
    # pooled panels last: the others are beside each other, as computed
    cases = sorted(panels, key=lambda case: case[1] != NATIVE)
    columns = min(len(cases), COLUMNS)
    rows = [cases[first : first + columns] for first in range(0, len(cases), columns)]
    labels = [_label(row, names) for panel in panels.values() for row in panel.shown]
    beside = 0.15 + LETTER * max(map(len, labels))
    heights = [max(panels[case].rows for case in row) * ROW + 0.4 for row in rows]
    figure, grid = plt.subplots(
        len(rows),
        columns,
        figsize=(columns * (beside + 1.25), sum(heights) + 0.9),
        height_ratios=heights,
        squeeze=False,
    )
    for axes_row, row in zip(grid, rows, strict=True):
        for axes in axes_row[len(row) :]:
            axes.set_axis_off()
        for axes, (method, scale) in zip(axes_row, row, strict=False):
            axes.set_title(f"{method_name(method)}, {scale_name(scale)}", loc="right", fontsize=7)
            axes.set_xlabel("mean similarity")
            _draw(axes, panels[method, scale], names)
    _legend(figure, table)
    known = METRIC_NAMES.get(metric, metric)
    figure.suptitle(f"every pair of models, from chance to its similarity ({known}, all images)")
    return figure, pd.concat([panel.table for panel in panels.values()], ignore_index=True)


def panel_pairs(
    compared: pd.DataFrame, seeds: pd.DataFrame, scales: pd.DataFrame | None, pool: Pool
) -> pd.DataFrame:
    """Pairs of one method at the scale of the study's matrices, and as computed where that is another.

    Args:
        compared: `COLUMNS_OF_PAIRS`, of the pairs in a matrix.
        seeds: the same of the pairs of seeds, in the matrix or not.
        scales: kind, scale and the same, of the pairs at other scales; None where none are known.
        pool: cells a side over which maps are averaged for the matrix, or `segments`; None: not at all.

    Returns:
        scale and `COLUMNS_OF_PAIRS`, every pair once at each scale.
    """
    own = scale_of(pool)
    parts = [compared.assign(scale=own), seeds.assign(scale=own)]
    if own != NATIVE and scales is not None:
        parts.append(scales[scales["kind"].isin(["pair", "seeds"]) & (scales["scale"] == NATIVE)])
    both = pd.concat(parts, ignore_index=True)
    ends = np.sort(both[["model_a", "model_b"]].to_numpy(str), axis=1)
    again = pd.DataFrame({"scale": both["scale"], "a": ends[:, 0], "b": ends[:, 1]}).duplicated()
    return both.loc[~again, ["scale", *COLUMNS_OF_PAIRS]].reset_index(drop=True)


@dataclass(frozen=True)
class _Panel:
    """Pairs of one method and scale in order, and where the order is cut.

    Attributes:
        table: all of them, with what is drawn.
        gaps: row among those drawn → number of pairs left out above it.
    """

    table: pd.DataFrame
    gaps: Mapping[int, int]

    @property
    def shown(self) -> list[Any]:
        """Rows that are drawn, from the top."""
        return list(self.table[self.table["drawn"]].itertuples())

    @property
    def rows(self) -> int:
        """Number of rows that the panel needs."""
        return len(self.shown) + len(self.gaps)

    @classmethod
    def of(cls, part: pd.DataFrame) -> "_Panel":
        ranked = part.sort_values("rho", ascending=False, kind="stable", na_position="last")
        span = ranked["mean"] - ranked["chance"]
        rho = ranked["rho"]
        # exact: rho is the distance from chance in units of this one
        unit = np.where(rho == 0, 1 - ranked["chance"], span / rho.where(rho != 0))
        drawn = _drawn(ranked["category"].to_numpy())
        table = ranked.assign(
            low_mean=ranked["chance"] + unit * ranked["low"],
            high_mean=ranked["chance"] + unit * ranked["high"],
            as_seeds=ranked["chance"] + unit * seed_ceiling(ranked),
            drawn=drawn,
        )
        places = np.flatnonzero(drawn)
        left_out = np.diff(places, prepend=-1) - 1
        return cls(table, {row: int(count) for row, count in enumerate(left_out) if count})


def seed_ceiling(table: pd.DataFrame) -> float:
    """Median over architectures of the mean ρ of their seeds; NaN where there are none.

    Args:
        table: model_a, category, rho. Seeds of one architecture are joined by their pairs.
    """
    seeds = table[table["category"] == SEEDS]
    if seeds.empty:
        return float("nan")
    root: dict[str, str] = {}
    for a, b in zip(seeds["model_a"], seeds["model_b"], strict=True):
        first, second = root.get(a, a), root.get(b, b)
        root.update({m: first for m, r in root.items() if r == second}, **{a: first, b: first})
    return float(seeds.groupby(seeds["model_a"].map(root))["rho"].mean().median())


def _drawn(categories: np.ndarray) -> np.ndarray:
    """Whether each pair of a ranking is drawn: all, or seeds, both ends and the middle."""
    count = len(categories)
    if count <= MOST:
        return np.ones(count, bool)
    place = np.arange(count)
    middle = np.abs(place - (count - 1) / 2) <= ENDS / 2
    ends = (place < ENDS) | (place >= count - ENDS)
    seeds = categories == SEEDS
    return ends | middle | (seeds & (np.cumsum(seeds) <= ENDS))


def _draw(axes: Axes, panel: _Panel, names: Mapping[str, str]) -> None:
    """Draw the pairs of a panel from the top, and a note where some are left out."""
    axes.axvline(0, color="#D9D9D9", lw=0.6, zorder=0)
    y, ticks, labels = 0, [], []
    for row, pair in enumerate(panel.shown):
        if row in panel.gaps:
            note = f"{panel.gaps[row]} pairs between"
            axes.text(0.5, y, note, transform=axes.get_yaxis_transform(), fontsize=5, **MIDDLE)
            y += 1
        colour, marker = CATEGORY_LOOKS[pair.category]
        axes.plot([pair.chance, pair.mean], [y, y], color=colour, lw=1.6, alpha=0.35, zorder=1)
        axes.plot([pair.low_mean, pair.high_mean], [y, y], color=colour, lw=0.9, zorder=3)
        axes.plot(pair.chance, y, "|", color="#404040", ms=4, mew=0.7, zorder=2)
        axes.plot(pair.mean, y, marker, color=colour, ms=3.2, mew=0, zorder=4)
        if pair.category != CONTROL:
            seeds = pair.as_seeds
            axes.plot([seeds, seeds], [y - 0.33, y + 0.33], color="#000000", lw=0.8, zorder=2)
        ticks.append(y)
        labels.append(_label(pair, names))
        y += 1
    axes.set_yticks(ticks, labels, fontsize=4.8)
    axes.tick_params(axis="y", length=0, pad=1)
    axes.set_ylim(y - 0.4, -0.6)


MIDDLE: Mapping[str, Any] = {"ha": "center", "va": "center", "color": "#666666"}


def _label(pair: Any, names: Mapping[str, str]) -> str:
    return f"{names[pair.model_a]} – {names[pair.model_b]}"


def _legend(figure: Figure, table: pd.DataFrame) -> None:
    """Draw a legend of the categories that occur, of chance, and of seeds, under the figure."""
    handles, labels = [], []
    for category in CATEGORIES:
        if (table["category"] == category).any():
            colour, marker = CATEGORY_LOOKS[category]
            handles.append(Line2D([], [], color=colour, marker=marker, ms=3.5, lw=0.9))
            labels.append(CATEGORY_NAMES[category])
    handles.append(Line2D([], [], ls="", marker="|", color="#404040", ms=6))
    labels.append("chance: maps of different images")
    if (table["category"] == SEEDS).any():
        handles.append(Line2D([], [], ls="", marker="|", color="#000000", ms=8, mew=1.4))
        labels.append("as far above chance as two seeds")
    legend_below(figure, handles, labels)
