"""How well measures of likeness tell models whose likeness is known."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thinkalike.plotting.style import PALETTE, WIDTH, method_name, title_of

MEASURES: dict[str, tuple[str, dict[str, Any]]] = {
    "mean": ("raw similarity", {"color": PALETTE[4], "marker": "o", "mfc": "white"}),
    "rho": ("above chance (ρ)", {"color": PALETTE[0], "marker": "o"}),
    "image": ("above other images of the class", {"color": PALETTE[2], "marker": "D"}),
    "chance": ("chance alone (s⁰)", {"color": PALETTE[3], "marker": "x"}),
}
"""Measure → its name, and how it is drawn."""

COLUMNS = 3
"""Panels of ladders side by side."""

PREDICTIONS: dict[str, Any] = {"color": "k", "lw": 0.8, "ls": ":", "label": "equal predictions"}


def grounded(
    table: pd.DataFrame,
    ladder: pd.DataFrame,
    *,
    names: Mapping[str, str],
    title: str,
) -> tuple[Figure, pd.DataFrame]:
    """Draw the average precision of every measure, and below it the similarities along the ladder.

    Args:
        table: of `statistics.grounded.grounded_table`.
        ladder: of `ladder_table`; may have no row.
        names: model → display name.
        title: of the figure.

    Returns:
        The figure, and a row for every marker.
    """
    cases = table[["method", "metric", "scale", "default"]].drop_duplicates()
    methods = [m for m in table["method"].unique() if m in set(ladder["method"])]
    lines = -(-len(methods) // COLUMNS)
    heights = [0.5 + 0.16 * len(cases), 1.75 * lines + 0.3][: 1 + bool(lines)]
    figure = plt.figure(figsize=(WIDTH, 0.7 + sum(heights)))
    parts = np.ravel(figure.subfigures(len(heights), 1, height_ratios=heights))  # type: ignore[arg-type]
    _precision(parts[0].subplots(), table, cases)
    if lines:
        grid = parts[1].subplots(lines, COLUMNS, sharex=True, sharey=True, squeeze=False)
        for axes, method in zip(grid.flat, methods, strict=False):
            _ladder(axes, ladder, method, names)
        for axes in grid.flat[len(methods) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("similarity to the first")
        handles, labels = grid.flat[0].get_legend_handles_labels()
        parts[1].legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle(title)
    drawn = table.assign(panel="average precision"), ladder.assign(panel="ladder")
    return figure, pd.concat(drawn, ignore_index=True)


def _precision(axes: Axes, table: pd.DataFrame, cases: pd.DataFrame) -> None:
    """A row for every method, metric and scale, with a marker for each measure."""
    known = table.dropna(subset=["average_precision"])
    rows = {tuple(case): row for row, case in enumerate(cases.itertuples(index=False))}
    place = [rows[case] for case in known[cases.columns].itertuples(index=False, name=None)]
    known = known.assign(row=place)
    for measure, (label, look) in MEASURES.items():
        part = known[known["measure"] == measure]
        axes.plot(part["average_precision"], part["row"], ls="", ms=4, label=label, **look)
    if len(known):
        pairs = known["pairs_same"] + known["pairs_different"]
        axes.axvline((known["pairs_same"] / pairs).max(), color="#8C8C8C", lw=0.8, ls="--")
    labels = [
        f"{title_of(method, metric)} · {f'{scale} × {scale}' if scale else 'as made'}"
        for method, metric, scale, _ in rows
    ]
    axes.set_yticks(range(len(rows)), labels)
    for label, default in zip(axes.get_yticklabels(), cases["default"], strict=True):
        label.set_fontweight("bold" if default else "normal")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(right=1.02)
    axes.set_xlabel("average precision: pairs of one group above pairs of two (dashed: by chance)")
    axes.grid(axis="y", lw=0.3)
    axes.set_axisbelow(True)
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=len(MEASURES))


def _ladder(axes: Axes, ladder: pd.DataFrame, method: str, names: Mapping[str, str]) -> None:
    """Raw similarity and similarity above chance at the study's scale, by the first metric."""
    own = ladder[(ladder["method"] == method) & ladder["default"]]
    own = own[own["metric"] == own["metric"].iloc[0]]
    for measure in ("mean", "rho"):
        label, look = MEASURES[measure]
        part = own[own["measure"] == measure]
        axes.plot(part["place"], part["similarity"], ms=3, label=label, **look)
    answers = ladder[ladder["method"] == "predictions"]
    axes.plot(answers["place"], answers["similarity"], **PREDICTIONS)
    axes.axhline(0, color="#8C8C8C", lw=0.6)
    axes.set_title(method_name(method))
    axes.set_xticks(answers["place"], [names[m] for m in answers["model"]], rotation=45, ha="right")
    axes.tick_params(labelbottom=True)

