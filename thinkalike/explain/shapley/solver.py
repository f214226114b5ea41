"""Shapley values from a sample of coalitions, with their uncertainty: kriging of the game.

A game v of M players has an expansion v(z) = Σ_S f_S Π_{i∈S} z_i, with z_i = 1 for a player that is in
the coalition and −1 for one that is not. Its Shapley values depend on the terms of odd degree alone,

    φ_i = 2 Σ_{S∋i, |S| odd} f_S / |S|,

and so do the differences y(z) = (v(z) − v(−z)) / 2 of paired coalitions. KernelSHAP fits the terms of
degree 1 and takes what the others do for noise. Here they are a random field: f_S is Gaussian with
variance σ² Π_{i∈S} c_i, independent of each other, where c_i says how much player i can matter. Then
φ and y are jointly Gaussian, and the posterior mean and covariance of φ given y are closed forms,

    φ̂ = C K⁻¹ y,    Cov(φ | y) = V − C K⁻¹ Cᵀ,

with K = Cov(y, y), C = Cov(φ, y), V = Cov(φ, φ). No expansion is ever written out: over terms of odd
degree K(z, z') = Π_i √(1 − c_i²) · sinh(Σ_i artanh(c_i) z_i z'_i), and C and V are elementary
symmetric polynomials. φ̂ interpolates the game, the full coalition included: Σ φ̂ = v(all) − v(none).

How smooth the game is, is not known. σ² is integrated out under the prior 1/σ², which makes the
posterior a Student's t with as many degrees of freedom as observations; the mean degree of the terms and
how much stronger those of degree 1 are run over a small grid, and results are averaged by marginal
likelihood. For a game of degree at most 2 the weight goes to degree 1 alone: with a few more pairs than
players it is exact, as KernelSHAP is.

Sources: Matheron, The intrinsic random functions, 1973 (kriging); O'Donnell, Analysis of Boolean
functions, 2014, section 1.2 (the expansion); Grabisch, Marichal and Roubens, Equivalent representations
of set functions, 2000 (Shapley values in it); Fumagalli et al., arXiv 2602.01399 (odd part).
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from thinkalike.explain.shapley.coalitions import Design

DEGREES = (2.0, 6.0)
"""Σ c_i: about the mean degree of the terms; two that bracket the networks and games measured."""

STRENGTHS = (1e6, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
"""Variance of the terms of degree 1 over what the others' law would give them."""

LARGEST_SHARE = 0.9
"""Bound on c_i, below 1, where the kernel would end."""

MOST_PAIRS = 4096
"""The kernel of more pairs is too large to factorise for every image."""

EVERY_DEGREE = 31
"""Degrees above are left out of C and V: Σ c_i ≤ 6 leaves them less than 1e-12 of the variance."""

NEGLIGIBLE = 1e-3
"""Weight, beside the largest, under which a point of the grid is left out."""

TINY = 1e-30


@dataclass(frozen=True)
class Estimate:
    """Shapley values of T games of M players.

    Attributes:
        values: (M, T); each column sums to the game's v(all) − v(none).
        standard_errors: (M, T), posterior standard deviations; 0 where values are exact.
        draws: (R, M, T) from the posterior. Games evaluated on the same coalitions err alike: draws from
            the same random numbers covary as their errors do, so that the spread of any function of
            several games over its draws is its standard error.
    """

    values: np.ndarray
    standard_errors: np.ndarray
    draws: np.ndarray


class Solver:
    """Solver for the Shapley values of any games on the coalitions of one design.

    Everything that depends on the design alone is factorised once, in float64.
    """

    def __init__(self, design: Design, relevance: np.ndarray | None = None) -> None:
        """Args:
        design: the coalitions; of an incomplete one at most `MOST_PAIRS` pairs.
        relevance: (M,) positive, how much a player can matter beside the others; only ratios count. By
            default all are equal.
        """
        self.design = design
        if not design.complete:
            self._laws = _laws(design.members, relevance)

    def solve(
        self,
        differences: np.ndarray,
        total: np.ndarray,
        generator: np.random.Generator,
        draws: int = 0,
    ) -> Estimate:
        """Shapley values of T games.

        Args:
            differences: (P, T), v(S) − v(Sᶜ) for the members S of the design.
            total: (T,), v(all) − v(none).
            generator: of the draws; the same for games that are to be compared.
            draws: R.
        """
        observed = np.vstack([total[None], differences]) / 2
        if self.design.complete:
            exact = _summing_to(total, _exact(self.design.members) @ observed)
            return Estimate(exact, np.zeros_like(exact), np.repeat(exact[None], draws, 0))
        # Games of any size alike: in units of their largest value, no constant is small or large.
        size = np.abs(observed).max(0)
        size[size == 0] = 1
        observed = observed / size
        normal = generator.standard_normal((draws, self.design.players, len(observed)))
        results = [law.posteriors(observed) for law in self._laws]
        columns = [
            _averaged(self._laws, [part.game(game) for part in results], normal)
            for game in range(observed.shape[1])
        ]
        values, errors, drawn = (np.stack(part, -1) * size for part in zip(*columns, strict=True))
        return Estimate(_summing_to(total, values), errors, _summing_to(total, drawn))


