"""Which choice of spectral clustering matters, in pictures: the graph, or the Laplacian."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from thinkalike.plotting.fitting import legend_below, most_lines, wrapped
from thinkalike.plotting.spectral import GRAPH_NAMES, LAPLACIAN_NAMES
from thinkalike.plotting.style import PALETTE, WIDTH

CASE = 36
"""Letters of a line of the name of a case."""
CHOICES: Mapping[str, tuple[str, str, str]] = {
    "graph": ("the graph", PALETTE[0], "o"),
    "laplacian": ("the Laplacian", PALETTE[1], "s"),
    "both": ("both", "#8C8C8C", "D"),
}
"""What results differ in → name, colour, marker."""


def choice_figure(choices: pd.DataFrame, results: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Which choice matters: agreement of results that differ in one, and each choice's stability.

    Args:
        choices: case, and the columns of `clustering.spectral.choices.choice_table`.
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
    """Mean agreement of results that differ in one choice alone, with intervals, a line for each case."""
    rows = choices.set_index(["case", "number"])
    for place, case in enumerate(names):
        for number, offset, filled in (("eigengap", -0.2, True), ("same", 0.2, False)):
            for step, (name, (_, tint, marker)) in enumerate(CHOICES.items(), -1):
                y, face = place + offset + 0.1 * step, tint if filled else "w"
                ends = [rows[f"{name}_{end}"][case, number] for end in ("low", "high")]
                axes.plot(ends, [y, y], color=tint, lw=0.8)
                value = rows[name][case, number]
                axes.plot(value, y, marker, color=tint, mfc=face, ms=3.5, mew=0.8)
        if place:
            axes.axhline(place - 0.5, color="#EEEEEE", lw=0.6)
    axes.set_yticks(range(len(names)), list(names.values()))
    low, high = axes.get_xlim()
    axes.set(ylim=(len(names) - 0.5, -0.5), xlim=(min(0, low), max(high, 1.02)))
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
    """Which choice matters more in these cases, in words and numbers; no claim beyond them.

    Args:
        choices: number, graph, laplacian, difference, difference_low and difference_high, a row for each
            case and way to number clusters.
    """
    words = {"graph": "graph", "laplacian": "Laplacian"}
    cases = choices[choices["number"] == "eigengap"]
    means = cases[list(words)].mean()
    first, second = list(words) if means["graph"] < means["laplacian"] else list(words)[::-1]
    less = cases[first] < cases[second]
    # the interval of the difference is on one side of zero
    sure = less & (cases["difference_low"] * cases["difference_high"] > 0)
    return (
        f"In {less.sum()} of {len(cases)} cases results that differ in the {words[first]} alone agree less "
        f"than those that differ in the {words[second]} alone,\nin {sure.sum()} by more than samples "
        f"vary (mean adjusted Rand index over the cases: {means[first]:.2f} and {means[second]:.2f})"
    )
