"""How well measures of likeness tell models whose likeness is known."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thinkalike.compare.scales import NATIVE, SEGMENTED
from thinkalike.plotting.fitting import inches_of, legend_below
from thinkalike.plotting.style import PALETTE, WIDTH, method_name, title_of

MEASURES = {"mean": "raw similarity", "rho": "similarity above chance (ρ)"}
"""Measure that is drawn → its name."""

KINDS: dict[str, dict[str, Any]] = {
    "same": {"color": PALETTE[0], "label": "two models of one group"},
    "different": {"color": PALETTE[1], "mfc": "white", "label": "of two groups"},
}
CURVES: dict[str, dict[str, Any]] = {
    "mean": {"color": PALETTE[4], "marker": "o", "mfc": "white"},
    "rho": {"color": PALETTE[0], "marker": "o"},
}
PREDICTIONS: dict[str, Any] = {"color": "k", "lw": 0.8, "ls": ":", "label": "equal predictions"}
ZERO: dict[str, Any] = {"color": "#8C8C8C", "lw": 0.6, "zorder": 0}

GOOD = 0.95
"""Average precision from which on a measure counts as one that tells the groups."""

FEW = 6
"""Steps of a ladder whose names have room when they are turned by half a right angle."""
USUAL = 0.9
"""Inches of names of models for which ladders have room as they are."""
COLUMNS = 5
"""Panels of ladders side by side, at most."""


def grounded(
    table: pd.DataFrame, ladder: pd.DataFrame, *, names: Mapping[str, str], title: str
) -> tuple[Figure, pd.DataFrame]:
    """Draw how far measures tell pairs of one group from pairs of two, and what they say on the ladder.

    Args:
        table: of `statistics.grounded.grounded_table`.
        ladder: of `ladder_table`; may have no row.
        names: model → display name.
        title: of the figure.

    Returns:
        The figure, and a row for every case and every similarity on the ladder, with the `panel` it is in.
    """
    cases = table[["method", "metric", "scale", "default"]].drop_duplicates(ignore_index=True)
    methods = [m for m in table["method"].unique() if m in set(ladder["method"])]
    lines = -(-len(methods) // COLUMNS)
    below = max(inches_of([names[model] for model in ladder["model"]], 6.5) - USUAL, 0)
    heights = [0.8 + 0.16 * len(cases), 0.5 + (1.6 + below) * lines][: 1 + bool(lines)]
    figure = plt.figure(figsize=(WIDTH, 0.3 + sum(heights)))
    parts = np.ravel(figure.subfigures(len(heights), 1, height_ratios=heights))  # type: ignore[arg-type]
    panels = parts[0].subplots(1, len(MEASURES), sharey=True)
    for axes, measure in zip(panels, MEASURES, strict=True):
        _groups(axes, cases.merge(table[table["measure"] == measure], how="left"), measure)
    _name_cases(panels[0], cases)
    handles, labels = panels[0].get_legend_handles_labels()
    legend_below(parts[0], handles, labels)
    if lines:
        columns = min(len(methods), COLUMNS)
        grid = parts[1].subplots(lines, columns, sharey=True, squeeze=False)
        for axes, method in zip(grid.flat, methods, strict=False):
            _ladder(axes, ladder, method, names)
        for axes in grid.flat[len(methods) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("similarity to the first")
        handles, labels = grid.flat[0].get_legend_handles_labels()
        legend_below(parts[1], handles, labels)
    figure.suptitle(title)
    drawn = table.assign(panel="groups"), ladder.assign(panel="ladder")
    return figure, pd.concat(drawn, ignore_index=True)


def _groups(axes: Axes, rows: pd.DataFrame, measure: str) -> None:
    """Mean similarity of the two kinds of pairs, a row for every case, with the average precision."""
    axes.hlines(rows.index, rows["different"], rows["same"], color="#B8B8B8", lw=1)
    for kind, look in KINDS.items():
        axes.plot(rows[kind], rows.index, ls="", marker="o", ms=3.5, **look)
    for row, precision in enumerate(rows["average_precision"]):
        if np.isnan(precision):
            continue
        is_good = precision >= GOOD
        axes.text(
            *(1.02, row, f"{precision:.2f}"),
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=6,
            color="k" if is_good else PALETTE[1],
            fontweight="normal" if is_good else "bold",
        )
    axes.text(1.02, 1.0, "AP", transform=axes.transAxes, va="bottom", fontsize=6.5)
    axes.axvline(0, **ZERO)
    axes.set_xlabel(MEASURES[measure])
    axes.grid(axis="y", lw=0.3)
    axes.set_axisbelow(True)


def _name_cases(axes: Axes, cases: pd.DataFrame) -> None:
    """Label the rows, with a scale where a method has several; those of the study's scale are bold."""
    has_scales = cases["scale"].ne(NATIVE).groupby(cases["method"]).transform("any")
    labels = []
    for method, metric, scale, has_some in zip(
        cases["method"], cases["metric"], cases["scale"], has_scales, strict=True
    ):
        words = {NATIVE: "as made" if has_some else "", SEGMENTED: "segments"}
        where = words.get(scale, f"{scale} × {scale}")
        name = f" · {where}" if where else ""
        labels.append(f"{title_of(method, metric)}{name}")
    axes.set_yticks(cases.index, labels, fontsize=6)
    axes.set_ylim(len(cases) - 0.5, -0.5)
    for label, default in zip(axes.get_yticklabels(), cases["default"], strict=True):
        label.set_fontweight("bold" if default else "normal")


def _ladder(axes: Axes, ladder: pd.DataFrame, method: str, names: Mapping[str, str]) -> None:
    """Similarities along the ladder at the study's scale, by the study's first metric."""
    own = ladder[(ladder["method"] == method) & ladder["default"]]
    own = own[own["metric"] == own["metric"].iloc[0]]
    for measure, look in CURVES.items():
        part = own[own["measure"] == measure]
        axes.plot(part["place"], part["similarity"], ms=3, label=MEASURES[measure], **look)
    answers = ladder[ladder["method"] == "predictions"]
    axes.plot(answers["place"], answers["similarity"], **PREDICTIONS)
    axes.axhline(0, **ZERO)
    axes.set_title(method_name(method), fontsize=6.5)
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    if len(answers) > FEW:
        turned = {"rotation": 90}
    axes.set_xticks(answers["place"], [names[m] for m in answers["model"]], **turned)
