"""Nodes of a quadrature along a path, and where the change of a score says that more are missing.

A path a ∈ [0, 1] has score s(a) and slope s'(a). Nodes a₁ < … < aₙ cut it into n + 1 intervals, from 0 to
the first and from the last to 1 as well. A node stands for all that is nearer to it than to another one,
which of equal distances is the midpoint rule. The scores at nodes come with the slopes, so that the
integral of the slope over every interval is known: it is the change of the score. What the rule misses
of it is known, too, without a further pass through the network.
"""

import numpy as np

from thinkalike.explain.completeness import ROUNDING
from thinkalike.methods import FIRST_STEPS


def first_nodes() -> np.ndarray:
    """Midpoints of equal steps, (6,)."""
    return (np.arange(FIRST_STEPS) + 0.5) / FIRST_STEPS


def weights(nodes: np.ndarray) -> np.ndarray:
    """Length (n,) of the path that each of the sorted nodes (n,) stands for; they sum to 1."""
    borders = np.concatenate([[0.0], (nodes[1:] + nodes[:-1]) / 2, [1.0]])
    return np.diff(borders)


def misses(nodes: np.ndarray, slopes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Change of the score over every interval less what the rule makes of the slope, (n + 1,).

    Their sum is s(1) − s(0) − Σ weight · slope, what a map lacks of completeness.

    Args:
        nodes: (n,) sorted.
        slopes: (n,) at the nodes.
        scores: (n + 2,) at 0, the nodes and 1.
    """
    means = np.concatenate([slopes[:1], (slopes[1:] + slopes[:-1]) / 2, slopes[-1:]])
    return np.diff(scores) - _lengths(nodes) * means


def halves(nodes: np.ndarray) -> np.ndarray:
    """Node (n + 1,) that halves each interval.

    Between an end of the path and a node it lies at a third of the way: in the middle of what it stands
    for, as in the midpoint rule.
    """
    middles = (nodes[1:] + nodes[:-1]) / 2
    return np.concatenate([[nodes[0] / 3], middles, [1 - (1 - nodes[-1]) / 3]])


def worst_halves(
    nodes: np.ndarray, slopes: np.ndarray, scores: np.ndarray, count: int, epsilon: float
) -> np.ndarray:
    """Nodes that halve the intervals in which most is missing of the change of the score, sorted.

    What rounding leaves of scores counts as nothing missing, and of two intervals that miss as much the
    longer one goes first.

    Args:
        nodes, slopes, scores: as for `misses`.
        count: of the nodes to add, at most.
        epsilon: the distance from 1 to the next number of the network's type.
    """
    missed = np.abs(misses(nodes, slopes, scores))
    missed[missed <= ROUNDING * epsilon * np.abs(scores).max()] = 0
    worst = np.lexsort((-_lengths(nodes), -missed))[:count]
    return np.sort(halves(nodes)[worst])


def _lengths(nodes: np.ndarray) -> np.ndarray:
    """Lengths (n + 1,) of the intervals."""
    return np.diff(np.concatenate([[0.0], nodes, [1.0]]))
