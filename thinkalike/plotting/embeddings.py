"""Models in the plane, by one matrix or by those of all methods and metrics."""

from collections.abc import Collection, Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from thinkalike.methods import Case
from thinkalike.plotting.points import draw_points, framed, label_points, name_points, numbered
from thinkalike.plotting.style import (
    WIDTH,
    cells,
    family_legend_below,
    freeze_layout,
    rows_and_columns,
    title_of,
    with_case,
)


def embeddings(
    pca: pd.DataFrame,
    mds: pd.DataFrame,
    quality: Mapping[str, float],
    *,
    untrained: Collection[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> tuple[Figure, pd.DataFrame]:
    """Draw models by principal components and by multidimensional scaling of one matrix.

    Args:
        pca: model, x, y.
        mds: model, x, y.
        quality: pca_share_x, pca_share_y, mds_stress.
        untrained: controls; one far from all others is drawn at the edge, with its distance.
        names: model → display name.
        families: model → family.
        title: of the figure.

    Returns:
        The figure, and its points with their `embedding`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.4))
    shown = framed(pca, untrained), framed(mds, untrained)
    draw_points(left, shown[0], families)
    draw_points(right, shown[1], families)
    left.set_title("PCA")
    left.set_xlabel(f"first component ({quality['pca_share_x']:.0%} of the variance)")
    left.set_ylabel(f"second component ({quality['pca_share_y']:.0%})")
    right.set_title(f"MDS (stress {quality['mds_stress']:.2f})")
    right.set_xticks([])
    right.set_yticks([])
    numbers, key = numbered([names[model] for model in pca["model"]])
    names = dict(zip(pca["model"], numbers, strict=True))
    family_legend_below(figure, list(families.values()), "{}", key=key)
    figure.suptitle(title)
    freeze_layout(figure)
    for axes, points in zip((left, right), shown, strict=True):
        name_points(axes, points[["x", "y"]].to_numpy(), label_points(points, names))
    return figure, pd.concat([pca.assign(embedding="pca"), mds.assign(embedding="mds")])


def pca_comparison(
    points: Mapping[Case, pd.DataFrame],
    quality: Mapping[Case, Mapping[str, float]],
    *,
    untrained: Collection[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> tuple[Figure, pd.DataFrame]:
    """Draw models by principal components, a row for every method and a column for every metric.

    Each picture has its own scale, the same on both of its axes. Whatever a sign or a rotation changes
    is no difference: what counts is who is near whom.

    Args:
        points: (method, metric) → model, x, y.
        quality: (method, metric) → pca_share_x and pca_share_y, the shares of the variance.
        untrained: controls; one far from all others is drawn at the edge, with its distance.
        names: model → display name.
        families: model → family.

    Returns:
        The figure, and its points: method, metric, model, x, y, share_x, share_y.
    """
    methods, metrics = rows_and_columns(points)
    figure, grid = plt.subplots(
        len(methods),
        len(metrics),
        figsize=(WIDTH * max(len(metrics), 1.2) / 2, 0.6 + 3.0 * len(methods)),
        squeeze=False,
    )
    shown = {case: framed(table, untrained) for case, table in points.items()}
    drawn = []
    for (method, metric), axes in cells(grid, methods, metrics, points):
        table, share = points[method, metric], quality[method, metric]
        draw_points(axes, shown[method, metric], families)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_title(title_of(method, metric))
        axes.set_xlabel(f"first component ({share['pca_share_x']:.0%} of the variance)")
        axes.set_ylabel(f"second component ({share['pca_share_y']:.0%})")
        shares = {"share_x": share["pca_share_x"], "share_y": share["pca_share_y"]}
        drawn.append(with_case(table[["model", "x", "y"]].assign(**shares), method, metric))
    models = pd.concat([table["model"] for table in points.values()]).unique()
    numbers, key = numbered([names[model] for model in models])
    names = dict(zip(models, numbers, strict=True))
    family_legend_below(figure, list(families.values()), "{}", key=key)
    figure.suptitle("principal components of the models, by method and metric")
    freeze_layout(figure)
    for case, axes in cells(grid, methods, metrics, points):
        table = shown[case]
        name_points(axes, table[["x", "y"]].to_numpy(), label_points(table, names))
    return figure, pd.concat(drawn, ignore_index=True)
