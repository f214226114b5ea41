"""Games to ask, with the Shapley values they have: in closed form, or by a regression of our own.

A game takes coalitions (B, M) bool and gives values (B,), or (B, T) for T games at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thinkalike.explain.shapley.coalitions import Design

Game = Callable[[np.ndarray], np.ndarray]

DIVIDENDS = 400
"""Of a game of interactions, beside those of its players."""
PRODUCTS = 20
"""Summed in a game of products."""


@dataclass(frozen=True)
class Known:
    """A game whose Shapley values (M,) are known."""

    game: Game
    values: np.ndarray


def interactions(players: int, largest: int, generator: np.random.Generator) -> Known:
    """A game given by its dividends: v(S) = Σ_{T ⊆ S} a_T, with φ_i = Σ_{T∋i} a_T / |T|.

    Every player has a dividend, and so have 400 random coalitions of 2 to `largest` players; all are
    drawn from the standard normal distribution.

    Source: Harsanyi, A simplified bargaining model for the n-person cooperative game, 1963.
    """
    sizes = generator.integers(2, largest + 1, DIVIDENDS)
    members = generator.random((DIVIDENDS, players)).argsort(1) < sizes[:, None]
    members = np.vstack([np.eye(players, dtype=bool), members])
    dividends = generator.standard_normal(len(members))
    size = members.sum(1)

    def game(coalitions: np.ndarray) -> np.ndarray:
        inside = coalitions.astype(np.float32) @ members.T.astype(np.float32) > size - 0.5
        return inside @ dividends

    return Known(game, (dividends / size) @ members)


def products(players: int, strength: float, generator: np.random.Generator) -> Known:
    """A game of interactions of all orders: v(S) = Σ_k b_k Π_{i∈S} (1 + a_ki), 20 products.

    Its multilinear extension on the diagonal is f(t) = Σ_k b_k Π_i (1 + a_ki t), and
    φ_i = ∫₀¹ Σ_k b_k a_ki Π_{j≠i} (1 + a_kj t) dt is exact by a Gauss-Legendre rule of ⌈M/2⌉ nodes.
    b_k are standard normal, a_ki normal of standard deviation strength / √M.

    Source: Owen, Multilinear extensions of games, 1972.
    """
    factors = generator.standard_normal((PRODUCTS, players)) * strength / np.sqrt(players)
    weights = generator.standard_normal(PRODUCTS)

    def game(coalitions: np.ndarray) -> np.ndarray:
        terms = np.where(coalitions[:, None, :], 1 + factors, 1.0)
        return terms.prod(2) @ weights

    nodes, quadrature = np.polynomial.legendre.leggauss((players + 1) // 2)
    values = np.zeros(players)
    for node, share in zip((nodes + 1) / 2, quadrature / 2, strict=True):
        terms = 1 + factors * node
        others = terms.prod(1, keepdims=True) / terms
        values += share * (weights @ (factors * others))
    return Known(game, values)


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


def differences_of(game: Game, members: np.ndarray) -> np.ndarray:
    """v(S) − v(Sᶜ) for every row S."""
    return game(members) - game(~members)


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
