"""Accuracy of models, agreement of their predictions, and agreement against dissimilarity of maps."""

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from thinkalike.clustering.hierarchical import leaf_order, linkage
from thinkalike.plotting.matrices import heat_map
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
from thinkalike.statistics.intervals import wilson

CASE = ["method", "metric", "subset"]


def accuracy(
    table: pd.DataFrame,
    *,
    bar: float,
    untrained: Collection[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> tuple[Figure, pd.DataFrame]:
    """Draw the accuracy of every model with its interval: on all of val where known, and on the study.

    The axis begins at the lowest interval of a trained model; an untrained control below it is an
    arrow at the edge with its number.

    Args:
        table: model, correct, images, accuracy; val_accuracy, val_images (missing and 0 for weights that
            come from elsewhere).
        bar: accuracy that trained models must have, drawn as a line; 0 for none.
        untrained: controls.
        names: model → display name.
        families: model → family.

    Returns:
        The figure, and the table with low, high, val_low and val_high, 95 % Wilson intervals.
    """
    table = _with_intervals(table)
    known = table["val_accuracy"].fillna(table["accuracy"])
    ranked = table.iloc[np.argsort(known, kind="stable")].reset_index(drop=True)
    figure, axes = plt.subplots(figsize=(4.6, 1.1 + 0.22 * len(ranked)))
    trained = ranked[~ranked["model"].isin(untrained)]
    lowest = float(
        np.nanmin((trained if len(trained) else ranked)[["low", "val_low"]].to_numpy(float))
    )
    start = max(np.floor(20 * min(lowest, bar or 1) - 0.2) / 20, 0)
    for row, model in enumerate(ranked["model"]):
        colour, marker = FAMILY_COLOURS[families[model]], FAMILY_MARKERS[families[model]]
        if model in untrained and ranked["accuracy"].iloc[row] < start:
            axes.annotate(
                f"{ranked['accuracy'].iloc[row]:.2f}",
                (start, row),
                (26, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                arrowprops={"arrowstyle": "->", "color": colour, "lw": 0.9},
            )
            continue
        for shift, prefix, face in ((0.12, "val_", colour), (-0.16, "", "w")):
            low, high, value = (
                float(ranked[f"{prefix}{column}"].iloc[row])
                for column in ("low", "high", "accuracy")
            )
            axes.plot([low, high], [row + shift] * 2, color=colour, lw=1)
            axes.plot(value, row + shift, marker, color=colour, mfc=face, ms=4)
    if bar:
        axes.axvline(bar, color="#888888", lw=0.7, ls=":")
        axes.text(
            bar, len(ranked) - 0.35, f"asked: {bar:g}", ha="right", color="#666666", fontsize=6
        )
    if ranked["val_accuracy"].notna().any():
        axes.plot([], [], "o", color="#444444", ms=4, label="all images of val")
    axes.plot([], [], "o", color="#444444", mfc="w", ms=4, label="images of the study")
    figure.legend(loc="outside lower center", ncols=2)
    axes.set_yticks(range(len(ranked)), [names[model] for model in ranked["model"]])
    colour_names(axes.get_yticklabels(), [families[model] for model in ranked["model"]])
    label = f"accuracy with 95 % interval (the axis begins at {start:g})"
    axes.set(xlim=(start, 1 + 0.01 * (1 - start)), ylim=(-0.6, len(ranked) - 0.1), xlabel=label)
    axes.grid(axis="x", color="#EEEEEE", lw=0.6)
    axes.set_axisbelow(True)
    return figure, table


def _with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    val_correct = (table["val_accuracy"] * table["val_images"]).round().fillna(0)
    for prefix, correct, images in (
        ("", table["correct"], table["images"]),
        ("val_", val_correct, table["val_images"]),
    ):
        bounds = [wilson(int(k), int(n)) for k, n in zip(correct, images, strict=True)]
        low, high = np.array(bounds, float).T
        table = table.assign(**{f"{prefix}low": low, f"{prefix}high": high})
    return table


def agreement(
    counts: pd.DataFrame, *, names: Mapping[str, str], families: Mapping[str, str]
) -> tuple[Figure, pd.DataFrame]:
    """Draw on how many images two models predict the same class, models that agree side by side.

    Rows are in the order of the average-linkage dendrogram of the share of different predictions.

    Args:
        counts: square, with the number of all images on its diagonal.
        names: model → display name.
        families: model → family.

    Returns:
        The figure, and the counts in that order.
    """
    images = counts.to_numpy().max()
    distance = 1 - counts.to_numpy() / images
    leaves = leaf_order(distance, linkage(distance, "average", euclidean=False))
    figure, table = heat_map(
        counts,
        order=[counts.columns[leaf] for leaf in leaves],
        names=names,
        families=families,
        title="agreement of predictions",
        label=f"images of {images:.0f} with equal predictions",
        digits=0,
    )
    return figure, table.astype(dict.fromkeys(counts.columns, int))


def agreement_scatter(
    agreed: pd.DataFrame,
    dissimilarities: Mapping[tuple[str, str, str], pd.DataFrame],
    correlations: pd.DataFrame,
    untrained: Sequence[str],
) -> tuple[Figure, pd.DataFrame]:
    """Draw dissimilarity of maps against agreement of predictions, a point per pair of trained models.

    Pairs with a control would take the larger part of either axis; they are drawn where there are no
    others, and are in the table.

    Args:
        agreed: model_a, model_b, same.
        dissimilarities: (method, metric, subset) → model_a, model_b, dissimilarity.
        correlations: method, metric, subset, pearson and spearman, and both with `_trained`.
        untrained: controls.

    Returns:
        The figure, and its points: method, metric, subset, model_a, model_b, same, dissimilarity,
        trained (no control in it).
    """
    parts = [
        agreed.merge(table, on=["model_a", "model_b"]).assign(**dict(zip(CASE, case, strict=True)))
        for case, table in dissimilarities.items()
    ]
    pairs = pd.concat(parts)[[*CASE, "model_a", "model_b", "same", "dissimilarity"]]
    pairs["trained"] = ~pairs[["model_a", "model_b"]].isin(untrained).any(axis=1)
    rows = list(dict.fromkeys(correlations["method"]))
    columns = list(dict.fromkeys(zip(correlations["metric"], correlations["subset"], strict=True)))
    figure, grid = plt.subplots(
        len(rows),
        len(columns),
        figsize=(max(WIDTH * len(columns) / 4, 2.4), 0.7 + 1.5 * len(rows)),
        squeeze=False,
        sharex=True,
    )
    for (i, j), axes in np.ndenumerate(grid):
        case = [rows[i], *columns[j]]
        row = correlations[(correlations[CASE] == case).all(axis=1)]
        if row.empty:  # not every method has every metric
            axes.set_visible(False)
            continue
        _scatter(axes, pairs[(pairs[CASE] == case).all(axis=1)], row.iloc[0])
    for axes, (metric, subset) in zip(grid[0], columns, strict=True):
        images = subset_name(subset).removeprefix("images with ")
        axes.set_title(f"{METRIC_NAMES[metric]},\n{images}", fontsize=7)
    for axes, method in zip(grid[:, 0], rows, strict=True):
        axes.set_ylabel(method_name(method))
    for axes in grid[-1]:
        axes.set_xlabel("images with equal predictions")
    figure.suptitle(
        "dissimilarity of maps against agreement of predictions, pairs of trained models"
    )
    return figure, pairs


def _scatter(axes: Axes, pairs: pd.DataFrame, row: pd.Series) -> None:
    """Draw the pairs of one case, and its coefficients above them."""
    shown, which = (
        (pairs, "") if not pairs["trained"].any() else (pairs[pairs["trained"]], "_trained")
    )
    axes.plot(
        shown["same"], shown["dissimilarity"], "o", ms=2.8, color=PALETTE[0], mew=0, alpha=0.7
    )
    linear, ranked = row[f"pearson{which}"], row[f"spearman{which}"]
    text = f"r = {linear:.2f}, of ranks {ranked:.2f}"
    if np.isnan(linear):
        text = "no r: too few pairs, or all the same"
    axes.text(0.98, 0.98, text, transform=axes.transAxes, ha="right", va="top", fontsize=5.5)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.2 * (high - low))