def _summing_to(total: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (…, M, T) with the rounding of their sums taken out evenly."""
    return values + (total - values.sum(-2))[..., None, :] / max(values.shape[-2], 1)


def _exact(members: np.ndarray) -> np.ndarray:
    """Shapley values from all pairs: (M, 1 + P), to be applied to the halved differences.

    φ_i = Σ_{S∌i} |S|! (M − |S| − 1)! / M! (v(S ∪ i) − v(S)); S and Sᶜ have opposite factors.
    """
    players = members.shape[1]
    inside = np.vstack([np.ones((1, players), bool), members])
    size = inside.sum(1)
    # the share of orders in which exactly these come before player i, |S|! (M − |S| − 1)! / M!
    share = np.array([1 / (players * comb(players - 1, before)) for before in range(players)])
    joined, left = np.r_[0, share], np.r_[share, 0]
    factor: np.ndarray = np.where(inside, joined[size, None], -left[size, None]).T
    return 2 * factor


@dataclass(frozen=True)
class _Posteriors:
    """Posteriors of T games under one law, for each strength of the terms of degree 1."""

    likelihood: np.ndarray  # (strengths, T), logarithm, at the best σ²
    scale: np.ndarray  # (strengths, T), that σ²
    values: np.ndarray  # (strengths, M, T)
    residual: np.ndarray  # (strengths, 1 + P, T), what degree 1 leaves, white in units of σ

    def game(self, game: int) -> "_Posteriors":
        """Posteriors of one game."""
        return _Posteriors(
            self.likelihood[..., game],
            self.scale[..., game],
            self.values[..., game],
            self.residual[..., game],
        )


class _Law:
    """The terms' variances Π_{i∈S} c_i for one Σ c_i, factorised for one design."""

    def __init__(self, signs: np.ndarray, shares: np.ndarray) -> None:
        observations, players = signs.shape
        self.signs, self.shares = signs, shares
        linear = (signs * shares) @ signs.T
        scale = np.exp(0.5 * np.log1p(-(shares**2)).sum())
        kernel = scale * np.sinh((signs * np.arctanh(shares)) @ signs.T) - linear
        # Few players have few terms: hold the kernel off rounding, its own and that of the difference.
        jitter = 1e-10 * np.trace(kernel) + 1e-14 * np.trace(linear)
        kernel[np.diag_indices(observations)] += jitter / observations
        self.cross, self.prior = _moments(signs, shares)
        self.factor = cholesky(kernel, lower=True, overwrite_a=True, check_finite=False)
        self.white = self.whitened(np.hstack([signs, self.cross.T]))
        self.white_signs, self.white_cross = self.white[:, :players], self.white[:, players:]
        self.information = self.white_signs.T @ self.white_signs
        self.explained = self.white_cross.T @ self.white_signs
        self.log_determinant = 2 * np.log(np.diag(self.factor)).sum()
        # Fewer pairs than players leave this matrix almost singular: hold it off rounding.
        least = 1e-13 * np.trace(self.information)
        self.solved = [
            cho_factor(self.information + np.diag(1 / (strength * shares) + least), lower=True)
            for strength in STRENGTHS
        ]

    def whitened(self, observed: np.ndarray) -> np.ndarray:
        result: np.ndarray = solve_triangular(self.factor, observed, lower=True, check_finite=False)
        return result

    def posteriors(self, observed: np.ndarray) -> _Posteriors:
        white = self.whitened(observed)
        score = self.white_signs.T @ white
        higher = self.white_cross.T @ white
        number = len(observed)
        likelihood, scale, values, residual = [], [], [], []
        for strength, factor in zip(STRENGTHS, self.solved, strict=True):
            slopes = cho_solve(factor, score)
            left = white - self.white_signs @ slopes
            unlikely = slopes**2 / (strength * self.shares)[:, None]
            variance = np.maximum(((left**2).sum(0) + unlikely.sum(0)) / number, TINY)
            log_determinant = (
                self.log_determinant
                + 2 * np.log(np.diag(factor[0])).sum()
                + np.log(strength * self.shares).sum()
            )
            likelihood.append(-0.5 * (number * np.log(variance) + log_determinant))
            # The scale is estimated, so the posterior is Student's t: that is its variance.
            scale.append(variance * number / max(number - 2, 1))
            values.append(2 * slopes + higher - self.explained @ slopes)
            residual.append(left)
        return _Posteriors(*map(np.array, (likelihood, scale, values, residual)))

    def covariance(self, strength: int) -> np.ndarray:
        """Posterior covariance of the Shapley values for σ² = 1, (M, M)."""
        lever = 2 * np.eye(len(self.shares)) - self.explained
        return (
            self.prior
            - self.white_cross.T @ self.white_cross
            + lever @ cho_solve(self.solved[strength], lever.T)
        )


def _averaged(
    laws: list[_Law], posteriors: list[_Posteriors], normal: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, standard errors and draws of one game, averaged over laws and strengths."""
    likelihood = np.array([part.likelihood for part in posteriors])
    weight = np.exp(likelihood - likelihood.max())
    weight[weight < NEGLIGIBLE] = 0
    weight /= weight.sum()
    points = np.argwhere(weight)
    players = posteriors[0].values.shape[1]
    values = np.zeros(players)
    for law, strength in points:
        values += weight[law, strength] * posteriors[law].values[strength]
    covariance = np.zeros((players, players))
    for law, strength in points:
        away = posteriors[law].values[strength] - values
        within = posteriors[law].scale[strength] * laws[law].covariance(strength)
        covariance += weight[law, strength] * (within + np.outer(away, away))
    variance = np.maximum(np.diag(covariance), 0)
    law, strength = np.unravel_index(np.argmax(weight), weight.shape)
    residual = posteriors[law].residual[strength]
    # Errors of two games covary as their residuals do.
    direction = residual / max(float(np.linalg.norm(residual)), TINY)
    covariance[np.diag_indices(players)] = variance + 1e-9 * variance.max() + TINY
    root = cholesky(covariance, lower=True)
    return values, np.sqrt(variance), values + (normal @ direction) @ root.T


def _laws(members: np.ndarray, relevance: np.ndarray | None) -> list[_Law]:
    players = members.shape[1]
    weight = np.ones(players) if relevance is None else np.asarray(relevance, float)
    signs = np.where(np.vstack([np.ones((1, players), bool), members]), 1.0, -1.0)
    return [
        _Law(signs, np.minimum(degree * weight / weight.sum(), LARGEST_SHARE)) for degree in DEGREES
    ]


def _moments(signs: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """C (M, 1 + P) and V (M, M) of the terms of degree 3, 5, … for σ² = 1.

    C_i(z) = 2 c_i z_i Σ_d e_{d−1}(c z without i) / d and V_ij = 4 c_i c_j Σ_d e_{d−2}(c without i, j) / d²
    (i = j: 4 c_i Σ_d e_{d−1}(c without i) / d²), with e_k the elementary symmetric polynomials. Without
    one variable x they follow from those with it: e_k(without x) = e_k − x e_{k−1}(without x).
    """
    players = len(shares)
    degrees = min(players, EVERY_DEGREE)
    terms = shares * signs
    with_all = _symmetric(terms, degrees)
    with_all_shares = _symmetric(shares[None], degrees)[:, 0]
    without, without_one = np.ones_like(terms), np.ones(players)
    without_two = np.ones((players, players))
    cross = np.zeros_like(terms)
    prior, diagonal = np.zeros((players, players)), np.zeros(players)
    for k in range(1, degrees):
        # here e_k of the terms without one, e_{k−1} of those without two
        without = with_all[k][:, None] - terms * without
        without_one = with_all_shares[k] - shares * without_one
        if k % 2 == 0:
            cross += 2 / (k + 1) * without
            diagonal += 4 / (k + 1) ** 2 * without_one
            prior += 4 / (k + 1) ** 2 * without_two
        without_two = without_one[:, None] - shares * without_two
    prior *= np.outer(shares, shares)
    prior[np.diag_indices(players)] = shares * diagonal
    return (cross * terms).T, prior


def _symmetric(values: np.ndarray, degrees: int) -> np.ndarray:
    """Elementary symmetric polynomials of rows: (n, M) → (degrees + 1, n)."""
    result = np.zeros((degrees + 1, len(values)))
    result[0] = 1
    for column in values.T:
        result[1:] += column * result[:-1]
    return result
