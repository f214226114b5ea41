"""How many images it takes: how sure a pair is, and what becomes of matrices with fewer images."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import t as t_distribution

from thinkalike.plotting.style import PALETTE, WIDTH, log_scale


def subsampling(
    differences: pd.DataFrame,
    variances: pd.DataFrame,
    *,
    images: int,
    seed_deviation: float,
    title: str,
) -> tuple[Figure, pd.DataFrame]:
    """Draw how sure n images make a pair, and two boxplots: distance of the matrix, variance of each cell.

    Args:
        differences: n, repeat, sum_abs_difference.
        variances: n, model_a, model_b, variance, expected, images, finite_population_factor.
        images: N, of how many they were drawn.
        seed_deviation: standard deviation of a pair over seeds of its models; NaN if unknown.
        title: of the figure.

    Returns:
        The figure, and a row for every entry of a box: both tables, `quantity` and `value`; and the
        half-widths of 95 % intervals.
    """
    figure, (first, left, right) = plt.subplots(1, 3, figsize=(1.4 * WIDTH, 2.9))
    sizes = sorted(differences["n"].unique())
    widths = half_widths(variances)
    _draw_widths(first, widths, images, seed_deviation)
    by_size = differences.groupby("n")["sum_abs_difference"]
    _boxes(left, [by_size.get_group(n) for n in sizes], sizes)
    left.set_ylabel("sum over pairs of |difference of similarity|")
    left.set_title(f"matrix of n images against that of all {images}")
    pairs = {n: part.dropna(subset=["variance"]) for n, part in variances.groupby("n")}
    _boxes(right, [pairs[n]["variance"] for n in sizes], sizes)
    _expected_variance(right, [pairs[n] for n in sizes])
    log_scale(right.yaxis)
    right.set_ylabel("variance of a pair's similarity")
    right.set_title("every pair of models")
    right.legend(loc="best")
    for axes in (left, right):
        axes.set_xlabel(f"images n of N = {images}, without replacement")
    figure.suptitle(title)
    long = [
        table.rename(columns={quantity: "value"}).assign(quantity=quantity)
        for table, quantity in (
            (differences, "sum_abs_difference"),
            (variances, "variance"),
            (widths, "half_width"),
        )
    ]
    return figure, pd.concat(long)


def half_widths(variances: pd.DataFrame) -> pd.DataFrame:
    """Half-widths t √(S²/n) of the 95 % intervals of all pairs from n fresh images.

    Args:
        variances: n, model_a, model_b, expected (S²/n times the factor), images (that a pair has of n,
            t has one degree of freedom less), finite_population_factor.

    Returns:
        n, model_a, model_b, half_width; without rows where the factor is 0 or a pair has a single image.
    """
    known = variances[(variances["finite_population_factor"] > 0) & (variances["images"] > 1)]
    fresh = known["expected"] / known["finite_population_factor"]
    width = t_distribution.ppf(0.975, known["images"] - 1) * np.sqrt(fresh)
    return known[["n", "model_a", "model_b"]].assign(half_width=width)


def _draw_widths(axes: Axes, widths: pd.DataFrame, images: int, seed_deviation: float) -> None:
    """Draw median and quartiles of the half-widths by n, what more images would give, and seeds."""
    of_size = dict(iter(widths.dropna().groupby("n")["half_width"]))
    if of_size:
        n = np.array(list(of_size), float)
        quartiles = [part.quantile([0.25, 0.5, 0.75]) for part in of_size.values()]
        low, median, high = np.array(quartiles).T
        axes.fill_between(n, low, high, color="#9ECAE1", alpha=0.6, lw=0)
        axes.plot(n, median, "o-", ms=2.5, color=PALETTE[0], label="median pair, middle half")
        more = np.geomspace(n[-1], 10 * images, 20)
        # the interval of many images: t is the normal quantile
        scale = median[-1] * np.sqrt(n[-1]) * 1.96 / t_distribution.ppf(0.975, n[-1] - 1)
        axes.plot(more, scale / np.sqrt(more), ":", color=PALETTE[0], label="expected of more")
        log_scale(axes.xaxis, axes.yaxis)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if _is_round(value) else "")
    axes.axvline(images, color="#8C8C8C", lw=0.7)
    if np.isfinite(seed_deviation):
        seeds = 1.96 * seed_deviation
        axes.axhline(seeds, color="#000000", lw=0.9, ls="--", label="other seeds of the two models")
    axes.set_xlabel(f"images n (line: the study's {images})")
    axes.set_ylabel("± of a pair's similarity, 95 %")
    axes.set_title("how sure a pair is")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best")


def _is_round(value: float) -> bool:
    """Whether a number begins with 2 or 5."""
    return f"{value:e}"[0] in "25"


def _boxes(axes: Axes, values: Sequence[pd.Series], sizes: Sequence[int]) -> None:
    axes.boxplot(
        values,
        tick_labels=[str(n) for n in sizes],
        widths=0.6,
        patch_artist=True,
        boxprops={"facecolor": "#9ECAE1", "linewidth": 0.6},
        medianprops={"color": "k"},
        flierprops={"marker": ".", "markersize": 2, "markeredgecolor": "#888888"},
    )


def _expected_variance(axes: Axes, pairs: Sequence[pd.DataFrame]) -> None:
    """Draw the variance that theory expects of the median pair, as drawn and of fresh images."""
    expected = [table["expected"].median() for table in pairs]
    factor = [table["finite_population_factor"].iloc[0] for table in pairs]
    fresh = [value / f if f > 0 else np.nan for value, f in zip(expected, factor, strict=True)]
    place = np.arange(1, len(pairs) + 1)
    drawn, all_new = "S²/n · (1 − n/N), median pair", "S²/n, fresh images"
    axes.plot(place, expected, "o-", ms=2.5, color=PALETTE[1], label=drawn)
    axes.plot(place, fresh, "s--", ms=2.5, color=PALETTE[2], label=all_new)
