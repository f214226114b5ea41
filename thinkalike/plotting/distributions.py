"""Distributions of similarities, and what becomes of them with fewer images."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from thinkalike.plotting.style import FAMILY_COLOURS, PALETTE, WIDTH, colour_names, log_scale


def histograms(
    counts: np.ndarray,
    edges: np.ndarray,
    medians: np.ndarray,
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Similarities per image, a histogram for every pair of models, in the lower triangle.

    All share the horizontal axis; each is as high as its own fullest bin.

    Args:
        counts: (M, M, bins).
        edges: (bins + 1,), common to all.
        medians: (M, M), drawn as a line; NaN where a pair has no image.
        models: in order.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    size = len(models)
    # names are set outside the grid by hand: long ones would push its columns apart
    figure, grid = plt.subplots(
        size - 1,
        size - 1,
        figsize=(WIDTH, WIDTH * 0.78),
        squeeze=False,
        layout="none",
        gridspec_kw={
            "left": 0.15,
            "right": 0.99,
            "bottom": 0.14,
            "top": 0.94,
            "wspace": 0.06,
            "hspace": 0.1,
        },
    )
    low, high = edges[0], edges[-1]
    for i in range(1, size):
        for j in range(size - 1):
            axes = grid[i - 1, j]
            if j >= i:
                axes.set_axis_off()
                continue
            axes.stairs(counts[i, j], edges, fill=True, color="#9ECAE1")
            if np.isfinite(medians[i, j]):
                axes.axvline(medians[i, j], color=PALETTE[1], lw=0.9)
                left = medians[i, j] > (low + high) / 2
                axes.text(
                    0.04 if left else 0.96,
                    0.92,
                    f"{medians[i, j]:.2f}",
                    ha="left" if left else "right",
                    va="top",
                    transform=axes.transAxes,
                    fontsize=5.5,
                )
            axes.set(
                xlim=(low, high),
                ylim=(0, max(counts[i, j].max(), 1) * 1.05),
                yticks=[],
                xticks=[low, high],
            )
            axes.spines["left"].set_visible(False)
            axes.tick_params(labelbottom=i == size - 1, labelsize=5.5, pad=1, length=1.5)
            if j == 0:
                axes.set_ylabel(
                    names[models[i]],
                    rotation=0,
                    ha="right",
                    va="center",
                    color=FAMILY_COLOURS[families[models[i]]],
                )
            if i == size - 1:
                for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
                    label.set_ha(side)
                axes.set_xlabel(
                    names[models[j]],
                    rotation=30,
                    ha="right",
                    rotation_mode="anchor",
                    color=FAMILY_COLOURS[families[models[j]]],
                )
    figure.suptitle(title)
    return figure


def profiles(
    counts: np.ndarray,
    edges: np.ndarray,
    medians: np.ndarray,
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Similarities of each model with all others, a row of shades for every model.

    For more models than there is room for histograms of pairs. A point is the median.

    Args:
        counts: (M, bins), over images and other models.
        edges: (bins + 1,), common to all.
        medians: (M,).
        models: in order.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    size = len(models)
    figure, axes = plt.subplots(figsize=(WIDTH, min(1.2 + 0.085 * size, 9.5)))
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    drawn = axes.imshow(
        shares,
        aspect="auto",
        cmap="Blues",
        vmin=0,
        extent=(edges[0], edges[-1], size - 0.5, -0.5),
    )
    rows = np.arange(size)
    axes.plot(medians, rows, "o", ms=1.6, color=PALETTE[1], label="median")
    axes.set_yticks(rows, [names[model] for model in models], fontsize=min(6.5, 480 / size))
    colour_names(axes.get_yticklabels(), [families[model] for model in models])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("similarity with another model, on one image")
    axes.legend(loc="lower left")
    bar = figure.colorbar(drawn, ax=axes, pad=0.01, aspect=40)
    bar.set_label("share of images and other models")
    bar.outline.set_visible(False)
    axes.set_title(title)
    return figure


def medians_of(counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(M,) medians of binned values, taken as even within a bin; NaN where there are none."""
    total = counts.sum(1, keepdims=True)
    below = np.concatenate([np.zeros_like(total), counts.cumsum(1)], 1)
    return np.array(
        [
            np.interp(number / 2, row, edges) if number else np.nan
            for row, number in zip(below, total[:, 0], strict=True)
        ]
    )


def subsampling(
    differences: pd.DataFrame, variances: pd.DataFrame, *, images: int, title: str
) -> Figure:
    """Two boxplots over the number of images: distance of the whole matrix, variance of each cell.

    Args:
        differences: n, repeat, sum_abs_difference.
        variances: n, model_a, model_b, variance, expected, finite_population_factor.
        images: N, of how many they were drawn.
        title: of the figure.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.9))
    sizes = sorted(differences["n"].unique())
    box = {
        "widths": 0.6,
        "patch_artist": True,
        "boxprops": {"facecolor": "#9ECAE1", "linewidth": 0.6},
        "medianprops": {"color": "k"},
        "flierprops": {"marker": ".", "markersize": 2, "markeredgecolor": "#888888"},
    }
    by_size = differences.groupby("n")["sum_abs_difference"]
    left.boxplot([by_size.get_group(n) for n in sizes], tick_labels=sizes, **box)
    left.set_ylabel("sum over pairs of |difference of mean similarity|")
    left.set_title(f"matrix of n images against that of all {images}")
    cells = {n: part.dropna(subset=["variance"]) for n, part in variances.groupby("n")}
    right.boxplot([cells[n]["variance"] for n in sizes], tick_labels=sizes, **box)
    expected = [cells[n]["expected"].median() for n in sizes]
    factor = [cells[n]["finite_population_factor"].iloc[0] for n in sizes]
    position = np.arange(1, len(sizes) + 1)
    right.plot(
        position, expected, "o-", ms=2.5, color=PALETTE[1], label="S²/n · (1 − n/N), median pair"
    )
    fresh = [value / f if f > 0 else np.nan for value, f in zip(expected, factor, strict=True)]
    right.plot(position, fresh, "s--", ms=2.5, color=PALETTE[2], label="S²/n, fresh images")
    log_scale(right.yaxis)
    right.set_ylabel("variance of a pair's mean similarity")
    right.set_title("every pair of models")
    right.legend(loc="best")
    for axes in (left, right):
        axes.set_xlabel(f"images n of N = {images}, without replacement")
    figure.suptitle(title)
    return figure
