"""Dendrograms and communities of models."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.cluster.hierarchy import dendrogram

from thinkalike.clustering.louvain import FEWEST, similarity_graph
from thinkalike.clustering.models import Clusters
from thinkalike.plotting.fitting import legend_below
from thinkalike.plotting.points import draw_points, name_points, numbered
from thinkalike.plotting.style import WIDTH, colour_names, family_legend, freeze_layout
from thinkalike.stores.tables import read_table

# Tol (2021), light: distinguishable, and none of the colours of families
COMMUNITY_COLOURS = ("#EEDD88", "#FFAABB", "#99DDFF", "#BBCC33", "#AA99DD", "#DDAA77", "#AAAA99")
NEUTRAL = "#BBBBBB"
"""Of models and edges where there are no communities."""
SUPPORT = "#B2182B"
"""Colour of the support of a branch."""


def dendrograms(
    found: Clusters,
    *,
    support: Mapping[str, Mapping[frozenset[str], float]],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> tuple[Figure, pd.DataFrame]:
    """Draw one dendrogram per linkage with its cophenetic correlation r, leaves coloured by family.

    Branches have their support in percent. A branch is known by its models among those that `support`
    speaks of, so that controls may stand in the tree and not in its support.

    Args:
        found: the linkages and their summary are drawn.
        support: linkage → models of a branch → share of the samples of images whose tree has it; empty
            where it is not known.
        names: model → display name.
        families: model → family.
        title: of the figure.

    Returns:
        The figure, and all merges with their linkage, and their support where it is known.
    """
    trees, models, summary = found.linkages, found.models, found.summary.set_index("linkage")
    columns = min(3, len(trees))
    rows = -(-len(trees) // columns)
    height = rows * (0.75 + 0.13 * len(models))
    figure, grid = plt.subplots(
        rows, columns, figsize=(WIDTH * columns / 3, height + 0.3), squeeze=False
    )
    shares = {
        kind: branch_support(tree.to_numpy(float), models, support.get(kind, {}))
        for kind, tree in trees.items()
    }
    for axes, (kind, tree) in zip(grid.flat, trees.items(), strict=False):
        if len(tree):
            leaves = _dendrogram(axes, tree, [names[model] for model in models])
            _write_support(axes, tree.to_numpy(float), leaves, shares[kind])
            colour_names(axes.get_yticklabels(), [families[models[leaf]] for leaf in leaves])
            correlation = float(summary["cophenetic_correlation"][kind])
            axes.set_title(f"{kind}, r = {correlation:.2f}", loc="left")
        else:
            reason = textwrap.fill(str(summary.loc[kind, "refused"]), 34)
            axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes)
            axes.set_axis_off()
            axes.set_title(kind, loc="left")
    spare = grid.flat[len(trees) :]
    for axes in spare:
        axes.set_axis_off()
    if len(spare):
        family_legend(spare[0], families, loc="center", title="family")
    figure.suptitle(title)
    merges = [
        pd.DataFrame({"linkage": kind, **tree.astype(float), "support": shares[kind]})
        for kind, tree in trees.items()
    ]
    return figure, pd.concat(merges)


def read_support(path: str) -> dict[str, dict[frozenset[str], float]]:
    """Linkage → models of each branch → its support, from a table linkage, models, support.

    The keys of the models of a branch stand in one cell with spaces between them.

    Raises:
        InputError: the file cannot be read.
    """
    table = read_table(path, ["linkage", "models", "support"])
    found: dict[str, dict[frozenset[str], float]] = {}
    rows = zip(table["linkage"], table["models"], table["support"], strict=True)
    for linkage, models, share in rows:
        found.setdefault(str(linkage), {})[frozenset(models.split())] = float(share)
    return found


def branch_support(
    tree: np.ndarray, models: Sequence[str], support: Mapping[frozenset[str], float]
) -> np.ndarray:
    """Support of every merge of a tree, (M − 1,), NaN where it is not known.

    Args:
        tree: (M − 1, 4), scipy's linkage.
        models: M of them, in the order of the tree's leaves.
        support: models of a branch → share; models that are in none of them do not count.
    """
    known = frozenset[str]().union(*support)
    branches = [frozenset({model}) & known for model in models]
    shares = np.full(len(tree), np.nan)
    for row, (left, right) in enumerate(tree[:, :2].astype(int)):
        parts = branches[left], branches[right]
        branches.append(parts[0] | parts[1])
        if all(parts):  # where one part is of controls alone, the branch was there before
            shares[row] = support.get(branches[-1], np.nan)
    return shares


def _write_support(axes: Axes, tree: np.ndarray, leaves: Sequence[int], shares: np.ndarray) -> None:
    """Write the support of merges in percent at the root of their branches."""
    rows = np.argsort(leaves) * 10.0 + 5  # where scipy draws the leaves
    places = [*rows]
    for (left, right, height), share in zip(tree[:, :3], shares, strict=True):
        places.append((places[int(left)] + places[int(right)]) / 2)
        if np.isfinite(share):
            axes.annotate(
                f"{100 * share:.0f}",
                (height, places[-1]),
                (-1, 0.5),
                textcoords="offset points",
                ha="right",
                fontsize=5,
                color=SUPPORT,
            )


def _dendrogram(axes: Axes, tree: pd.DataFrame, labels: Sequence[str]) -> list[int]:
    """Draw a dendrogram from left to right, and return its leaves from the bottom."""
    drawn = dendrogram(
        tree.to_numpy(float),
        orientation="left",
        labels=labels,
        color_threshold=0,
        above_threshold_color="#404040",
        ax=axes,
    )
    axes.tick_params(axis="y", length=0, labelsize=6.5)
    axes.spines["right"].set_visible(False)
    axes.set_xlabel("height")
    return drawn["leaves"] or []


def communities(
    found: Clusters,
    matrix: pd.DataFrame,
    *,
    largest: float | None,
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> tuple[Figure, pd.DataFrame]:
    """Draw the graph of models coloured by community, and the communities over all resolutions.

    Where their modularity is not above chance, or the models are too few to tell (`louvain.FEWEST`), there
    are none: the title says so, and all is grey.

    Args:
        found: communities and their sweep are drawn; models stand where `found.mds` has them.
        matrix: dissimilarities; edges are as wide as their weights in `similarity_graph`.
        largest: dissimilarity of weight 0; None: the largest of the matrix.
        names: model → display name.
        families: model → family.
        title: of the figure.

    Returns:
        The figure, and the communities: those that the graph shows (`drawn`), then the sweep.
    """
    figure, (left, right) = plt.subplots(
        1,
        2,
        figsize=(WIDTH, max(3.9, 1.2 + 0.1 * len(found.mds))),
        gridspec_kw={"width_ratios": [1.5, 1]},
    )
    points, measures = found.mds, found.measures
    resolution, modularity = measures["louvain_resolution"], measures["louvain_modularity"]
    community = found.communities.set_index("model")["community"]
    shown = community if found.has_communities else None
    _graph(left, points, matrix, shown, families, largest)
    null = measures["louvain_modularity_null"]
    if len(community) < FEWEST:
        left.set_title(f"no communities: {len(community)} models, and it takes {FEWEST} to tell")
    else:
        head = "" if found.has_communities else "no communities: modularity not above chance\n"
        left.set_title(
            f"{head}resolution {resolution:g}, modularity {modularity:.3f} (by chance up to {null:.3f})"
        )
    ordered = community.sort_values(kind="stable").index.tolist()
    _sweep(right, found.sweep, ordered, grey=not found.has_communities)
    right.set_yticks(range(len(ordered)), [names[model] for model in ordered])
    colour_names(right.get_yticklabels(), [families[model] for model in ordered])
    figure.suptitle(title)
    labels, key = numbered(points["model"].map(names).tolist())
    if key:
        legend_below(figure, [Line2D([], [], ls="")] * len(key), key)
    freeze_layout(figure)
    name_points(left, points[["x", "y"]].to_numpy(), labels)
    used = {
        "resolution": resolution,
        "communities": community.nunique(),
        "modularity": modularity,
        **community,
    }
    both = pd.concat([pd.DataFrame([used]), found.sweep])
    return figure, both.assign(drawn=np.arange(len(both)) == 0)


def _graph(
    axes: Axes,
    points: pd.DataFrame,
    matrix: pd.DataFrame,
    community: pd.Series | None,
    families: Mapping[str, str],
    largest: float | None,
) -> None:
    """Draw models where `points` has them, coloured by community, and edges as wide as their weights."""
    models = list(points["model"])
    place = points.set_index("model")[["x", "y"]]
    graph = similarity_graph(matrix.loc[models, models].to_numpy(), models, largest)
    edges: Iterable[tuple[str, str, float]] = graph.edges(data="weight")
    for a, b, weight in edges:
        same = community is not None and community[a] == community[b]
        axes.plot(
            *place.loc[[a, b]].to_numpy().T,
            lw=2 * weight,
            color="#777777" if same else "#D0D0D0",
            zorder=int(same),
        )
    colours = [NEUTRAL if community is None else _colour(community[model]) for model in models]
    draw_points(axes, points, families, colours)
    axes.set_axis_off()


def _colour(community: int) -> str:
    return COMMUNITY_COLOURS[community % len(COMMUNITY_COLOURS)]


def _sweep(axes: Axes, sweep: pd.DataFrame, models: Sequence[str], *, grey: bool) -> None:
    """Draw the community of every model, a row each, at every resolution; the first for models without."""
    numbers = sweep[list(models)].fillna(0).to_numpy(int).T
    count = int(numbers.max()) + 1
    greys = [str(shade) for shade in np.linspace(0.85, 0.45, count)]
    palette = ListedColormap(greys if grey else [_colour(number) for number in range(count)])
    norm = BoundaryNorm(np.arange(numbers.max() + 2) - 0.5, palette.N)
    axes.imshow(numbers, cmap=palette, norm=norm, aspect="auto")
    ticks = [f"{value:g}" for value in sweep["resolution"]]
    axes.set_xticks(range(len(ticks)), ticks, rotation=90)
    for column, count in enumerate(sweep["communities"]):
        axes.annotate(
            str(count),
            *((column, 1), (0, 3)),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=6,
        )
    axes.set_xticks(np.arange(len(ticks) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(models) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="w", lw=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("resolution")
    axes.set_title("community, and how many there are", pad=14)
