"""Laws for games: what may be expected of a game before it has been evaluated.

A law says how the values of a random game v on two coalitions covary. Those here are made of product
kernels, Cov(v(S), v(S')) = Π_i q_i, where q_i is 1 if player i is in both coalitions, b_i if it is in
one, and a_i if it is in neither:

* **interactions** (a = 1, b = (1 − c) / (1 + c)): v(z) = Σ_S f_S Π_{i∈S} z_i, with z_i = 1 for a player
  that is in the coalition and −1 for one that is not, and independent f_S of variance Π_{i∈S} c_i. Such
  a game varies alike everywhere;
* **dividends** (a = b = 1 − p): v(S) = Σ_{T⊆S} a_T, with independent a_T of variance Π_{i∈T} p_i
  Π_{i∉T} (1 − p_i). These are sums of unanimity games, whose sets T have every player i with
  probability p_i. They vary most on the largest and the smallest coalitions, as games do that saturate:
  max, min, products, votes with a quota.

Only the odd part y(S) = (v(S) − v(Sᶜ)) / 2 tells of Shapley values; its covariances are sums of four of
these. Shapley values are φ_i = ∫₀¹ ∂_i ṽ(t, …, t) dt with ṽ the multilinear extension of v, which makes
one factor of a product for every player, too: all integrals are over polynomials in t.

Sources: O'Donnell, Analysis of Boolean functions, 2014, section 1.2 (interactions of signs); Harsanyi,
A simplified bargaining model for the n-person cooperative game, 1963 (dividends); Owen, Multilinear
extensions of games, 1972 (the integral).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

DEGREES = (2.0, 6.0)
"""Σ c_i: about the mean degree of the interactions; two that bracket the networks and games measured."""

LARGEST_SHARE = 0.9
"""Bound on c_i, below 1, where the kernel would end."""

PARTS = (0.03, 0.06, 0.16, 0.4, 0.7, 0.94)
"""Mean parts of all players that are in the sets of dividends: mixed, for sets of every size."""

ALONE = (0.06, 0.16)
"""Mean parts, out of `PARTS`, that make a law by themselves."""

POWERS = (0, 1, 2)
"""Powers of a part that are its weights in a mixture: from sets of any size alike to large ones foremost.
Mixtures of large sets come with a function of the number of players added, too."""

SIZE_STRENGTH = 10.0
"""Variance of a function of the number of players over that of the terms of single players."""

STRENGTH_DEGREE = 2.0
"""Σ c_i of the terms of single players that are added to a law of dividends."""

NODES = 3.0
"""Nodes of the quadrature over √M: within 1e-12 of the exact integrals (⌈M / 2⌉ nodes) for 400 players."""


@dataclass(frozen=True)
class Covariances:
    """Second moments of a random game of M players: its odd part y on N coalitions and its values φ.

    Attributes:
        kernel: (N, N), Cov(y, y).
        cross: (M, N), Cov(φ, y).
        prior: (M, M), Cov(φ, φ).
    """

    kernel: np.ndarray
    cross: np.ndarray
    prior: np.ndarray

    def __add__(self, other: "Covariances") -> "Covariances":
        return Covariances(
            self.kernel + other.kernel, self.cross + other.cross, self.prior + other.prior
        )

    def times(self, factor: float) -> "Covariances":
        """Covariances of the game times √factor."""
        return Covariances(factor * self.kernel, factor * self.cross, factor * self.prior)

    def with_variance(self, total: float) -> "Covariances":
        """Covariances scaled so that the variances of all Shapley values add up to `total`."""
        return self.times(total / np.trace(self.prior))


@dataclass(frozen=True)
class Law:
    """A law, and the terms of single players that may be stronger than it says.

    Attributes:
        covariances: for σ² = 1.
        shares: (M,), variances of the terms f_i z_i of single players, in proportion.
    """

    covariances: Covariances
    shares: np.ndarray


def laws(signs: np.ndarray, relevance: np.ndarray) -> Iterator[Law]:
    """Laws between which a game may choose, one after the other: each is large.

    Args:
        signs: (N, M) coalitions, 1 for a player that is in and −1 for one that is not; the full one
            comes first.
        relevance: (M,) positive, how much a player can matter beside the others; only ratios count.
    """
    ratio = relevance / relevance.mean()
    for degree in DEGREES:
        shares = _shares(degree, ratio)
        yield Law(interactions(signs, shares), shares)
    shares = _shares(STRENGTH_DEGREE, ratio)
    single = 4 * shares.sum()
    size = by_size(signs).times(SIZE_STRENGTH * shares.sum())
    mixtures: list[Covariances] = []
    for part in PARTS:
        law = dividends(signs, part, ratio)
        weighted = [law.times(part**power) for power in POWERS]
        mixtures = (
            [a + b for a, b in zip(mixtures, weighted, strict=True)] if mixtures else weighted
        )
        if part in ALONE:
            yield Law(law.with_variance(single), shares)
    for power, mixture in zip(POWERS, mixtures, strict=True):
        law = mixture.with_variance(single)
        yield Law(law, shares)
        if power:
            yield Law(law + size, shares)


def _shares(degree: float, ratio: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.minimum(degree * ratio / len(ratio), LARGEST_SHARE)
    return result


def interactions(signs: np.ndarray, shares: np.ndarray) -> Covariances:
    """Covariances of a game of interactions of degree 3, 5, …, of variance Π_{i∈S} c_i.

    Args:
        signs: (N, M).
        shares: c (M,), below 1.
    """
    scale = np.exp(np.log1p(shares).sum())
    everything = _of_products(signs, np.ones_like(shares), (1 - shares) / (1 + shares)).times(scale)
    single = signs * shares
    return everything + Covariances(-single @ signs.T, -2 * single.T, -4 * np.diag(shares))


def dividends(signs: np.ndarray, part: float, ratio: np.ndarray) -> Covariances:
    """Covariances of a game of independent dividends of sets that have each player with probability p_i.

    Args:
        signs: (N, M).
        part: p_i / (1 − p_i) is `ratio` times that of this part, 0 < part < 1.
        ratio: (M,), relevance over its mean.
    """
    odds = part * ratio
    absent = (1 - part) / (1 - part + odds)
    return _of_products(signs, absent, absent)


def by_size(signs: np.ndarray) -> Covariances:
    """Covariances of a game of the number of players alone: a random walk from one number to the next.

    Its odd part has variance 1 on the full coalition. All players get the same.

    Args:
        signs: (N, M), the full coalition first.
    """
    players = signs.shape[1]
    excess = signs.sum(1)
    both, one = np.abs(excess), np.sign(excess)
    kernel = np.outer(one, one) * np.minimum.outer(both, both) / players
    cross = np.repeat(2 / players * kernel[:1], players, 0)
    return Covariances(kernel, cross, np.full((players, players), (2 / players) ** 2))


def _of_products(signs: np.ndarray, neither: np.ndarray, one: np.ndarray) -> Covariances:
    """Covariances under a product kernel.

    With t the coordinate of all players, E(t, S) the factor of a player for t and S, and D its
    derivative by t, Cov(φ_i, v(S)) = ∫ D_i Π_{j≠i} E_j dt and Cov(φ_i, φ_j) is the same over t and t'.

    Args:
        signs: (N, M).
        neither, one: a, b (M,).
    """
    inside = (signs > 0).astype(float)
    outside = 1 - inside
    nodes, weights = _quadrature(signs.shape[1])
    present = nodes + (1 - nodes) * one
    missing = nodes * one + (1 - nodes) * neither
    log_present, log_missing = np.log(present), np.log(missing)
    # D / E of a player that is in S, and of one that is not
    rise, rise_missing = (1 - one) / present, (one - neither) / missing
    products = np.exp(inside @ log_present.T + outside @ log_missing.T) * weights
    opposite = np.exp(outside @ log_present.T + inside @ log_missing.T) * weights
    cross = inside * (products @ rise - opposite @ rise_missing)
    cross += outside * (products @ rise_missing - opposite @ rise)
    return Covariances(
        _kernel(inside, neither, one), cross.T / 2, _prior(neither, one, nodes, weights)
    )


def _kernel(inside: np.ndarray, neither: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Cov(y, y) (N, N) under a product kernel.

    With s_i = 1 for a player that is in S, else 0, log Π q_i is the sum of log a_i, of
    (log b_i − log a_i)(s_i + s'_i) and of (log a_i − 2 log b_i) s_i s'_i over players. The last serves
    complements, too, where 1 − s_i replaces s_i.
    """
    log_neither, log_one = np.log(neither), np.log(one)
    joint = (inside * (log_neither - 2 * log_one)) @ inside.T
    first = inside @ (log_one - log_neither)
    last = inside @ log_one
    result: np.ndarray = np.exp(joint + first[:, None] + (first + log_neither.sum()))
    result += np.exp(joint + last[:, None] + last)
    opposite = np.exp(
        -joint - last[:, None] + (log_one - log_neither).sum() - first + log_neither.sum()
    )
    result -= opposite
    result -= opposite.T
    result /= 4
    return result


def _prior(
    neither: np.ndarray, one: np.ndarray, nodes: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    players = len(one)
    first = np.repeat(nodes, len(nodes), 0)
    second = np.tile(nodes, (len(nodes), 1))
    product = first * second
    factor = product + (first + second - 2 * product) * one
    factor += (1 - first - second + product) * neither
    weight = np.outer(weights, weights).ravel() * factor.prod(1)
    by_first = (second * (1 - one) + (1 - second) * (one - neither)) / factor
    by_second = (first * (1 - one) + (1 - first) * (one - neither)) / factor
    result: np.ndarray = (by_first * weight[:, None]).T @ by_second
    both = (1 - 2 * one + neither) / factor
    result[np.diag_indices(players)] += weight @ (both - by_first * by_second)
    return (result + result.T) / 2


def _quadrature(players: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (n, 1) in [0, 1] and weights (n,) of Gauss and Legendre's rule, for M players."""
    number = min((players + 1) // 2, ceil(NODES * sqrt(players)))
    nodes, weights = np.polynomial.legendre.leggauss(number)
    return (nodes[:, None] + 1) / 2, weights / 2
