"""How near estimated Shapley values are to the true ones, and how well that is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks import digits, games
from benchmarks.common import Goal, Row
from benchmarks.digits import BLIND, METHODS, OURS, OUTPUTS, REGRESSION, Measured
from benchmarks.peers import ESTIMATORS
from thinkalike.explain.shapley.coalitions import draw
from thinkalike.explain.shapley.solver import Estimate, Solver
from thinkalike.randomness import generator

CAPTUM = "captum KernelShap"
PLAYERS = 50
"""Players of the games in closed form."""
ORDERS = {2: 1e-6, 6: 0.20, 12: 0.45}
"""Largest interaction of a game → the error that is allowed."""
NORMAL = 1.96
"""Standard errors on either side of an estimate that make its 95 % interval."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        models, images, seeds: of the games that trained networks play.
        evaluations: of every estimate.
        exact: evaluations of a reference.
        games: in closed form, for each kind.
        simulated: games for the coverage of intervals.
        workers: processes.
    """

    models: tuple[str, ...]
    images: int = 8
    seeds: int = 5
    evaluations: int = 350
    exact: int = 40_000
    games: int = 20
    simulated: int = 500
    workers: int = 2


class Accuracy:
    """The parts that compare Shapley values; they share the estimates about the trained networks."""

    def __init__(self, effort: Effort, progress: Callable[[str], None] = print) -> None:
        self.effort, self.progress = effort, progress

    @cached_property
    def measured(self) -> dict[str, list[Measured]]:
        e = self.effort
        return digits.measure_all(
            e.models,
            e.images,
            workers=e.workers,
            progress=lambda key: self.progress(f"  {key}: estimates and references are there"),
            evaluations=e.evaluations,
            seeds=e.seeds,
            exact=e.exact,
        )

    def groups(self) -> dict[str, list[Measured]]:
        """The games of all models, and those of each."""
        return {"all models": [m for ms in self.measured.values() for m in ms], **self.measured}

    def accuracy(self) -> list[Row]:
        """Σ (φ̂ − φ)² / Σ φ² for the trained networks: medians over images and seeds."""
        e = self.effort
        rows = []
        for output, name in enumerate(OUTPUTS):
            what = f"Squared relative error, {name}, {e.evaluations} evaluations"
            by_model = {
                key: {method: _errors(cases, method, output) for method in METHODS}
                for key, cases in self.measured.items()
            }
            pooled = {
                method: np.concatenate([errors[method] for errors in by_model.values()])
                for method in METHODS
            }
            goals = _goals(asked=name == "logit")
            for peer in (*ESTIMATORS, BLIND, REGRESSION):
                rows.append(_error_row(f"{what}: all models", pooled, peer, goals.get(peer)))
            for key, errors in by_model.items():
                others = [peer for peer in ESTIMATORS if peer != CAPTUM]
                best = min(others, key=lambda peer: float(np.median(errors[peer])))
                for peer in (CAPTUM, best):
                    rows.append(_error_row(f"{what}: {key}", errors, peer, goals.get(peer)))
            own = [
                (m.reference_error[output] ** 2).sum() / (m.reference[output] ** 2).sum()
                for m in self.groups()["all models"]
            ]
            rows.append(Row(f"{what}: the reference itself", "", float(np.median(own))))
        return rows

    def closed_form(self) -> list[Row]:
        """Σ (φ̂ − φ)² / Σ φ² for games of interactions of known Shapley values: medians over games."""
        e = self.effort
        rows = []
        for largest, allowed in ORDERS.items():
            errors: dict[str, list[float]] = {name: [] for name in (OURS, *ESTIMATORS)}
            for number in range(e.games):
                known = games.interactions(
                    PLAYERS, generator(0, "interactions", largest, number), largest
                )
                values = {OURS: _solved(known.game, PLAYERS, e.evaluations, number).values[:, 0]}
                for name, estimate in ESTIMATORS.items():
                    values[name] = estimate(known.game, PLAYERS, e.evaluations, number)
                for name, found in values.items():
                    errors[name].append(relative(found, known.values))
            orders = "order 2" if largest == 2 else f"orders 2 to {largest}"
            what = (
                f"Squared relative error, closed form, {PLAYERS} players, "
                f"{e.evaluations} evaluations: {orders}"
            )
            ours = float(np.median(errors[OURS]))
            for name in ESTIMATORS:
                goal = Goal("ours", most=allowed) if name == CAPTUM else None
                rows.append(Row(what, name, ours, float(np.median(errors[name])), goal))
        return rows

    def coverage(self) -> list[Row]:
        """The share of Shapley values inside their 95 % intervals."""
        inside: dict[str, list[np.ndarray]] = {}
        for number in range(self.effort.simulated):
            kind, known, evaluations = _simulated(number)
            players = len(known.values)
            found = _solved(known.game, players, evaluations, number)
            inside.setdefault(kind, []).append(
                _covered(found.values[:, 0], found.standard_errors[:, 0], known.values)
            )
        what = "Coverage of 95 % intervals"
        pooled = np.concatenate([c for parts in inside.values() for c in parts])
        goal = Goal("ours", 0.92, 0.98)
        rows = [
            Row(
                f"{what}: all {self.effort.simulated} simulated games",
                "",
                float(pooled.mean()),
                goal=goal,
            )
        ]
        for kind, parts in sorted(inside.items()):
            rows.append(Row(f"{what}: simulated, {kind}", "", float(np.concatenate(parts).mean())))
        for output, name in enumerate(OUTPUTS):
            for key, cases in self.groups().items():
                parts = [
                    _covered(
                        m.estimates[OURS][output], m.standard_errors[output], m.reference[output]
                    )
                    for m in cases
                ]
                share = float(np.concatenate(parts).mean())
                rows.append(Row(f"{what}: {key}, {name}, against the reference", "", share))
            rows.append(
                Row(
                    f"{what}: the reference's own error over our standard error, {name}, "
                    "root mean squares",
                    "",
                    self._reference_share(output),
                )
            )
        return rows

    def _reference_share(self, output: int) -> float:
        cases = self.groups()["all models"]
        own = np.concatenate([m.reference_error[output] for m in cases])
        ours = np.concatenate([m.standard_errors[output].ravel() for m in cases])
        return float(np.sqrt(np.mean(own**2) / np.mean(ours**2)))


def _goals(asked: bool) -> dict[str, Goal]:
    if not asked:
        return {}
    return {name: Goal("ratio", most=0.2 if name == CAPTUM else 1.0) for name in ESTIMATORS}


def _error_row(measure: str, errors: dict[str, np.ndarray], peer: str, goal: Goal | None) -> Row:
    return Row(measure, peer, _median(errors[OURS]), _median(errors[peer]), goal)


def _median(values: np.ndarray) -> float:
    return float(np.median(values))


def _errors(cases: Sequence[Measured], method: str, output: int) -> np.ndarray:
    """Of every image and seed."""
    return np.concatenate(
        [relative(m.estimates[method][output], m.reference[output]) for m in cases]
    )


def relative(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Squared error over squared norm, (…, M) against (M,) → (…)."""
    return ((found - true) ** 2).sum(-1) / (true**2).sum()


