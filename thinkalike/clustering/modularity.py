"""Partition of the models of a graph with the most modularity.

With weights A, degrees k and total 2m = Σ k, a partition has the modularity

    Q = Σ_ij B_ij over models i, j of one community,    B = A/2m − γ k kᵀ/(2m)²

at the resolution γ (Newman and Girvan 2004; Reichardt and Bornholdt 2006). Louvain climbs from single
models by two moves, a model into another community and two communities into one, and where it ends
depends on the order of the models: in the complete graph of a dozen models, often below the best. Up to
`EXACT` models the best of all partitions is found; of more, the same two moves, each time the one that
gains most, climb from many random partitions, and the best end is kept.

Source: Blondel et al., Fast unfolding of communities in large networks, 2008.
"""

import numpy as np

EXACT = 10
"""Models up to which all partitions are compared; another model takes three times as long."""
STARTS = 50
"""Random partitions that are climbed from."""
TIE = 1e-12
"""Difference of modularity that is rounding."""


def excess_weights(weights: np.ndarray, resolution: float) -> np.ndarray:
    """B = A/2m − γ k kᵀ/(2m)²: the excess of weights over those that degrees alone make expect.

    Args:
        weights: (…, M, M) A, symmetric, not negative, some of it positive.
        resolution: γ.

    Returns:
        (…, M, M).
    """
    degree = weights.sum(-1)
    total = degree.sum(-1)[..., None, None]
    expected = degree[..., :, None] / total * (degree[..., None, :] / total)
    return np.asarray(weights / total - resolution * expected)


def best_partition(excess: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, float]:
    """Partition with the most modularity, and its modularity.

    Args:
        excess: (M, M) B, symmetric. A model without any weight, whose row is 0, stays alone.
        generator: of the random partitions, for more than `EXACT` models.

    Returns:
        Community of every model, (M,), numbered by their first members; and Q.
    """
    linked = np.flatnonzero(excess.any(1))
    labels = np.arange(len(excess))
    among = excess[np.ix_(linked, linked)]
    if len(linked) > EXACT:
        labels[linked] = linked[_climbed(among, _starts(len(linked), generator))]
    else:
        labels[linked] = linked[_best_of_all(among)]
    numbers: dict[int, int] = {}
    labels = np.array([numbers.setdefault(label, len(numbers)) for label in labels.tolist()])
    return labels, float(excess[labels[:, None] == labels].sum())


def most_modularity(excess: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Most modularity that any partition has, for many graphs of as many models.

    Args:
        excess: (G, M, M) B of every graph.
        generator: as for `best_partition`.

    Returns:
        (G,).
    """
    if excess.shape[1] > EXACT:
        return np.array([best_partition(graph, generator)[1] for graph in excess])
    return _most_within(_sums_within(excess))[-1]


def _sums_within(excess: np.ndarray) -> np.ndarray:
    """Σ B_ij within every set of models, (2^M, …); model i is bit i of the number of the set."""
    models = excess.shape[-1]
    sums = np.zeros((1, *excess.shape[:-2]))
    for model in range(models):
        shared = np.zeros_like(sums[:1])
        for other in range(model):
            shared = np.concatenate([shared, shared + excess[..., model, other]])
        sums = np.concatenate([sums, sums + excess[..., model, model] + 2 * shared])
    return sums


def _subsets(models: int) -> list[np.ndarray]:
    """Subsets of every set of models, in the order of their numbers."""
    subsets = [np.zeros(1, int)]
    for model in range(models):
        subsets += [np.concatenate([smaller, smaller | 1 << model]) for smaller in subsets]
    return subsets


def _most_within(sums: np.ndarray) -> np.ndarray:
    """Most modularity that partitions of every set of models have, (2^M, …).

    The last model of a set is in a community with some of the others, and what these leave is parted as
    well as it can be: 3^M sums for the best of all partitions.
    """
    models = len(sums).bit_length() - 1
    most = np.zeros_like(sums)
    for rest, subsets in enumerate(_subsets(models - 1) if models else []):
        # `rest` are earlier models than each `last`
        for last in range(rest.bit_length(), models):
            joined = sums[subsets | 1 << last]
            most[rest | 1 << last] = (joined + most[rest ^ subsets]).max(0)
    return most


def _best_of_all(excess: np.ndarray) -> np.ndarray:
    """Best of all partitions, each community by the number of a member."""
    models = len(excess)
    sums = _sums_within(excess)
    most = _most_within(sums)
    subsets = _subsets(models)
    labels = np.empty(models, int)
    rest = (1 << models) - 1
    while rest:
        last = 1 << rest.bit_length() - 1
        joined = subsets[rest ^ last]
        gains = sums[joined | last] + most[(rest ^ last) ^ joined]
        community = int(joined[np.argmax(gains >= gains.max() - TIE)]) | last
        members = [model for model in range(models) if community >> model & 1]
        labels[members] = members[0]
        rest ^= community
    return labels


def _starts(models: int, generator: np.random.Generator) -> np.ndarray:
    """Random partitions (`STARTS`, M), from two communities to as many as there are models."""
    counts = np.geomspace(2, models, STARTS).astype(int)
    return generator.integers(counts[:, None], size=(STARTS, models))


def _climbed(excess: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Best of the partitions (M,) where the two moves of Louvain end, from each start (S, M).

    The move of one model that gains most is made, as long as one gains, and then that of two communities.
    """
    climbing = labels.copy()
    while True:
        gains = _move_models(excess, climbing)
        if not _join_communities(excess, climbing):
            return climbing[int(np.argmax(gains >= gains.max() - TIE))]


def _move_models(excess: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Move single models into other communities or a new one, in place, as long as one move gains.

    Returns:
        Modularity of every partition, (S,).
    """
    starts = len(labels)
    # one more than there are communities: a new one
    with_community = excess @ _members(labels, labels.max() + 2)
    own = np.diag(excess)
    while True:
        present = np.take_along_axis(with_community, labels[:, :, None], 2)
        gain = with_community - (present - own[:, None])
        np.put_along_axis(gain, labels[:, :, None], 0.0, 2)
        flat = gain.reshape(starts, -1)
        best = flat.argmax(1)
        moving = np.flatnonzero(flat[np.arange(starts), best] > TIE)
        if not len(moving):
            return present.sum((1, 2))
        model, community = np.divmod(best[moving], gain.shape[2])
        with_community[moving, :, labels[moving, model]] -= excess[model]
        with_community[moving, :, community] += excess[model]
        labels[moving, model] = community
        if labels.max() == gain.shape[2] - 1:
            with_community = np.pad(with_community, ((0, 0), (0, 0), (0, 1)))


def _join_communities(excess: np.ndarray, labels: np.ndarray) -> bool:
    """Join the two communities of every partition that gain most, in place; False where none gains."""
    members = _members(labels, labels.max() + 1)
    gain = members.swapaxes(1, 2) @ (excess @ members)
    communities = np.arange(gain.shape[1])
    gain[:, communities, communities] = 0
    flat = gain.reshape(len(labels), -1)
    best = flat.argmax(1)
    joining = np.flatnonzero(flat[np.arange(len(labels)), best] > TIE)
    for start in joining:
        kept, joined = divmod(int(best[start]), len(communities))
        labels[start, labels[start] == joined] = kept
    return len(joining) > 0


def _members(labels: np.ndarray, communities: int) -> np.ndarray:
    """Whether each model is in each community, (S, M, communities) float."""
    return (labels[:, :, None] == np.arange(communities)).astype(float)
