"""Dendrograms, communities and families of models by their dissimilarities."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from replication.analyses.matrices import decimals, models_of
from replication.quantity import Answer
from thinkalike.clustering import hierarchical, louvain
from thinkalike.compare.dissimilarity import dissimilarity
from thinkalike.compare.geometry import geometry
from thinkalike.compare.summaries import Summary
from thinkalike.statistics.mantel import mantel
from thinkalike.statistics.permanova import VarianceTest
from thinkalike.statistics.separation import family_test

TRANSFORMERS = ("DeiT_S", "DeiT_T", "PyramidViT_V2_B2", "Swin_T", "ViT_B_32")
"""By the log's names; its other models are CNNs."""

DRAWN = 100_000
"""Permutations of models; there are 14! of them, and 9! 5! within families."""

SEEDS = 31
"""Runs of Louvain, of which the communities that most give count."""


def hollow(table: pd.DataFrame) -> np.ndarray:
    """The matrix with zeros on the diagonal: a model is no distance from itself."""
    matrix = table.to_numpy(float, copy=True)
    np.fill_diagonal(matrix, 0)
    return matrix


def tree_of(table: pd.DataFrame, kind: str = "ward") -> np.ndarray:
    """Dendrogram of the models by one linkage, whether or not distances are Euclidean, as in the log."""
    return hierarchical.linkage(hollow(table), kind, euclidean=True)


def heights(table: pd.DataFrame, *, kind: str, last: int = 0) -> str:
    """Heights of a dendrogram: the last ones, or all by default."""
    return decimals(tree_of(table, kind)[-last:, 2], between=" ")


def cut_in_two(table: pd.DataFrame) -> str:
    """The two clusters below the top of the ward dendrogram."""
    return groups(models_of(table), hierarchical.cut(tree_of(table), 2))


def ward_of_unit_maps(table: pd.DataFrame, *, number: int) -> str:
    """Groups of a cut of ward on √(2(1 − s)), the distance of unit maps (chord), from mean cosine."""
    similarities = table.to_numpy(float, copy=True)
    np.fill_diagonal(similarities, 1)
    nothing = np.zeros_like(similarities)
    distances = dissimilarity(Summary(nothing, similarities, nothing), "chord")
    tree = hierarchical.linkage(distances, "ward", euclidean=True)
    return groups(models_of(table), hierarchical.cut(tree, number))


def groups(names: Sequence[str], labels: Sequence[int] | np.ndarray) -> str:
    """All groups but the largest by name, the largest as `rest`; of equals it is the last."""
    members = pd.Series(names).groupby(list(labels), sort=False).agg(list)
    if len(members) == 1:
        return "one community"
    ordered = sorted(map(sorted, members))
    largest = max(range(len(ordered)), key=lambda i: (len(ordered[i]), i))
    named = [", ".join(group) for i, group in enumerate(ordered) if i != largest]
    return " | ".join([*named, "rest"])


def colouring(table: pd.DataFrame, *, resolution: float) -> Answer:
    """Louvain communities with weights 1 − D that most seeds give."""
    labels, seeds = _communities(table, resolution)
    return Answer(groups(models_of(table), labels), f"For {seeds} of {SEEDS} seeds.")


def _communities(table: pd.DataFrame, resolution: float) -> tuple[tuple[int, ...], int]:
    graph = louvain.similarity_graph(table.to_numpy(), models_of(table), largest=1)
    counts = Counter(tuple(_run_of_louvain(graph, resolution, seed)) for seed in range(SEEDS))
    return counts.most_common(1)[0]


def _run_of_louvain(graph: "nx.Graph[str]", resolution: float, seed: int) -> list[int]:
    """Communities of a single run of Louvain, as in the log, numbered by their first members."""
    # sets of numbers, unlike those of names, keep their order from one process to the next
    numbered = nx.convert_node_labels_to_integers(graph)  # type: ignore[arg-type]
    found = nx.community.louvain_communities(numbered, resolution=resolution, seed=seed)
    number_of = {
        node: number for number, members in enumerate(sorted(found, key=min)) for node in members
    }
    return [number_of[node] for node in range(len(graph))]


def colourings_that_are_splits(
    *tables: pd.DataFrame, resolutions: Sequence[float], names: Sequence[str]
) -> Answer:
    """How many colourings are put together from the clusters of a dendrogram's second split."""
    others = []
    for table, resolution, name in zip(tables, resolutions, names, strict=True):
        labels, _ = _communities(table, resolution)
        clusters = hierarchical.cut(tree_of(table), 3)
        coloured = len(set(labels)) > 1
        if not coloured or len(set(zip(clusters, labels, strict=True))) > 3:
            others.append(name)
    return _all_but(others, names)


