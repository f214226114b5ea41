"""Communities of models in the complete graph of their similarities."""

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pandas as pd


def similarity_graph(
    matrix: np.ndarray, names: Sequence[str], largest: float | None = None
) -> "nx.Graph[str]":
    """The complete graph of models with weights 1 − D/largest, in [0, 1].

    Args:
        matrix: (M, M) dissimilarities D, no missing cell.
        names: of the models.
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
    """Louvain communities, and their modularity at that resolution.

    Returns:
        The community of every model, numbered from 0 by the order of their first member, and the
        modularity.

    Source: Blondel et al., Fast unfolding of communities in large networks, 2008; networkx.
    """
    if graph.size(weight="weight") == 0:
        alone = pd.Series(range(len(graph)), index=list(graph), name="community")
        return alone, float("nan")
    # networkx goes through sets of nodes; sets of numbers, unlike those of names, keep their order
    # from one process to the next
    numbered = nx.convert_node_labels_to_integers(graph)  # type: ignore[arg-type]
    found = nx.community.louvain_communities(
        numbered, weight="weight", resolution=resolution, seed=seed % 2**32
    )
    found = sorted(found, key=min)
    of = {node: community for community, members in enumerate(found) for node in members}
    modularity = nx.community.modularity(numbered, found, weight="weight", resolution=resolution)
    numbers = [of[node] for node in range(len(graph))]
    return pd.Series(numbers, index=list(graph), name="community"), modularity


def sweep(graph: "nx.Graph[str]", *, resolutions: Sequence[float], seed: int) -> pd.DataFrame:
    """Communities over a range of resolutions.

    Returns:
        One row per resolution: resolution, communities, modularity, and a column for every model
        with its community.
    """
    rows = []
    for resolution in resolutions:
        of, modularity = communities(graph, resolution=resolution, seed=seed)
        rows.append(
            {
                "resolution": resolution,
                "communities": of.nunique(),
                "modularity": modularity,
                **of.to_dict(),
            }
        )
    return pd.DataFrame(rows)
