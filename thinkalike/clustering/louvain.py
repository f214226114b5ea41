"""Communities of models in the complete graph of their similarities."""

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pandas as pd

from thinkalike.clustering.modularity import best_partition, excess_weights, most_modularity
from thinkalike.randomness import generator

FEWEST = 4
"""Models that can have communities. Two or three make the same graph wherever their weights stand, so that
none has more modularity than by chance; at resolution 1 the best partition of any of these graphs is one
community."""
NULL_DRAWS = 200
"""Graphs of permuted weights that the modularity is held against."""
NULL_EDGES = 1_000_000
"""Edges of all of them; graphs of many models are fewer."""
FEWEST_NULL_DRAWS = 20


def similarity_graph(
    matrix: np.ndarray, names: Sequence[str], largest: float | None = None
) -> "nx.Graph[str]":
    """Complete graph of models with weights 1 − D/largest, in [0, 1].

    Args:
        matrix: (M, M) dissimilarities D, no missing cell.
        names: of the nodes.
        largest: the dissimilarity that gets weight 0; the largest of the matrix if not given.
            1 gives the weights 1 − D of the experiment log.
    """
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    if largest is None:
        largest = max((float(matrix[pair]) for pair in pairs), default=0.0)
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(names)
    for i, j in pairs:
        weight = 1 - float(matrix[i, j]) / largest if largest > 0 else 1.0
        graph.add_edge(names[i], names[j], weight=max(weight, 0.0))
    return graph


def communities(graph: "nx.Graph[str]", *, resolution: float, seed: int) -> tuple[pd.Series, float]:
    """Communities of a graph with the most modularity at a resolution, and that modularity.

    Args:
        graph: weights of its edges are in `weight`.
        resolution: γ; the higher, the more communities.
        seed: of the partitions from which Louvain's moves climb, where there are too many models to
            compare all partitions (`clustering.modularity.EXACT`).

    Returns:
        Community of every node, numbered from 0 in the order of their first members, and the
        modularity, NaN without any weight; all NaN for fewer than `FEWEST` models, of which there is
        nothing to tell.
    """
    if len(graph) < FEWEST:
        return pd.Series(np.nan, index=list(graph), name="community"), float("nan")
    weights = nx.to_numpy_array(graph)
    if not weights.any():
        alone = pd.Series(range(len(graph)), index=list(graph), name="community")
        return alone, float("nan")
    labels, modularity = best_partition(
        excess_weights(weights, resolution), generator(seed, "starts")
    )
    return pd.Series(labels, index=list(graph), name="community"), modularity


def null_modularity(graph: "nx.Graph[str]", *, resolution: float, seed: int) -> float:
    """Modularity that communities of a graph with the same weights in other places seldom exceed.

    Any graph has communities of some modularity. Weights are dealt out anew to the edges, at random, and
    the communities of that graph have theirs: 200 times, fewer for large graphs.

    Returns:
        95 % quantile of these modularities; NaN without any weight, and for fewer than `FEWEST` models.
    """
    models = len(graph)
    if models < FEWEST:
        return float("nan")
    upper = np.triu_indices(models, 1)
    weights = nx.to_numpy_array(graph)[upper]
    if not weights.any():
        return float("nan")
    draws = int(np.clip(NULL_EDGES // len(weights), FEWEST_NULL_DRAWS, NULL_DRAWS))
    dealt = np.zeros((draws, models, models))
    for draw, square in enumerate(dealt):
        square[upper] = generator(seed, "null", draw).permutation(weights)
    dealt += dealt.swapaxes(1, 2)
    found = most_modularity(excess_weights(dealt, resolution), generator(seed, "null starts"))
    return float(np.quantile(found, 0.95))


def sweep(graph: "nx.Graph[str]", *, resolutions: Sequence[float], seed: int) -> pd.DataFrame:
    """Communities of a graph at several resolutions.

    Returns:
        A row for every resolution: resolution, communities (how many; 0 for fewer than `FEWEST`
        models), modularity, and a column for every node with its community.
    """
    rows = []
    for resolution in resolutions:
        found, modularity = communities(graph, resolution=resolution, seed=seed)
        rows.append(
            {
                "resolution": resolution,
                "communities": found.nunique(),
                "modularity": modularity,
                **found.to_dict(),
            }
        )
    return pd.DataFrame(rows)
