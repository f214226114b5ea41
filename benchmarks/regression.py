"""The regression that KernelSHAP is, and with it Shapley values from many evaluations: nothing of ours."""

import numpy as np

from benchmarks.games import Game, differences_of
from thinkalike.explain.shapley.coalitions import Design


def regression(
    members: np.ndarray, weights: np.ndarray, differences: np.ndarray, total: np.ndarray
) -> np.ndarray:
    """The regression that KernelSHAP is, on coalitions that come with their complements.

    With x = S − ½ the two of a pair are x and −x, and what they have in common drops out: minimise
    Σ_S w_S ((v(S) − v(Sᶜ)) / 2 − x_S·φ)² subject to Σ φ = v(all) − v(none). Solved in float64.

    Args:
        members: (P, M) bool, one coalition of each pair.
        weights: (P,) of the pairs.
        differences: (P, T), v(S) − v(Sᶜ) of T games.
        total: (T,), v(all) − v(none).

    Returns:
        (M, T) Shapley values.

    Source: Charnes et al., Extremal principle solutions of games in characteristic function form,
    1988; Covert and Lee, Improving KernelSHAP, AISTATS 2021.
    """
    players = members.shape[1]
    sides = members - 0.5
    system = np.zeros((players + 1, players + 1))
    system[:-1, :-1] = sides.T @ (weights[:, None] * sides)
    # too few pairs leave φ undetermined: take the smallest
    system[np.diag_indices(players)] += 1e-10 * np.trace(system) / players
    system[-1, :-1] = system[:-1, -1] = 1
    right = np.vstack([sides.T @ (weights[:, None] * differences / 2), total[None]])
    return np.linalg.solve(system, right)[:-1]


def kernel_weights(size: np.ndarray, players: int) -> np.ndarray:
    """Weight of a coalition in the regression, over its probability when all sizes are equally likely.

    The weight is (M − 1) / (C(M, s) s (M − s)), the probability ∝ 1 / C(M, s): their quotient is
    ∝ 1 / (s (M − s)). Equally likely sizes are leverage scores.

    Source: Musco and Witter, Provably accurate Shapley value estimation via leverage score sampling,
    ICLR 2025.
    """
    return 1 / (size * (players - size))


def reference(
    game: Game, players: int, evaluations: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values from many evaluations, by leverage sampling and regression: nothing of ours.

    Sizes 1 … M − 1 are equally likely and drawn independently, coalitions of a size likewise, each
    with its complement.

    Args:
        game: of values (B, T).
        players: M.
        evaluations: the empty and the full coalition included.
        generator: of the coalitions.

    Returns:
        (M, T) values, and (M, T) their error as half the difference of what each half of the
        coalitions gives by itself.
    """
    pairs = (evaluations - 2) // 2
    size = generator.integers(1, players, pairs)
    members = generator.random((pairs, players)).argsort(1) < size[:, None]
    total = differences_of(game, np.ones((1, players), bool))[0]
    differences = differences_of(game, members)
    weights = kernel_weights(size, players)
    parts = (slice(None), slice(0, pairs // 2), slice(pairs // 2, None))
    found = [regression(members[p], weights[p], differences[p], total) for p in parts]
    return found[0], (found[1] - found[2]) / 2


def design_weights(design: Design) -> np.ndarray:
    """Weights (P,) for the regression on a design of ours, which fixes how many pairs each size has.

    The pairs of a size stand for all of that size: their weight is divided by their number.
    """
    size = design.members.sum(1)
    smaller = np.minimum(size, design.players - size)
    number = np.bincount(smaller)[smaller]
    # of half the players: both of a pair are of the one size
    halves = np.where(2 * smaller == design.players, 0.5, 1.0)
    return halves * kernel_weights(size, design.players) / number
