"""Dendrograms, communities and embeddings of models."""

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from scipy.cluster.hierarchy import dendrogram

from thinkalike.plotting.style import (
    FAMILY_COLOURS,
    FAMILY_MARKERS,
    PALETTE,
    WIDTH,
    colour_names,
    family_legend,
    freeze_layout,
)

HALO = [withStroke(linewidth=1.6, foreground="white")]
"""Keeps a name legible where it crosses a line."""


def dendrograms(
    trees: Mapping[str, np.ndarray],
    summary: pd.DataFrame,
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """One dendrogram per linkage with its cophenetic correlation r, leaves coloured by family.

    Args:
        trees: linkage → (M − 1, 4); empty where it was refused.
        summary: per linkage the cophenetic correlation, and the reason of a refusal.
        models: in the order of the matrix that was clustered.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    columns = min(3, len(trees))
    rows = -(-len(trees) // columns)
    height = rows * (0.75 + 0.13 * len(models))
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH * columns / 3, height + 0.3), squeeze=False
    )
    summary = summary.set_index("linkage")
    for axes, (kind, tree) in zip(grid.flat, trees.items(), strict=False):
        if not len(tree):
            axes.set_title(kind, loc="left")
            reason = textwrap.fill(str(summary.loc[kind, "refused"]), 34)
            axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes)
            axes.set_axis_off()
            continue
        drawn = dendrogram(
            tree,
            orientation="left",
            labels=[names[model] for model in models],
            color_threshold=0,
            above_threshold_color="#404040",
            ax=axes,
        )
        leaves = drawn["leaves"] or []
        colour_names(axes.get_yticklabels(), [families[models[i]] for i in leaves])
        axes.tick_params(axis="y", length=0, labelsize=6.5)
        axes.spines["right"].set_visible(False)
        correlation = float(summary["cophenetic_correlation"][kind])
        axes.set_title(f"{kind}, r = {correlation:.2f}", loc="left")
        axes.set_xlabel("height")
    spare = grid.flat[len(trees) :]
    for axes in spare:
        axes.set_axis_off()
    if len(spare):
        family_legend(spare[0], families, loc="center", title="family")
    figure.suptitle(title)
    return figure


def communities(
    points: pd.DataFrame,
    matrix: pd.DataFrame,
    found: pd.DataFrame,
    sweep: pd.DataFrame,
    *,
    resolution: float,
    modularity: float,
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """The graph of models coloured by community, and the communities over all resolutions.

    Args:
        points: model, x, y: where the models are drawn.
        matrix: dissimilarities; near models have strong edges.
        found: model, community.
        sweep: resolution, communities, modularity, and a column for every model.
        resolution: of `found`.
        modularity: of `found`.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    models = list(points["model"])
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 3.9), gridspec_kw={"width_ratios": [1.5, 1]}
    )
    community = found.set_index("model")["community"]
    place = points.set_index("model")[["x", "y"]]
    distances = matrix.loc[models, models].to_numpy()
    largest = distances[np.triu_indices(len(models), 1)].max()
    for i, a in enumerate(models):
        for b in models[i + 1 :]:
            weight = 1 - matrix.loc[a, b] / largest if largest > 0 else 1.0
            ends = place.loc[[a, b]].to_numpy()
            same = community[a] == community[b]
            left.plot(
                *ends.T, lw=2 * weight, color="#777777" if same else "#D0D0D0", zorder=int(same)
            )
    colours = [PALETTE[community[model] % len(PALETTE)] for model in models]
    _points(left, place.loc[models].to_numpy(), models, colours, families)
    left.set_title(f"resolution {resolution:g}, modularity {modularity:.3f}")
    left.set_axis_off()

    ordered = found.sort_values("community", kind="stable")["model"].tolist()
    numbers = sweep[ordered].to_numpy().T
    palette = ListedColormap([PALETTE[i % len(PALETTE)] for i in range(int(numbers.max()) + 1)])
    norm = BoundaryNorm(np.arange(numbers.max() + 2) - 0.5, palette.N)
    right.imshow(numbers, cmap=palette, norm=norm, aspect="auto")
    right.set_yticks(range(len(ordered)), [names[model] for model in ordered])
    colour_names(right.get_yticklabels(), [families[model] for model in ordered])
    ticks = [f"{value:g}" for value in sweep["resolution"]]
    right.set_xticks(range(len(ticks)), ticks, rotation=90)
    for column, count in enumerate(sweep["communities"]):
        right.text(column, -0.7, str(count), ha="center", va="bottom", fontsize=6)
    right.set_xticks(np.arange(len(ticks) - 1) + 0.5, minor=True)
    right.set_yticks(np.arange(len(ordered) - 1) + 0.5, minor=True)
    right.grid(which="minor", color="w", lw=0.8)
    right.tick_params(which="both", length=0)
    right.spines[:].set_visible(False)
    right.set_xlabel("resolution")
    right.set_title("community, and how many there are", pad=14)
    figure.suptitle(title)
    freeze_layout(figure)
    _names(left, place.loc[models].to_numpy(), [names[model] for model in models])
    return figure