def euclidean_matrices(*tables: pd.DataFrame, names: Sequence[str]) -> Answer:
    """How many matrices hold Euclidean distances, once their diagonal is 0."""
    named = zip(tables, names, strict=True)
    return _all_but([name for t, name in named if not geometry(hollow(t)).euclidean], names)


def _all_but(others: Sequence[str], names: Sequence[str]) -> Answer:
    return Answer(f"{len(names) - len(others)} of {len(names)}", f"Not {' and '.join(others)}.")


def architecture_p(table: pd.DataFrame, *, digits: int | None = None) -> Answer:
    """p of an exact test of CNNs against transformers; a fraction where no digits are given."""
    test = family_test(hollow(table), _architectures(table), seed=0)
    fraction = f"{round(test.p * test.permutations)}/{test.permutations}"
    difference = f"Mean between minus mean within: {test.statistic:.4f}"
    if digits is None:
        return Answer(fraction, f"{difference}.")
    return Answer(decimals([test.p], digits), f"{difference}; p = {fraction}.")


def variance_p(table: pd.DataFrame, *, test: Callable[..., VarianceTest]) -> str:
    """F and p of PERMANOVA or PERMDISP of CNNs against transformers, over all divisions."""
    found = test(hollow(table), _architectures(table), seed=0)
    return f"F = {found.f:.3f}, p = {round(found.p * found.permutations)}/{found.permutations}"


def matrices_go_together(first: pd.DataFrame, second: pd.DataFrame) -> Answer:
    """Levels that Mantel's p is under: over all permutations, and over those within families."""
    matrices = hollow(first), hollow(second)
    plain, within = (
        mantel(*matrices, families, seed=0, most=DRAWN)
        for families in (None, _architectures(first))
    )
    return Answer(
        f"{plain.r:.2f}: {_level(plain.p)} → {_level(within.p)}",
        f"Spearman's r, p over all permutations → p over those within families: {plain.p:.4f} → "
        f"{within.p:.4f}, one-sided, {DRAWN:,} drawn.",
    )


def _level(p: float) -> str:
    under = [level for level in (0.001, 0.01, 0.05) if p < level]
    return f"p < {under[0]:g}" if under else "p > 0.05"


def _architectures(table: pd.DataFrame) -> list[str]:
    return ["transformer" if name in TRANSFORMERS else "cnn" for name in models_of(table)]


def architecture_agreement(table: pd.DataFrame, *, kinds: Sequence[str]) -> str:
    """Adjusted Rand index of the cut into two clusters with CNN/transformer, by linkage."""
    cuts = [hierarchical.cut(tree_of(table, kind), 2) for kind in kinds]
    return decimals([adjusted_rand_score(_architectures(table), cut) for cut in cuts], 2)


def dendrograms(before: pd.DataFrame, after: pd.DataFrame) -> Answer:
    """Whether two ward dendrograms join the same models, whatever the heights."""
    clades = [_clades(table) for table in (before, after)]
    return Answer(
        "the same" if clades[0] == clades[1] else "differs",
        f"{len(clades[0] & clades[1])} of {len(clades[0])} inner clusters are in both; cut in two: "
        f"before {cut_in_two(before)}; after {cut_in_two(after)}.",
    )


def _clades(table: pd.DataFrame) -> set[frozenset[str]]:
    """The sets of models that a ward dendrogram joins, all models together left out."""
    sets = [frozenset([name]) for name in models_of(table)]
    for left, right in tree_of(table)[:, :2].astype(int):
        sets.append(sets[left] | sets[right])
    return set(sets[len(table) : -1])


def most_alike_linkages(*tables: pd.DataFrame) -> Answer:
    """The two linkages whose dendrograms correlate most, mean over matrices."""
    pairs = list(combinations(sorted(hierarchical.LINKAGES), 2))
    correlations = []
    for table in tables:
        trees = {kind: tree_of(table, kind) for kind in hierarchical.LINKAGES}
        correlations.append(
            [hierarchical.cophenetic_agreement(trees[a], trees[b]) for a, b in pairs]
        )
    means = pd.Series(
        np.mean(correlations, axis=0), [f"{a} and {b}" for a, b in pairs]
    ).sort_values(ascending=False)
    ranked = ", ".join(f"{pair} {value:.2f}" for pair, value in means.items())
    return Answer(str(means.index[0]), f"Mean correlation of cophenetic distances: {ranked}.")