def _solved(game: games.Game, players: int, evaluations: int, number: int) -> Estimate:
    """Our estimate about one game, of which nothing but its values is known."""
    design = draw(players, evaluations, np.random.default_rng(number))
    total = games.differences_of(game, np.ones((1, players), bool))
    differences = games.differences_of(game, design.members)
    return Solver(design).solve(differences[:, None], total, np.random.default_rng(0))


def _simulated(number: int) -> tuple[str, games.Known, int]:
    """A game of the four kinds in turn, with one of three sizes and budgets: kind, game, budget."""
    rng = generator(0, "coverage", number)
    players, evaluations = ((20, 150), (35, 250), (PLAYERS, 350))[rng.integers(3)]
    kinds = {
        "interactions of orders 2 to 4": lambda: games.interactions(players, rng, 4),
        "interactions of orders 2 to 6": lambda: games.interactions(players, rng, 6),
        "interactions of orders 2 to 12": lambda: games.interactions(players, rng, 12),
        "products": lambda: games.products(players, rng),
    }
    kind = list(kinds)[number % len(kinds)]
    return kind, kinds[kind](), evaluations


def _covered(found: np.ndarray, errors: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Whether values lie within 1.96 standard errors, for those that are uncertain at all."""
    return (np.abs(found - true) <= NORMAL * errors)[errors > 0]
