"""Noise ceilings beside the similarities that they are the ceilings of."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from thinkalike.compare.similarity import LOWEST
from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.style import METRIC_NAMES, WIDTH, colour_names
from thinkalike.statistics.intervals import bounded_interval

ITSELF: dict[str, Any] = {
    "fmt": "D",
    "ms": 4,
    "lw": 1.2,
    "color": "k",
    "label": "with itself, other coalitions",
}
OTHERS: dict[str, Any] = {
    "fmt": "o",
    "ms": 3,
    "lw": 0.7,
    "color": "#8C8C8C",
    "alpha": 0.7,
    "label": "with another model",
}


def noise_ceiling(
    ceilings: pd.DataFrame,
    pairs: Mapping[str, pd.DataFrame],
    *,
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> tuple[Figure, pd.DataFrame]:
    """Draw the similarity of every model with itself, from other coalitions, beside that with others.

    Args:
        ceilings: model, metric, n, ceiling, standard_error, low, high; a row of the figure for each model.
        pairs: metric → model_a, model_b, n, mean, estimation_error.
        names: model → display name.
        families: model → family.
        title: of the figure.

    Returns:
        The figure, and a row for every marker: model_a, model_b, metric, n, mean, standard_error, low,
        high (of its 95 % interval, within what a similarity can be).
    """
    models = list(ceilings["model"].unique())
    figure, grid = plt.subplots(
        1, len(pairs), figsize=(WIDTH, 0.9 + 0.22 * len(models)), sharey=True, squeeze=False
    )
    place = {model: i for i, model in enumerate(models)}
    own = ceilings.rename(columns={"model": "model_a", "ceiling": "mean"})
    own = own.assign(model_b=own["model_a"])
    between = []
    for axes, (metric, table) in zip(grid[0], pairs.items(), strict=True):
        others = table.rename(columns={"estimation_error": "standard_error"}).assign(metric=metric)
        ends = bounded_interval(others["mean"], others["standard_error"], lowest=LOWEST[metric])
        others = others.assign(low=ends[0], high=ends[1])
        swapped = others.rename(columns={"model_a": "model_b", "model_b": "model_a"})
        for rows, look in (
            (pd.concat([others, swapped]), OTHERS),
            (own[own["metric"] == metric], ITSELF),
        ):
            reach = [rows["mean"] - rows["low"], rows["high"] - rows["mean"]]
            axes.errorbar(rows["mean"], rows["model_a"].map(place), xerr=reach, **look)
        between.append(others)
        axes.set_xlabel(f"mean {METRIC_NAMES.get(metric, metric)} similarity")
        axes.grid(axis="y", lw=0.3)
        axes.set_axisbelow(True)
    first = grid[0, 0]
    first.set_yticks(range(len(models)), [names[m] for m in models])
    colour_names(first.get_yticklabels(), [families[m] for m in models])
    first.set_ylim(len(models) - 0.5, -0.5)
    handles, labels = first.get_legend_handles_labels()
    legend_below(figure, handles, labels)
    figure.suptitle(title)
    return figure, pd.concat([own, *between])