def embeddings(
    pca: pd.DataFrame,
    mds: pd.DataFrame,
    quality: Mapping[str, float],
    *,
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Models in the plane by PCA and by MDS, coloured and shaped by family.

    Args:
        pca: model, x, y.
        mds: model, x, y.
        quality: pca_share_x, pca_share_y, mds_stress.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.4))
    for axes, points in ((left, pca), (right, mds)):
        models = list(points["model"])
        colours = [FAMILY_COLOURS[families[model]] for model in models]
        _points(axes, points[["x", "y"]].to_numpy(), models, colours, families)
    left.set_title("PCA")
    left.set_xlabel(f"first component ({quality['pca_share_x']:.0%} of the variance)")
    left.set_ylabel(f"second component ({quality['pca_share_y']:.0%})")
    right.set_title(f"MDS (stress {quality['mds_stress']:.2f})")
    right.set_xticks([])
    right.set_yticks([])
    family_legend(left, families, loc="best")
    figure.suptitle(title)
    freeze_layout(figure)
    for axes, points in ((left, pca), (right, mds)):
        _names(axes, points[["x", "y"]].to_numpy(), [names[model] for model in points["model"]])
    return figure


def _points(
    axes: Axes,
    points: np.ndarray,
    models: Sequence[str],
    colours: Sequence[str],
    families: Mapping[str, str],
) -> None:
    """Models as markers shaped by family, at equal scale on both axes."""
    for (x, y), model, colour in zip(points, models, colours, strict=True):
        marker = FAMILY_MARKERS[families[model]]
        axes.plot(x, y, marker, color=colour, ms=6, mec="w", mew=0.6, zorder=3)
    # a square of the same scale on both axes, with room for the names
    centre = (points.min(0) + points.max(0)) / 2
    half = 0.65 * max(float(np.ptp(points, axis=0).max()), 1e-9)
    axes.set_xlim(centre[0] - half, centre[0] + half)
    axes.set_ylim(centre[1] - half, centre[1] + half)
    axes.set_aspect("equal")


def _names(axes: Axes, points: np.ndarray, labels: Sequence[str]) -> None:
    """Names beside points, moved apart; the layout must be final, or they move back."""
    texts = [
        axes.text(x, y, label, fontsize=6.5, zorder=4, path_effects=HALO)
        for (x, y), label in zip(points, labels, strict=True)
    ]
    adjust_text(
        texts,
        x=points[:, 0],
        y=points[:, 1],
        ax=axes,
        expand=(1.15, 1.9),
        iter_lim=400,  # by default it stops by the clock, at another place every time
        arrowprops={"arrowstyle": "-", "color": "#888888", "lw": 0.4},
    )
