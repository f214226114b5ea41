"""What models lose with the regions that maps rate highest."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from thinkalike.methods import method_name
from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.style import MISSING, PALETTE, WIDTH, colour_names

KINDS: dict[str, dict[str, Any]] = {
    "own": {"marker": "o", "ms": 4.5, "color": PALETTE[6], "label": "its own map"},
    "other": {"marker": "s", "ms": 3.5, "color": PALETTE[5], "label": "maps of other models"},
    "mismatched": {
        "marker": "D",
        "ms": 3.5,
        "color": PALETTE[1],
        "mfc": "white",
        "label": "its own map of another image",
    },
    "untrained": {
        "marker": "x",
        "ms": 4,
        "color": "#8C8C8C",
        "label": "maps of an untrained model",
    },
}
"""Kind of map → its marker; in this order also from top to bottom of a row."""

COLUMNS = ["method", "model", "mute"]
COLUMNS += [f"{kind}_drop{end}" for kind in KINDS for end in ("", "_error")]
"""Columns of the summary that are drawn."""

ACROSS = 4
"""Panels in a row."""

STEP = 0.17
"""Distance of the markers in a row of the figure, of which a model has one."""

MUTE = "#F6DCD0"
MUTE_LABEL = "mute: no more than another image's"


def deletion(
    summary: pd.DataFrame,
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    area: float,
) -> Figure:
    """Draw the logit that models lose with a region, by whose map chose it: a panel for each method.

    Rows of models for which a method is mute are shaded.

    Args:
        summary: as `statistics.deletion.deletion_summary` gives it.
        models: in order; one that has no relative drop by any method is left out.
        names: model → display name.
        families: model → family.
        area: share of the image that was taken away.
    """
    said = summary.groupby("model")["own_drop"].count()
    models = [model for model in models if said.get(model, 0)]
    methods = list(dict.fromkeys(summary["method"]))
    across = min(len(methods), ACROSS)
    rows = -(-len(methods) // across)
    height = 0.9 + rows * (0.4 + 0.27 * max(len(models), 2))
    figure, grid = plt.subplots(
        rows, across, figsize=(WIDTH, height), sharex=True, sharey=True, squeeze=False
    )
    for axes, method in zip(grid.flat, methods, strict=False):
        own = summary[summary["method"] == method].set_index("model").reindex(models)
        _panel(axes, own)
        axes.set_title(method_name(method))
    for axes in grid.flat[len(methods) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_yticks(range(len(models)), [names[model] for model in models])
        colour_names(axes.get_yticklabels(), [families[model] for model in models])
    grid[0, 0].set_ylim(len(models) - 0.4, -0.6)
    for axes in grid[-1]:
        axes.set_xlabel("share of the logit lost")
    figure.suptitle(
        f"What models lose without the {100 * area:g} % of the image that a map rates highest"
    )
    _legend(figure, summary)
    return figure


def _panel(axes: Axes, summary: pd.DataFrame) -> None:
    """Draw the markers of all models for one method."""
    for place, mute in enumerate(summary["mute"]):
        if not pd.isna(mute) and mute:
            axes.axhspan(place - 0.5, place + 0.5, color=MUTE, lw=0, zorder=0)
    axes.axvline(0, lw=0.6, color=MISSING, zorder=1)
    for position, (kind, look) in enumerate(KINDS.items()):
        places = np.arange(len(summary)) + STEP * (position - (len(KINDS) - 1) / 2)
        reach = 1.96 * summary[f"{kind}_drop_error"]
        axes.errorbar(summary[f"{kind}_drop"], places, xerr=reach, ls="", elinewidth=0.8, **look)


def _legend(figure: Figure, summary: pd.DataFrame) -> None:
    """Draw a legend of the kinds of maps that there are, and of what is shaded."""
    drawn = [kind for kind in KINDS if summary[f"{kind}_drop"].notna().any()]
    handles: list[Any] = [Line2D([], [], ls="", **KINDS[kind]) for kind in drawn]
    if summary["mute"].eq(True).any():
        handles.append(plt.Rectangle((0, 0), 1, 1, color=MUTE, label=MUTE_LABEL))
    legend_below(figure, handles, [handle.get_label() for handle in handles])
