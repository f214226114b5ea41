"""Shapley values from a sample of coalitions, with their uncertainty: kriging of the game.

The Shapley values φ of a game v of M players depend on its odd part y(S) = (v(S) − v(Sᶜ)) / 2 alone.
KernelSHAP fits a sum over players to it and takes what is left for noise. Here the game is a Gaussian
random field: `laws` has several for games that vary alike everywhere and for games that saturate. Under
each, φ and y are jointly Gaussian, and the posterior mean and covariance of φ given y are closed forms,

    φ̂ = C K⁻¹ y,    Cov(φ | y) = V − C K⁻¹ Cᵀ,

with K = Cov(y, y), C = Cov(φ, y), V = Cov(φ, φ). φ̂ interpolates the game, the full coalition included:
Σ φ̂ = v(all) − v(none).

Which law fits the game is not known. σ² is integrated out under the prior 1/σ², which makes the
posterior a Student's t with as many degrees of freedom as observations; laws, and how much stronger the
terms of single players are than they say, are a small grid, and results are averaged by marginal
likelihood. For a game of degree at most 2 the weight goes to single players alone: with five more pairs
than players the error is under 2e-4 of the largest value.

No law fits every game, so standard errors are checked against the game itself. r_z is what the others
predict wrongly of observation z, and φ̂ would change by A_z r_z without it, with A = C K⁻¹. Under the law
r_z has variance σ² / (K⁻¹)_zz. Where Σ_z |A_z|² r_z² is larger than expected, errors are widened by as
much.

Sources: Matheron, The intrinsic random functions, 1973 (kriging); Rasmussen and Williams, Gaussian
processes for machine learning, 2006, section 5.4.2 (leave-one-out residuals); Fumagalli et al.,
arXiv 2602.01399 (odd part).
"""

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from thinkalike.explain.shapley.coalitions import Design
from thinkalike.explain.shapley.laws import Law, laws

STRENGTHS = (1e6, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.01)
"""Variance of the terms of single players that is added, over what a law's shares say."""

MOST_PAIRS = 4096
"""The kernel of more pairs is too large to factorise for every image."""

NEGLIGIBLE = 1e-6
"""Weight, beside the largest, under which a point of the grid is left out."""

CHECKED = 10.0
"""Number of observations that the trust in a law's standard errors counts for."""

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
            members = np.vstack([np.ones((1, design.players), bool), design.members])
            signs = np.where(members, 1.0, -1.0)
            weight = np.ones(design.players) if relevance is None else np.asarray(relevance, float)
            self._fits = [_Fit(signs, law) for law in laws(signs, weight)]

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
        results = [fit.posteriors(observed) for fit in self._fits]
        columns = [
            _averaged(self._fits, [part.game(game) for part in results], normal)
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
    """Posteriors of T games under one law, for each strength of the terms of single players."""

    likelihood: np.ndarray  # (strengths, T), logarithm, at the best σ²
    scale: np.ndarray  # (strengths, T), that σ²
    values: np.ndarray  # (strengths, M, T)
    residual: np.ndarray  # (strengths, 1 + P, T), what single players leave, white in units of σ

    def game(self, game: int) -> "_Posteriors":
        """Posteriors of one game."""
        return _Posteriors(
            self.likelihood[..., game],
            self.scale[..., game],
            self.values[..., game],
            self.residual[..., game],
        )


class _Fit:
    """One law on one design, factorised: the posteriors of any game under it."""

    def __init__(self, signs: np.ndarray, law: Law) -> None:
        observations, players = signs.shape
        self.shares, self.prior = law.shares, law.covariances.prior
        kernel = law.covariances.kernel.copy()
        # Few players have few terms: hold the kernel off rounding, its own and that of the difference.
        jitter = 1e-10 * np.trace(kernel) + 1e-14 * observations * self.shares.sum()
        kernel[np.diag_indices(observations)] += jitter / observations
        self.factor = cholesky(kernel, lower=True, overwrite_a=True, check_finite=False)
        self.white = self.whitened(np.hstack([signs, law.covariances.cross.T]))
        self.white_signs, self.white_cross = self.white[:, :players], self.white[:, players:]
        self.information = self.white_signs.T @ self.white_signs
        self.explained = self.white_cross.T @ self.white_signs
        self.log_determinant = 2 * np.log(np.diag(self.factor)).sum()
        # Fewer pairs than players leave this matrix almost singular: hold it off rounding.
        least = 1e-13 * np.trace(self.information)
        self.solved = [
            cho_factor(self.information + np.diag(1 / (strength * self.shares) + least), lower=True)
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

    @cached_property
    def _inverse(self) -> np.ndarray:
        """Inverse of the factor."""
        return self.whitened(np.eye(len(self.factor)))

    def misfit(self, strength: int, residual: np.ndarray, scale: float) -> float:
        """Factor ≥ 1 by which the game's own observations widen the variance of its Shapley values.

        Args:
            strength: number in `STRENGTHS`.
            residual: (1 + P,) of `_Posteriors`.
            scale: σ².
        """
        on_signs = self._inverse.T @ self.white_signs
        slopes = cho_solve(self.solved[strength], on_signs.T)
        # φ̂ is this times y
        levers = (2 * np.eye(len(self.shares)) - self.explained) @ slopes
        levers += (self._inverse.T @ self.white_cross).T
        precision = (self._inverse**2).sum(0) - (on_signs.T * slopes).sum(0)
        wrong = self._inverse.T @ residual / precision
        weight = (levers**2).sum(0)
        # the sum of the values is known: the full coalition tells nothing of their error
        expected = (weight * scale / precision)[1:]
        seen = float((weight * wrong**2)[1:].sum())
        if expected.sum() <= TINY:
            return 1.0
        number = expected.sum() ** 2 / (expected**2).sum()
        ratio = seen / expected.sum()
        return max(1.0, float((CHECKED + number * ratio) / (CHECKED + number)))

    def covariance(self, strength: int) -> np.ndarray:
        """Posterior covariance of the Shapley values for σ² = 1, (M, M)."""
        lever = 2 * np.eye(len(self.shares)) - self.explained
        return (
            self.prior
            - self.white_cross.T @ self.white_cross
            + lever @ cho_solve(self.solved[strength], lever.T)
        )


def _averaged(
    fits: list[_Fit], posteriors: list[_Posteriors], normal: np.ndarray
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
        within = posteriors[law].scale[strength] * fits[law].covariance(strength)
        covariance += weight[law, strength] * (within + np.outer(away, away))
    law, strength = map(int, np.unravel_index(np.argmax(weight), weight.shape))
    best = posteriors[law]
    residual = best.residual[strength]
    covariance *= fits[law].misfit(strength, residual, best.scale[strength])
    variance = np.maximum(np.diag(covariance), 0)
    # Errors of two games covary as their residuals do.
    direction = residual / max(float(np.linalg.norm(residual)), TINY)
    covariance[np.diag_indices(players)] = variance + 1e-9 * variance.max() + TINY
    root = cholesky(covariance, lower=True)
    return values, np.sqrt(variance), values + (normal @ direction) @ root.T
