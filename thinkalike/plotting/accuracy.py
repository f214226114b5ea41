"""Accuracy of models under three transforms of the same images."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.style import PALETTE, WIDTH, colour_names
from thinkalike.statistics.intervals import paired_difference, wilson

TRANSFORM_NAMES = {
    "own": "the weights' own transform",
    "common_own_normalisation": "whole image, own normalisation (this study)",
    "common": "whole image, ImageNet's normalisation for all",
}
# colours of no family; the palette's orange is too light for thin lines
LOOKS = {
    "own": ("#000000", "o", "#000000"),
    "common_own_normalisation": (PALETTE[3], "D", PALETTE[3]),
    "common": ("#B07D00", "^", "w"),
}
"""Transform → colour, marker, colour of its inside."""
SHIFTS = {"own": 0.26, "common_own_normalisation": 0.0, "common": -0.26}
SPLITS = ("val", "train")


def with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Add 95 % intervals of accuracies, and of their differences to the weights' own transform.

    Wilson's for an accuracy, and for a difference that of `statistics.intervals.paired_difference`.

    Args:
        table: correct, images, gained, lost.

    Returns:
        The table with low, high, difference, difference_low, difference_high, p.
    """
    columns = ["low", "high", "difference", "difference_low", "difference_high", "p"]
    counts = table[["correct", "images", "gained", "lost"]].to_numpy().astype(int).tolist()
    rows = [
        (*wilson(correct, images), *paired_difference(gained, lost, images))
        for correct, images, gained, lost in counts
    ]
    return table.assign(**dict(zip(columns, np.array(rows).T, strict=True)))


def transforms(
    table: pd.DataFrame, *, names: Mapping[str, str], families: Mapping[str, str]
) -> Figure:
    """Draw the accuracy of every model under three transforms, and the change from its own.

    Args:
        table: model, split, transform, images, and the columns of `with_intervals`.
        names: model → display name.
        families: model → family.
    """
    ranked = table[(table["split"] == "val") & (table["transform"] == "own")]
    models = list(ranked.sort_values("accuracy", kind="stable")["model"])
    figure, grid = plt.subplots(
        1,
        4,
        figsize=(WIDTH, 1.15 + 0.27 * len(models)),
        sharey=True,
        width_ratios=[1.25, 1, 1.25, 1],
    )
    quantities = (
        ("accuracy", "low", "high"),
        ("difference", "difference_low", "difference_high"),
    )
    for pair, split in zip((grid[:2], grid[2:]), SPLITS, strict=True):
        part = table[table["split"] == split].set_index(["transform", "model"])
        for axes, columns in zip(pair, quantities, strict=True):
            for transform in TRANSFORM_NAMES:
                if (columns[0], transform) != ("difference", "own"):
                    rows = pd.MultiIndex.from_product([[transform], models])
                    _markers(axes, part.loc[rows, list(columns)].to_numpy(), transform)
        pair[0].set_title(f"{split}: {int(part['images'].max())} images", loc="left")
        pair[0].set_xlabel("accuracy (%)")
        pair[1].set_xlabel("change from own (points)")
        pair[1].axvline(0, color="#000000", lw=0.7, zorder=1)
    for axes in grid:
        _background(axes, len(models))
    for left, right in ((grid[0], grid[2]), (grid[1], grid[3])):
        _same_limits(left, right)
    grid[0].set_yticks(range(len(models)), [names[model] for model in models])
    colour_names(grid[0].get_yticklabels(), [families[model] for model in models])
    grid[0].set_ylim(-0.5, len(models) - 0.5)
    handles, labels = grid[0].get_legend_handles_labels()
    legend_below(figure, handles, labels)
    figure.suptitle("accuracy under three transforms of the same images (95 % intervals)")
    return figure


def _markers(axes: Axes, values: np.ndarray, transform: str) -> None:
    """Draw a marker and its interval for every row, in percent."""
    middle, low, high = 100 * values.T
    colour, marker, inside = LOOKS[transform]
    axes.errorbar(
        middle,
        np.arange(len(values)) + SHIFTS[transform],
        xerr=np.clip([middle - low, high - middle], 0, None),
        ls="",
        color=colour,
        marker=marker,
        mfc=inside,
        ms=3.2,
        mew=0.7,
        elinewidth=0.9,
        label=TRANSFORM_NAMES[transform],
    )


def _background(axes: Axes, rows: int) -> None:
    """Shade every second row, and draw lines to read values at."""
    for row in range(0, rows, 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F4F4F4", lw=0, zorder=0)
    axes.grid(axis="x", color="#D0D0D0", lw=0.5, zorder=0.5)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))


def _same_limits(left: Axes, right: Axes) -> None:
    """Give train and val one scale, so that they can be compared at sight."""
    ends = np.array([left.get_xlim(), right.get_xlim()])
    low, high = ends.min(), ends.max()
    wider = max(1 - (high - low) / 2, 0)  # two points at least, where nothing differs
    for axes in (left, right):
        axes.set_xlim(low - wider, high + wider)
