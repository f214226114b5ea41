"""Error and cost of KernelSHAP maps against the number of their evaluations."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.style import FAMILY_COLOURS, FAMILY_NAMES, PALETTE, WIDTH, log_scale

CASES = ["model", "segments", "evaluations"]
STROKES = ("-", "--", ":", "-.")
EXACT = 1e-12
MARKERS = ("o", "s", "^", "D")


def summarise(budgets: pd.DataFrame) -> pd.DataFrame:
    """Medians and quartiles over images and repeats, for every model, segments and evaluations.

    `expected_error` = stated_error + reference_error, the stated errors of the maps and of the
    reference: that is the mean squared distance of two independent estimates.

    Args:
        budgets: model, segments, pieces, evaluations, evaluated, error, stated_error,
            reference_error, cosine, seconds: a row for every image and repeat.

    Returns:
        Per case n, the means of pieces and evaluated, the median of cosine, and of error,
        expected_error and seconds the median under the name itself, the quartiles as `…_low` and
        `…_high`.
    """
    expected = budgets["stated_error"] + budgets["reference_error"]
    groups = budgets.assign(expected_error=expected).groupby(CASES, sort=False)
    columns = {
        "n": groups["error"].count(),
        "pieces": groups["pieces"].mean(),
        "evaluated": groups["evaluated"].mean(),
        "cosine": groups["cosine"].median(),
        "reference_error": groups["reference_error"].median(),
    }
    for name in ("error", "expected_error", "seconds"):
        columns[name] = groups[name].median()
        columns[f"{name}_low"] = groups[name].quantile(0.25)
        columns[f"{name}_high"] = groups[name].quantile(0.75)
    return pd.DataFrame(columns).reset_index()


def budget_curves(
    summary: pd.DataFrame,
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Draw error and seconds against evaluations, and actual errors against stated ones.

    Lines are medians, bands and crosses quartiles. A colour is a model; of more models than colours
    only the medians are drawn, in the colour of their family.

    Args:
        summary: as `summarise` gives it.
        models: in order; those that are not in the summary are left out.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    shown = [model for model in models if (summary["model"] == model).any()]
    counts = sorted(summary["segments"].unique())
    by_family = len(shown) > len(PALETTE)
    colours = {
        model: FAMILY_COLOURS[families[model]] if by_family else PALETTE[number]
        for number, model in enumerate(shown)
    }
    # what is exact but for rounding has no place on a logarithmic axis
    for name in summary.columns[summary.columns.str.contains("error")]:
        summary = summary.assign(**{str(name): summary[name].where(summary[name] > EXACT)})
    figure, panels = plt.subplots(1, 3, figsize=(WIDTH, 2.9))
    figure.set_layout_engine("constrained", wspace=0.06)
    for model in shown:
        for number, count in enumerate(counts):
            part = summary[(summary["model"] == model) & (summary["segments"] == count)]
            look = {"color": colours[model], **_look(number)}
            _lines(panels, part.sort_values("evaluated"), look, spread=not by_family)
    _finish(panels, summary)
    lines = (
        {FAMILY_NAMES[families[model]]: colours[model] for model in shown}
        if by_family
        else {names[model]: colours[model] for model in shown}
    )
    _legend(figure, lines, counts)
    figure.suptitle(title)
    return figure


def _lines(
    panels: Sequence[Axes], part: pd.DataFrame, look: Mapping[str, Any], *, spread: bool
) -> None:
    """Draw one model with one number of segments in all panels: medians, and quartiles with `spread`."""
    errors, calibration, seconds = panels
    errors.plot(part["evaluated"], part["error"], ms=2.5, lw=0.8, **look)
    calibration.plot(part["expected_error"], part["error"], ms=2.5, **{**look, "ls": ""})
    seconds.plot(part["evaluated"], part["seconds"], ms=2.5, lw=0.8, **look)
    if spread:
        _band(errors, part, "error", look["color"])
        _band(seconds, part, "seconds", look["color"])
        _crosses(calibration, part, look["color"])


def _finish(panels: Sequence[Axes], summary: pd.DataFrame) -> None:
    errors, calibration, seconds = panels
    errors.set(ylabel="relative squared error", title="more evaluations, less error")
    calibration.set(xlabel="stated error", ylabel="actual error", title="is the stated error true?")
    seconds.set(ylim=(0, None), ylabel="seconds per image", title="what they cost")
    if summary["error"].notna().any():
        log_scale(errors.xaxis, errors.yaxis, calibration.xaxis, calibration.yaxis)
        _falling(errors, summary)
        _decades(errors.yaxis, errors.get_ylim())
        _identity(calibration)
    else:
        for axes in (errors, calibration):
            axes.set_yticks([])
            axes.text(0.5, 0.5, "all are exact", ha="center", transform=axes.transAxes)
    for axes in (errors, seconds):
        axes.set_xlabel("evaluations per image")
        _ticks(axes, summary)
    for axes in panels:
        axes.set_box_aspect(1)


def _look(number: int) -> dict[str, Any]:
    """Stroke and marker of the lines for one number of segments."""
    return {"ls": STROKES[number % len(STROKES)], "marker": MARKERS[number % len(MARKERS)]}


def _band(axes: Axes, part: pd.DataFrame, name: str, colour: str) -> None:
    low, high = part[f"{name}_low"], part[f"{name}_high"]
    axes.fill_between(part["evaluated"], low, high, color=colour, alpha=0.12, lw=0)


def _crosses(axes: Axes, part: pd.DataFrame, colour: str) -> None:
    x, y = part["expected_error"], part["error"]
    axes.errorbar(
        x,
        y,
        xerr=[x - part["expected_error_low"], part["expected_error_high"] - x],
        yerr=[y - part["error_low"], part["error_high"] - y],
        fmt="none",
        color=colour,
        lw=0.4,
        alpha=0.8,
    )


def _ticks(axes: Axes, summary: pd.DataFrame) -> None:
    """Set ticks at the budgets that have room."""
    budgets = sorted(summary["evaluations"].unique(), reverse=True)
    place = axes.get_xaxis().get_transform().transform
    room = 0.11 * float(np.ptp(place(np.array(axes.get_xlim()))))
    kept: list[int] = []
    for value in budgets:
        if not kept or place(kept[-1]) - place(value) > room:
            kept.append(value)
    axes.set_xticks(kept, [str(value) for value in kept])
    axes.xaxis.set_minor_locator(NullLocator())


def _falling(axes: Axes, summary: pd.DataFrame) -> None:
    """Draw a guide: errors of independent evaluations fall as one over their number."""
    x = np.array([summary["evaluated"].min(), summary["evaluated"].max()])
    y = 1.6 * summary["error"].max() * x[0] / x
    axes.plot(x, y, color="#8C8C8C", lw=0.8, ls=(0, (1, 1.5)), zorder=0)
    axes.annotate(
        "∝ 1 / evaluations",
        (x[0], y[0]),
        xytext=(4, 2),
        textcoords="offset points",
        color="#6E6E6E",
        fontsize=6,
    )


def _decades(axis: Axis, limits: tuple[float, float]) -> None:
    """Write plain numbers at 1, 2 and 5 of each decade, or at 1 alone if there are many decades."""
    few = limits[1] / limits[0] < 200
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _identity(axes: Axes) -> None:
    both = [*axes.get_xlim(), *axes.get_ylim()]
    limits = (min(both), max(both))
    axes.plot(limits, limits, color="#8C8C8C", lw=0.8, ls=(0, (1, 1.5)), zorder=0)
    axes.set(xlim=limits, ylim=limits)
    _decades(axes.xaxis, limits)
    _decades(axes.yaxis, limits)


def _legend(figure: Figure, colours: Mapping[str, str], counts: Sequence[int]) -> None:
    """Draw a legend: colours of models or families, then strokes of the numbers of segments."""
    handles = [Line2D([], [], color=colour) for colour in colours.values()]
    handles += [Line2D([], [], color="#444444", ms=3, **_look(i)) for i in range(len(counts))]
    labels = [*colours, *(f"{count} segments" for count in counts)]
    legend_below(figure, handles, labels)
