"""Shapley values from few evaluations: how wrong, beside the newest peers, and how well that is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks import digits, games, newest
from benchmarks.accuracy import NORMAL, PLAYERS, relative
from benchmarks.common import Goal, Row
from benchmarks.digits import OUTPUTS, NetworkGame, Remembered
from thinkalike.explain.shapley.coalitions import draw
from thinkalike.explain.shapley.solver import Solver
from thinkalike.randomness import generator, integer_seed

LEAST = 0
"""Stands for as many evaluations as players, and two."""
ERROR = "Squared relative error"
COVERAGE = "Coverage of 95 % intervals"
WIDTH = "Width of 95 % intervals"


@dataclass(frozen=True)
class Estimated:
    """What estimates of one game at one budget come to.

    Attributes:
        ours: Σ (φ̂ − φ)² / Σ φ².
        peers: the same of each peer; empty where none was asked.
        coverage: share of values in their interval, of those that are uncertain at all; NaN if none is.
        width: mean width of our intervals over the root mean square of φ.
    """

    ours: float
    peers: Mapping[str, float]
    coverage: float
    width: float


def estimated(
    values: np.ndarray,
    standard_errors: np.ndarray,
    true: np.ndarray,
    peers: Mapping[str, np.ndarray],
    true_error: float = 0.0,
) -> Estimated:
    """Estimates (M,) of one game beside its Shapley values (M,).

    Args:
        values, standard_errors: ours.
        true: the values, or a reference for them.
        peers: estimates of others.
        true_error: standard error of the reference, which is taken out of the test of intervals.
    """
    uncertain = standard_errors > 0
    bound = NORMAL * np.sqrt(standard_errors**2 + true_error**2)
    inside = (np.abs(values - true) <= bound)[uncertain]
    size = np.sqrt((true**2).mean())
    return Estimated(
        float(relative(values, true)),
        {name: float(relative(found, true)) for name, found in peers.items()},
        float(inside.mean()) if len(inside) else np.nan,
        float(2 * NORMAL * standard_errors.mean() / size),
    )


Cases = dict[tuple[str, int], list[Estimated]]
"""What is asked, evaluations → an estimate for each game and seed."""


def of_families(number: int, budgets: Sequence[int], beside: bool) -> Cases:
    """The game of every family that has this number; all are asked about the same coalitions.

    Args:
        number: of the games and of the coalitions.
        budgets: evaluations, `LEAST` among them.
        beside: whether peers are asked, too.
    """
    known = {
        name: family(PLAYERS, generator(0, "family", name, number))
        for name, family in games.FAMILIES.items()
    }
    ends = np.ones((1, PLAYERS), bool)
    total = np.array([games.differences_of(each.game, ends)[0] for each in known.values()])
    cases: Cases = {}
    for budget in budgets:
        evaluations = budget or PLAYERS + 2
        design = draw(PLAYERS, evaluations, generator(0, "design", evaluations, number))
        differences = [games.differences_of(each.game, design.members) for each in known.values()]
        ours = Solver(design).solve(np.stack(differences, 1), total, np.random.default_rng(0))
        for column, (name, each) in enumerate(known.items()):
            peers = peer_estimates(each.game, PLAYERS, evaluations, number) if beside else {}
            values, errors = ours.values[:, column], ours.standard_errors[:, column]
            cases[name, budget] = [estimated(values, errors, each.values, peers)]
    return cases


def peer_estimates(
    game: games.Game, players: int, evaluations: int, seed: int
) -> dict[str, np.ndarray]:
    """Estimates (M,) of the newest peers; one that does not take so few evaluations gives zeros."""
    found = {}
    for name, estimate in newest.ESTIMATORS.items():
        try:
            found[name] = estimate(game, players, evaluations, seed)
        except ValueError:
            found[name] = np.zeros(players)
    return found


def of_network(
    game: NetworkGame,
    truth: tuple[np.ndarray, np.ndarray],
    budgets: Sequence[int],
    seeds: Sequence[int],
) -> Cases:
    """Logit and probability of a network, explained as in a study, and the peers on its games.

    Args:
        game: of the network and an image.
        truth: values (2, M) of a reference and their errors (2, M), for logit and probability.
        budgets: evaluations, `LEAST` among them.
        seeds: of estimates.
    """
    remembered = Remembered(game)
    segments = int(game.segments.max()) + 1
    numbers = np.array([integer_seed(0, "estimates", seed) >> 32 for seed in seeds])
    cases: Cases = {}
    for budget in budgets:
        evaluations = budget or segments + 2
        for output, name in enumerate(OUTPUTS):
            true, error = truth[0][output], float(np.sqrt((truth[1][output] ** 2).mean()))
            ours = digits.explained(game, name, numbers, evaluations)
            values = ours.maps.coefficients[:, game.playing]
            errors = ours.standard_errors[:, game.playing]
            cases[name, budget] = [
                estimated(
                    values[k],
                    errors[k],
                    true,
                    peer_estimates(remembered.of(output), game.players, evaluations, int(number)),
                    error,
                )
                for k, number in enumerate(numbers)
            ]
    return cases


def together(parts: Sequence[Cases]) -> Cases:
    """All estimates of what is asked, from those of single games."""
    whole: Cases = {}
    for cases in parts:
        for what, found in cases.items():
            whole.setdefault(what, []).extend(found)
    return whole


def rows(cases: Cases, goals: Sequence[str], about: str = "") -> list[Row]:
    """Median errors, mean coverage and mean width for everything that is asked and every budget.

    Args:
        cases: the estimates.
        goals: what goals hold for: each peer's error at 100 evaluations and more, and coverage.
        about: what stands before the name of what is asked.
    """
    result = []
    for (name, budget), found in cases.items():
        of = f"{about}{name}, {label(budget)}"
        goal = Goal("ratio", most=1.0) if name in goals and budget != LEAST else None
        beside = [each for each in found if each.peers]
        for peer in newest.ESTIMATORS:
            ours, theirs = (
                float(np.median([each.ours for each in beside])),
                float(np.median([each.peers[peer] for each in beside])),
            )
            result.append(Row(f"{ERROR}: {of}", peer, ours, theirs, goal))
        if not newest.ESTIMATORS:
            result.append(Row(f"{ERROR}: {of}", "", float(np.median([e.ours for e in found]))))
        share = float(np.nanmean([each.coverage for each in found]))
        goal = Goal("ours", 0.92, 0.99) if name in goals else None
        result.append(Row(f"{COVERAGE}: {of}", "", share, goal=goal))
        width = float(np.mean([each.width for each in found]))
        result.append(Row(f"{WIDTH}: {of}", "", width))
    return result


def label(budget: int) -> str:
    """Evaluations in words of the table."""
    return "M + 2" if budget == LEAST else str(budget)
