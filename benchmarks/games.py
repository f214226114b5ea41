"""Games whose Shapley values are known, in families: of interactions, that saturate, of weights.

A game takes coalitions (B, M) bool and gives values (B,), or (B, T) for T games at once. A family draws a
game of M players from a generator and knows its Shapley values by a formula that nothing of the solver
has a part in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import comb

import numpy as np

Game = Callable[[np.ndarray], np.ndarray]
Family = Callable[[int, np.random.Generator], "Known"]
"""Players M, generator → a game and its values."""

DIVIDENDS = 400
"""Of a game of interactions, beside those of its players."""
PRODUCTS = 20
"""Summed in a game of products."""
ITEMS = 200
"""Number of items in a game of coverage."""
LARGEST_WEIGHT = 20
"""Largest weight of a player in a game of weights."""
POOL = 5
"""Players of whom each pool takes the largest."""


@dataclass(frozen=True)
class Known:
    """A game whose Shapley values (M,) are known."""

    game: Game
    values: np.ndarray

    def __add__(self, other: "Known") -> "Known":
        """The sum of two games, whose Shapley values are the sums of theirs."""
        return Known(
            lambda coalitions: self.game(coalitions) + other.game(coalitions),
            self.values + other.values,
        )


def interactions(players: int, generator: np.random.Generator, largest: int) -> Known:
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


def products(players: int, generator: np.random.Generator, strength: float = 2.0) -> Known:
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


def additive(players: int, generator: np.random.Generator) -> Known:
    """A game without interactions: v(S) = Σ_{i∈S} a_i with φ = a, standard normal."""
    values = generator.standard_normal(players)
    return Known(lambda coalitions: coalitions @ values, values)


def one_product(players: int, generator: np.random.Generator, order: int) -> Known:
    """The unanimity game of `order` random players: v(S) = Π_{i∈T} 1[i ∈ S], φ_i = 1[i ∈ T] / |T|.

    Source: Shapley, A value for n-person games, 1953.
    """
    needed = generator.permutation(players) < order
    return Known(lambda coalitions: coalitions[:, needed].all(1).astype(float), needed / order)


def parity(players: int, generator: np.random.Generator, degree: int) -> Known:
    """A single term of the expansion of games: v(S) = Π_{i∈T} z_i with z_i = 1 inside S and −1 outside.

    Its Shapley values are 2 / |T| for the members of T where |T| is odd, and 0 where it is even.

    Source: Grabisch, Marichal and Roubens, Equivalent representations of set functions, 2000.
    """
    members = generator.permutation(players) < degree

    def game(coalitions: np.ndarray) -> np.ndarray:
        return 1.0 - 2.0 * ((~coalitions[:, members]).sum(1) % 2)

    return Known(game, (degree % 2) * 2 * members / degree)


def largest_of(sizes: np.ndarray) -> Known:
    """The game of a maximum: v(S) = max_{i∈S} x_i of numbers x ≥ 0, and v(∅) = 0.

    Sorted, x_(1) ≤ … ≤ x_(M), everyone from j on shares the step from x_(j−1) to x_(j):
    φ_(k) = Σ_{j≤k} (x_(j) − x_(j−1)) / (M − j + 1) with x_(0) = 0.

    Source: Littlechild and Owen, A simple expression for the Shapley value in a special case, 1973 (the
    airport game).
    """
    order = np.argsort(sizes)
    steps = np.diff(sizes[order], prepend=0.0) / np.arange(len(sizes), 0, -1)
    values = np.empty(len(sizes))
    values[order] = np.cumsum(steps)
    return Known(lambda coalitions: (coalitions * sizes).max(1, initial=0.0), values)


def maximum(players: int, generator: np.random.Generator) -> Known:
    """The maximum of numbers that are uniform between 0 and 1."""
    return largest_of(generator.random(players))


def airport(players: int, generator: np.random.Generator) -> Known:
    """The maximum of numbers with a heavy tail, exp of a normal number with standard deviation 2."""
    return largest_of(np.exp(2 * generator.standard_normal(players)))


def minimum(players: int, generator: np.random.Generator) -> Known:
    """The game of a minimum: v(S) = min_{i∈S} x_i, and v(∅) = 0; x is uniform between 0 and 1.

    With c = max x it is c 1[S ≠ ∅] − max_{i∈S} (c − x_i), and of 1[S ≠ ∅] everyone has 1 / M.
    """
    sizes = generator.random(players)
    top = sizes.max()

    def game(coalitions: np.ndarray) -> np.ndarray:
        least = np.where(coalitions, sizes, top).min(1)
        return np.where(coalitions.any(1), least, 0.0)

    return Known(game, top / players - largest_of(top - sizes).values)


def pooled_maxima(players: int, generator: np.random.Generator) -> Known:
    """The sum of maxima over disjoint pools of five players, each as in `maximum`."""
    sizes = generator.random(players)
    pools = np.array_split(generator.permutation(players), max(players // POOL, 1))
    values = np.empty(players)
    for pool in pools:
        values[pool] = largest_of(sizes[pool]).values

    def game(coalitions: np.ndarray) -> np.ndarray:
        inside = coalitions * sizes
        return np.sum([inside[:, pool].max(1) for pool in pools], 0)

    return Known(game, values)


def additive_and_maximum(players: int, generator: np.random.Generator) -> Known:
    """The sum of an additive game and ten times a maximum: alike in the variance of their values."""
    sizes = 10 * generator.random(players)
    return additive(players, generator) + largest_of(sizes)


def coverage(players: int, generator: np.random.Generator) -> Known:
    """The weight of what is covered: v(S) = Σ_e w_e 1[some i ∈ S covers e], φ_i = Σ_{e∋i} w_e / |e|.

    Each of 200 items is covered by 1 to M / 5 random players; its weight is exponential.

    Source: the dual of a sum of unanimity games, which has the same values: Shapley, A value for n-person
    games, 1953.
    """
    number = generator.integers(1, max(players // 5, 1) + 1, ITEMS)
    covers = generator.random((ITEMS, players)).argsort(1) < number[:, None]
    weights = generator.standard_exponential(ITEMS)

    def game(coalitions: np.ndarray) -> np.ndarray:
        covered = coalitions.astype(np.float32) @ covers.T.astype(np.float32) > 0.5
        return covered @ weights

    return Known(game, (weights / number) @ covers)


def function_of_weight(weights: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> Known:
    """A game that depends on a sum alone: v(S) = f(Σ_{i∈S} w_i) for integers w_i of either sign.

    φ_i = Σ_s s! (M − s − 1)! / M! Σ_x n_i(s, x) (f(x + w_i) − f(x)), where n_i(s, x) coalitions without i
    have s players of weight x. All are counted by dynamic programming, and those without i follow from
    them: n(s, x) = n_i(s, x) + n_i(s − 1, x − w_i). Exact in integers up to 62 players.

    Source: Lucas, Measuring power in weighted voting systems, 1983 (generating functions of Cantor).
    """
    players = len(weights)
    least = int(weights[weights < 0].sum())
    sums = np.arange(least, int(weights[weights > 0].sum()) + 1)
    number = np.zeros((players + 1, len(sums)), np.int64)
    number[0, -least] = 1
    for weight in weights:
        number[1:] += _moved(number[:-1], int(weight))
    share = np.array([1 / (players * comb(players - 1, size)) for size in range(players)])
    values = np.empty(players)
    for player, weight in enumerate(weights):
        without = np.zeros((players, len(sums)), np.int64)
        for size in range(players):
            before = _moved(without[size - 1], int(weight)) if size else 0
            without[size] = number[size] - before
        gain = function(sums + weight) - function(sums)
        values[player] = share @ (without @ gain)
    return Known(lambda coalitions: function(coalitions @ weights).astype(float), values)


def _moved(counts: np.ndarray, weight: int) -> np.ndarray:
    """Counts (…, sums) of coalitions that have got a player of this weight."""
    moved = np.zeros_like(counts)
    if weight >= 0:
        moved[..., weight:] = counts[..., : counts.shape[-1] - weight]
    else:
        moved[..., :weight] = counts[..., -weight:]
    return moved


def weighted_voting(players: int, generator: np.random.Generator, quota: float) -> Known:
    """A vote: v(S) = 1 where S has at least the share `quota` of all votes; one player has 1 to 20."""
    votes = generator.integers(1, LARGEST_WEIGHT + 1, players)
    needed = quota * votes.sum()
    return function_of_weight(votes, lambda sums: (sums >= needed).astype(float))


def square_root(players: int, generator: np.random.Generator) -> Known:
    """The square root of a sum of weights from 1 to 20: it grows less and less."""
    weights = generator.integers(1, LARGEST_WEIGHT + 1, players)
    return function_of_weight(weights, lambda sums: np.sqrt(np.maximum(sums, 0)))


def sigmoid(players: int, generator: np.random.Generator) -> Known:
    """A probability whose logit is a sum of weights of both signs, from −4 to +4 on the whole.

    The weights are integers from −10 to 20; their sum over all players is 8 times the sum at which the
    logit grows by 1, and half of it is a probability of one half.
    """
    weights = generator.integers(-LARGEST_WEIGHT // 2, LARGEST_WEIGHT + 1, players)
    whole = max(abs(int(weights.sum())), LARGEST_WEIGHT)
    return function_of_weight(weights, lambda sums: 1 / (1 + np.exp(4 - 8 * sums / whole)))


def rectified(players: int, generator: np.random.Generator) -> Known:
    """A rectified sum: max(0, Σ_{i∈S} w_i − θ), weights from −10 to 20, θ three quarters of all."""
    weights = generator.integers(-LARGEST_WEIGHT // 2, LARGEST_WEIGHT + 1, players)
    threshold = 0.75 * weights.sum()
    return function_of_weight(weights, lambda sums: np.maximum(sums - threshold, 0))


NAMED: Mapping[str, Family] = {
    "orders 2 to 6": partial(interactions, largest=6),
    "orders 2 to 12": partial(interactions, largest=12),
    "products": products,
    "one product of order 10": partial(one_product, order=10),
    "maximum": maximum,
    "weighted voting, quota 0.9": partial(weighted_voting, quota=0.9),
}
"""Families that the solver was made to be right for: goals hold for each."""

OTHERS: Mapping[str, Family] = {
    "one product of order 4": partial(one_product, order=4),
    "one product of order 20": partial(one_product, order=20),
    "parity of degree 5": partial(parity, degree=5),
    "minimum": minimum,
    "airport, heavy tail": airport,
    "pooled maxima": pooled_maxima,
    "additive and maximum": additive_and_maximum,
    "coverage": coverage,
    "weighted voting, quota 0.5": partial(weighted_voting, quota=0.5),
    "square root of weights": square_root,
    "sigmoid of weights": sigmoid,
    "rectified sum": rectified,
}
"""Families that nothing in the solver was chosen by: what it does on games that it does not know."""

FAMILIES: Mapping[str, Family] = {**NAMED, **OTHERS}


def differences_of(game: Game, members: np.ndarray) -> np.ndarray:
    """v(S) − v(Sᶜ) for every row S."""
    return game(members) - game(~members)
