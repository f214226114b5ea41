"""Games whose Shapley values are known: sums of unanimity games, and all orders of a few players."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from thinkalike.explain.shapley.coalitions import Design
from thinkalike.explain.shapley.solver import Estimate, Solver

Value = Callable[[np.ndarray], np.ndarray]
"""Coalitions (n, M) bool → values (n,)."""


@dataclass(frozen=True)
class Unanimity:
    """v(S) = Σ a_T over the sets T that S contains: every game is one such sum (Harsanyi, 1963).

    All of a set are needed and none of them more than another: φ_i = Σ_{T∋i} a_T / |T|.
    """

    sets: np.ndarray
    dividends: np.ndarray

    def __call__(self, coalitions: np.ndarray) -> np.ndarray:
        members = self.sets.astype(np.float32)
        missing = (~coalitions).astype(np.float32) @ members.T
        return (missing == 0) @ self.dividends

    @property
    def shapley(self) -> np.ndarray:
        return (self.dividends / self.sets.sum(1)) @ self.sets


def unanimity(players: int, order: int, seed: int, sets: int = 400) -> Unanimity:
    """Every player alone, and `sets` random sets of two to `order` of them; standard normal dividends."""
    rng = np.random.default_rng([players, order, seed])
    sizes = rng.integers(2, order + 1, sets)
    ranks = rng.random((sets, players)).argsort(1).argsort(1)
    together = ranks < sizes[:, None]
    return Unanimity(
        np.concatenate([np.eye(players, dtype=bool), together]),
        rng.standard_normal(players + sets),
    )


def every_coalition(players: int) -> np.ndarray:
    """(2^M, M) bool."""
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def over_all_orders(game: Value, players: int) -> np.ndarray:
    """Shapley values as they are defined: the mean of v(before and i) − v(before) over all orders."""
    values = game(every_coalition(players))
    total, orders = np.zeros(players), 0
    for order in permutations(range(players)):
        before = 0
        for player in order:
            total[player] += values[before | 1 << player] - values[before]
            before |= 1 << player
        orders += 1
    return total / orders


def differences(game: Value, design: Design) -> tuple[np.ndarray, float]:
    """What a game answers to a design: v(S) − v(Sᶜ), and v(all) − v(none)."""
    ends = game(np.stack([np.ones(design.players, bool), np.zeros(design.players, bool)]))
    return game(design.members) - game(~design.members), float(ends[0] - ends[1])


def solved(game: Value, design: Design, seed: int = 0, draws: int = 0, **settings) -> Estimate:
    """The estimate for one game; arrays without the axis of games."""
    found, total = differences(game, design)
    generator = np.random.default_rng(seed)
    estimate = Solver(design, **settings).solve(found[:, None], np.array([total]), generator, draws)
    return Estimate(estimate.values[:, 0], estimate.standard_errors[:, 0], estimate.draws[:, :, 0])


def relative_error(estimate: np.ndarray, exact: np.ndarray) -> float:
    """‖estimate − exact‖² / ‖exact‖²."""
    return float(((estimate - exact) ** 2).sum() / (exact**2).sum())
