"""Dissimilarity of all pairs of models: the matrix beside its tree, and how sure each cell is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from thinkalike.clustering.models import Clusters
from thinkalike.compare.pairs import CONTROL, SEEDS
from thinkalike.plotting.matrices import draw_square, label_square, side_of, value_range
from thinkalike.plotting.pairs import seed_ceiling

FEW = 0.5
"""Share of the images; a cell from fewer is hatched."""
TREE = 0.13
"""Width of the tree, in widths of the matrix."""
ROOM = 0.25
"""Share by which seeds or chance may widen the colour scale of the other pairs."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of models as a heat map draws them.

    Attributes:
        table: model_a, model_b, n, dissimilarity, dissimilarity_low, dissimilarity_high, low and high
            (of ρ), category (`compare.pairs`).
        order: models, alike ones side by side.
        tree: (M − 1, 4), scipy's linkage of `models`; empty where there is none.
        models: M of those in `order`, as the tree numbers them.
    """

    table: pd.DataFrame
    order: Sequence[str]
    tree: np.ndarray
    models: Sequence[str]

    @classmethod
    def of(cls, table: pd.DataFrame, found: Clusters, models: Sequence[str]) -> "Pairs":
        """Pairs in the order of the first tree of some clusters; models without one come last."""
        order = found.order["model"].tolist()
        order += [model for model in models if model not in order]
        tree = next(iter(found.linkages.values())).to_numpy(float)
        return cls(table, order, tree, found.models)

    def square(self, column: str) -> np.ndarray:
        """A column as a symmetric matrix in `order`, NaN where a pair is missing."""
        place = pd.Index(self.order)
        rows, columns = (
            place.get_indexer(pd.Index(self.table[side])) for side in ("model_a", "model_b")
        )
        square = np.full((len(place), len(place)), np.nan)
        square[rows, columns] = square[columns, rows] = self.table[column]
        return square


def dissimilarities(
    pairs: Pairs,
    *,
    marks: Mapping[str, float],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
    label: str,
) -> tuple[Figure, pd.DataFrame]:
    """Draw the dissimilarities of models with their tree, and the half-width of each one's interval.

    The colours are those of trained models of different architectures; other pairs beyond that range
    have a triangle. Cells from fewer than half of the images are hatched, a missing cell is white.

    Args:
        pairs: what is drawn.
        marks: name → dissimilarity, marked on the colour bar: chance, seeds.
        names: model → display name.
        families: model → family.
        title: of the figure.
        label: of the colour bar.

    Returns:
        The figure, and its cells: the columns of `Pairs.table`, `half_width` of the interval and
        `clipped`, -1 below the colour scale and 1 above it.
    """
    side = side_of([names[model] for model in pairs.order])
    figure = plt.figure(figsize=(0.5 + 2 * (side + 0.35), side + 0.1))
    tree, left, right = figure.subplots(1, 3, width_ratios=[TREE, 1, 1])
    values, images = pairs.square("dissimilarity"), pairs.square("n")
    low, high = colour_limits(pairs.table, marks)
    picture = draw_square(left, values, (low, high), digits=2)
    _mark_clipped(left, values, low, high)
    _hatch_few(left, images)
    _draw_tree(tree, pairs)
    known = {model: _with_images(names[model], row) for model, row in _few(pairs.order, images)}
    label_square(left, pairs.order, names, families)
    left.set_yticklabels([known.get(model, names[model]) for model in pairs.order])
    left.set_title("dissimilarity")
    below, above = bool((values < low).any()), bool((values > high).any())
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}
    bar = figure.colorbar(
        picture,
        ax=left,
        shrink=0.7,
        aspect=25,
        pad=0.02,
        label=label,
        extend=extend.get((below, above), "neither"),
    )
    bar.outline.set_visible(False)
    _mark_bar(bar, marks, low, high)
    widths, what = half_widths(pairs.table)
    half = replace(pairs, table=pairs.table.assign(half_width=widths)).square("half_width")
    sure = draw_square(right, half, (0, value_range(half)[1]), digits=2, colours="cividis")
    label_square(right, pairs.order, names, families)
    right.set_yticks([])
    right.set_title(f"how sure: half-width of the 95 % interval{what}")
    figure.colorbar(sure, ax=right, shrink=0.7, aspect=25, pad=0.02).outline.set_visible(False)
    figure.suptitle(title)
    table = pairs.table
    return figure, table.assign(
        half_width=widths,
        clipped=np.sign(table["dissimilarity"] - table["dissimilarity"].clip(low, high)),
    )


def colour_limits(table: pd.DataFrame, marks: Mapping[str, float]) -> tuple[float, float]:
    """Ends of the colour scale: trained models of different architectures.

    Pairs of seeds, and what is marked on the bar, widen it where they lie within a quarter of its
    width. Where there are no two such pairs, or these differ by less than half an interval, so that their
    colours would tell of noise, all pairs and marks give the scale.

    Args:
        table: dissimilarity, category, and the columns of `half_widths`.
        marks: name → dissimilarity.
    """
    known = table[table["dissimilarity"].notna()]
    if known.empty:
        return 0.0, 1.0
    trained = known[~known["category"].isin([CONTROL, SEEDS])]
    values = trained["dissimilarity"]
    noise = half_widths(trained)[0].median()
    if len(values) < 2 or values.max() - values.min() < noise:
        values = pd.concat([known["dissimilarity"], pd.Series(marks, dtype=float)])
    low, high = float(values.min()), float(values.max())
    room = ROOM * (high - low)
    seeds = known.loc[known["category"] == SEEDS, "dissimilarity"]
    near = [value for value in (*seeds, *marks.values()) if low - room <= value <= high + room]
    return min(low, *near, high), max(high, *near, low)


def half_widths(table: pd.DataFrame) -> tuple[pd.Series, str]:
    """Half-widths of the intervals of dissimilarities, or of ρ where these have none; and of what.

    Args:
        table: dissimilarity_low, dissimilarity_high, low, high (of ρ).
    """
    widths = (table["dissimilarity_high"] - table["dissimilarity_low"]) / 2
    if widths.notna().any():
        return widths, ""
    return (table["high"] - table["low"]) / 2, " of ρ"


def _few(order: Sequence[str], images: np.ndarray) -> list[tuple[str, float]]:
    """Models of whose pairs none has half of the images, with the most images that one has."""
    most = np.nanmax(np.where(np.isnan(images), 0, images), axis=1)
    return [(model, n) for model, n in zip(order, most, strict=True) if n < FEW * np.nanmax(images)]


def _with_images(name: str, images: float) -> str:
    return f"{name}\n(maps for {images:.0f} images)"


def _hatch_few(axes: Axes, images: np.ndarray) -> None:
    """Hatch cells from fewer than half of the images of the fullest."""
    for i, j in np.argwhere(images < FEW * np.nanmax(images)):
        if i != j:
            cell = Rectangle(
                (j - 0.5, i - 0.5), 1, 1, hatch="///", fc="none", ec=(1, 1, 1, 0.6), lw=0
            )
            axes.add_patch(cell)


def _mark_clipped(axes: Axes, values: np.ndarray, low: float, high: float) -> None:
    """Draw a triangle in the corner of cells beyond the colour scale, upwards or downwards."""
    for beyond, corner in ((values > high, "^"), (values < low, "v")):
        rows, columns = np.nonzero(beyond & ~np.eye(len(values), dtype=bool))
        size = 120 / max(len(values), 8)
        axes.scatter(columns + 0.36, rows - 0.36, size, marker=corner, c="#D55E00", lw=0)


def _mark_bar(bar: Colorbar, marks: Mapping[str, float], low: float, high: float) -> None:
    """Mark values on a colour bar; those beyond its ends stand there with an arrow."""
    look: dict[str, Any] = {
        "fontsize": 5.5,
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    for name, value in marks.items():
        if low <= value <= high:
            bar.ax.axhline(value, color="w", lw=2)
            bar.ax.axhline(value, color="k", lw=1)
            beside: Any = ("axes fraction", "data")
            bar.ax.annotate(
                f"{name}\n{value:.2f}",
                (0, value),
                (-2, 0),
                xycoords=beside,
                ha="right",
                va="center",
                **look,
            )
        else:
            above = value > high
            bar.ax.annotate(
                f"{name} {value:.2f} {'↑' if above else '↓'}",
                (0.5, 1.0 if above else 0.0),
                (0, 12 if above else -12),
                xycoords="axes fraction",
                ha="center",
                va="bottom" if above else "top",
                **look,
            )


def _draw_tree(axes: Axes, pairs: Pairs) -> None:
    """Draw the tree at the left of the matrix, its leaves at their rows."""
    axes.set_axis_off()
    axes.set_box_aspect(1 / TREE)  # as high as the square beside it
    if not len(pairs.tree):
        return
    row_of = {model: row for row, model in enumerate(pairs.order)}
    places = [(0.0, float(row_of[model])) for model in pairs.models]
    for left, right, height in pairs.tree[:, :3]:
        (x, y), (other_x, other_y) = places[int(left)], places[int(right)]
        axes.plot([x, height, height, other_x], [y, y, other_y, other_y], color="#404040", lw=0.8)
        places.append((height, (y + other_y) / 2))
    axes.set_ylim(len(pairs.order) - 0.5, -0.5)
    axes.invert_xaxis()


def bar_marks(seeds: pd.DataFrame) -> dict[str, float]:
    """Chord dissimilarities √(2 (1 − ρ)) of chance, ρ = 0, and of two seeds, if there are any.

    Args:
        seeds: model_a, model_b and rho of the pairs of seeds.
    """
    ceiling = seed_ceiling(seeds.assign(category=SEEDS))
    known = {"chance": 0.0, "two seeds": ceiling}
    return {
        name: float(np.sqrt(max(2 * (1 - rho), 0))) for name, rho in known.items() if rho == rho
    }


def label_of(kind: str, corrected: bool) -> str:
    """Name of a dissimilarity in words: its kind, and whether it is of the similarity above chance."""
    return f"{kind} of similarity above chance" if corrected else f"{kind} dissimilarity"
