"""Accuracy, and agreement of predictions against dissimilarity of maps."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from thinkalike.plotting.style import (
    FAMILY_COLOURS,
    FAMILY_MARKERS,
    METRIC_NAMES,
    PALETTE,
    WIDTH,
    colour_names,
    method_name,
    subset_name,
)


def accuracy(
    table: pd.DataFrame, *, bar: float, names: Mapping[str, str], families: Mapping[str, str]
) -> Figure:
    """Accuracy of every model with 95 % intervals: all of val where known, and the images of the study.

    Args:
        table: model, val_accuracy, val_low, val_high (missing for weights that come from elsewhere),
            accuracy, low, high.
        bar: training.accuracy_at_least, drawn as a line; 0 for none.
        names: model → display name.
        families: model → family.
    """
    known = table["val_accuracy"].fillna(table["accuracy"])
    table = table.iloc[np.argsort(known, kind="stable")].reset_index(drop=True)
    figure, axes = plt.subplots(figsize=(4.6, 0.9 + 0.22 * len(table)))
    for row, model in enumerate(table["model"]):
        colour, marker = FAMILY_COLOURS[families[model]], FAMILY_MARKERS[families[model]]
        for shift, prefix, face in ((0.12, "val_", colour), (-0.16, "", "w")):
            low, high, value = (
                float(table[f"{prefix}{column}"].iloc[row])
                for column in ("low", "high", "accuracy")
            )
            axes.plot([low, high], [row + shift] * 2, color=colour, lw=1)
            axes.plot(value, row + shift, marker, color=colour, mfc=face, ms=4)
    if bar:
        axes.axvline(bar, color="#888888", lw=0.7, ls=":")
        axes.text(
            bar, len(table) - 0.35, f"asked: {bar:g}", ha="right", color="#666666", fontsize=6
        )
    if table["val_accuracy"].notna().any():
        axes.plot([], [], "o", color="#444444", ms=4, label="all images of val")
    axes.plot([], [], "o", color="#444444", mfc="w", ms=4, label="images of the study")
    axes.legend(loc="upper left")
    axes.set_yticks(range(len(table)), [names[model] for model in table["model"]])
    colour_names(axes.get_yticklabels(), [families[model] for model in table["model"]])
    axes.set(xlim=(0, 1.01), ylim=(-0.6, len(table) - 0.1), xlabel="accuracy (95 % interval)")
    axes.grid(axis="x", color="#EEEEEE", lw=0.6)
    axes.set_axisbelow(True)
    return figure


def agreement_scatter(pairs: pd.DataFrame, correlations: pd.DataFrame) -> Figure:
    """Dissimilarity of maps against agreement of predictions, a point per pair of models.

    Args:
        pairs: method, metric, subset, same, dissimilarity, trained (no untrained control in it).
        correlations: method, metric, subset, pearson and spearman, and both with `_trained`.
    """
    rows = list(dict.fromkeys(correlations["method"]))
    columns = list(dict.fromkeys(zip(correlations["metric"], correlations["subset"], strict=True)))
    figure, grid = plt.subplots(
        len(rows),
        len(columns),
        figsize=(max(WIDTH * len(columns) / 4, 2.4), 0.7 + 1.5 * len(rows)),
        squeeze=False,
        sharex=True,
    )
    key = ["method", "metric", "subset"]
    for i, method in enumerate(rows):
        for j, (metric, subset) in enumerate(columns):
            axes = grid[i, j]
            case = [method, metric, subset]
            part = pairs[(pairs[key] == case).all(axis=1)]
            r = correlations[(correlations[key] == case).all(axis=1)].iloc[0]
            for trained, face in ((True, PALETTE[0]), (False, "w")):
                some = part[part["trained"] == trained]
                axes.plot(
                    some["same"],
                    some["dissimilarity"],
                    "o",
                    ms=2.8,
                    mec=PALETTE[0],
                    mew=0.6,
                    mfc=face,
                )
            text = f"r = {r['pearson']:.2f}, ρ = {r['spearman']:.2f}"
            if not part["trained"].all():
                text += (
                    f"\ntrained: r = {r['pearson_trained']:.2f}, ρ = {r['spearman_trained']:.2f}"
                )
            axes.text(
                0.98, 0.98, text, transform=axes.transAxes, ha="right", va="top", fontsize=5.5
            )
            low, high = axes.get_ylim()
            axes.set_ylim(low, high + 0.4 * (high - low))
            if i == 0:
                images = subset_name(subset).removeprefix("images with ")
                axes.set_title(f"{METRIC_NAMES[metric]},\n{images}", fontsize=7)
            if j == 0:
                axes.set_ylabel(method_name(method))
            if i == len(rows) - 1:
                axes.set_xlabel("equal predictions")
    figure.suptitle("dissimilarity of maps against agreement of predictions")
    return figure
