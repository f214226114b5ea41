"""How dissimilarities from the first images come near those from all."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from thinkalike.compare.matrices import pair_difference
from thinkalike.compare.subsets import parse
from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.style import (
    METRIC_NAMES,
    PALETTE,
    WIDTH,
    cells,
    log_scale,
    method_name,
    rows_and_columns,
)

MARKERS = "osD^vPX*"
SHOWN = {
    "mean_difference": "mean |Dₙ − D|",
    "largest_difference": "largest |Dₙ − D|",
    "pearson": "Pearson's r",
    "spearman": "Spearman's ρ",
}


def nested(pairs: Mapping[tuple[str, str, str], pd.DataFrame]) -> tuple[Figure, pd.DataFrame]:
    """Draw how the matrix Dₙ of the first n images comes near D, that of all.

    A line per method, a row per metric. Over the pairs of models that both have: mean and largest
    |Dₙ − D|, Pearson's and Spearman's correlation of Dₙ with D. The n images are among all, so that Dₙ
    becomes D by construction.

    Args:
        pairs: (method, metric, subset) → model_a, model_b, dissimilarity; subsets are `all` and
            `all_<n>`.

    Returns:
        The figure, and a row for every method, metric and n: pairs, mean_difference,
        largest_difference, model_a and model_b (that differ most), pearson, spearman.
    """
    table = nested_table(pairs)
    methods, metrics = rows_and_columns([(method, metric) for method, metric, _ in pairs])
    figure, grid = plt.subplots(
        len(metrics),
        len(SHOWN),
        figsize=(WIDTH, 0.9 + 1.7 * len(metrics)),
        squeeze=False,
        sharex=True,
        sharey="col",
    )
    sizes = sorted(table["n"].unique())
    for (metric, column), axes in cells(grid, metrics, list(SHOWN)):
        for i, method in enumerate(methods):
            line = table[(table["method"] == method) & (table["metric"] == metric)]
            axes.plot(
                line["n"],
                line[column],
                color=PALETTE[i % len(PALETTE)],
                marker=MARKERS[i % len(MARKERS)],
                ms=3.2,
                label=method_name(method),
            )
        if metric == metrics[0]:
            axes.set_title(SHOWN[column])
        log_scale(axes.xaxis)
        axes.set_xticks(sizes, [str(n) for n in sizes], rotation=90 if len(sizes) > 5 else 0)
        axes.minorticks_off()
        axes.grid(axis="y", color="#EEEEEE", lw=0.6)
        axes.set_axisbelow(True)
        if column.endswith("difference"):
            axes.set_ylim(bottom=0)
    for axes in grid[-1]:
        axes.set_xlabel("first n images")
    for axes, metric in zip(grid[:, 0], metrics, strict=True):
        axes.set_ylabel(METRIC_NAMES.get(metric, metric))
    handles, labels = grid[0, 0].get_legend_handles_labels()
    legend_below(figure, handles, labels)
    figure.suptitle("dissimilarities Dₙ from the first n images, and D from all")
    return figure, table


def nested_table(pairs: Mapping[tuple[str, str, str], pd.DataFrame]) -> pd.DataFrame:
    """Differences of Dₙ and D in numbers, the rows behind `nested`."""
    rows = []
    cases = dict.fromkeys((method, metric) for method, metric, _ in pairs)
    for method, metric in cases:
        full = pairs[method, metric, "all"]
        sizes = {
            n: table
            for (*case, subset), table in pairs.items()
            if (*case,) == (method, metric) and (n := parse(subset)[1])
        }
        for n, table in sorted(sizes.items()):
            found = pair_difference(table, full)
            rows.append({"method": method, "metric": metric, "n": n, **found})
    return pd.DataFrame(rows)
