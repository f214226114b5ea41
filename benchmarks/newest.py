"""The newest estimators of Shapley values, those of shapiq 1.8, from a folder of their own.

shapiq 1.8 says that it needs Python 3.12, and its proxies need XGBoost and LightGBM: `make bench-peers`
puts all three into resources/peers, beside the environment and not into it. Where that folder is, every
peer of shapiq in this process is of that version; where it is not, `ESTIMATORS` is empty and `MISSING`
says what to do.
"""

import sys
import typing
import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import typing_extensions

from benchmarks.games import Game

FOLDER = Path("resources/peers")

if FOLDER.is_dir():
    sys.path.insert(0, str(FOLDER.absolute()))
    if not hasattr(typing, "override"):  # Python 3.11, which lacks this and no more
        typing.override = typing_extensions.override

from shapiq import approximator  # noqa: E402 (of the folder, if it is there)

Estimator = Callable[[Game, int, int, int], np.ndarray]
"""Game, players, evaluations, seed → Shapley values (M,)."""

INTERACTION_FACTOR = 10
"""Evaluations that OddSHAP takes for each of its terms."""


def _oddshap(players: int, evaluations: int, seed: int) -> Any:
    return approximator.OddSHAP(n=players, interaction_factor=INTERACTION_FACTOR, random_state=seed)


def _leverageshap(players: int, evaluations: int, seed: int) -> Any:
    return approximator.LeverageSHAP(n=players, random_state=seed)


def _proxyshap(players: int, evaluations: int, seed: int) -> Any:
    """Gradient-boosted trees, and what they leave is estimated from the same coalitions."""
    return approximator.ProxySHAP(
        n=players, max_order=1, index="SV", adjustment=True, random_state=seed
    )


def _regression_msr(players: int, evaluations: int, seed: int) -> Any:
    return approximator.RegressionMSR(n=players, index="SV", random_state=seed)


def _polyshap(players: int, evaluations: int, seed: int) -> Any:
    """Interactions of order 3, a quarter as many terms as evaluations; pairs take those of order 2 out."""
    return approximator.PolySHAP(
        n=players,
        max_order=3,
        sizes_to_exclude={2},
        max_terms=max(players + 1, evaluations // 4),
        pairing_trick=True,
        sampling_weights=np.ones(players + 1),
        random_state=seed,
    )


def _estimator(make: Callable[[int, int, int], Any]) -> Estimator:
    def estimate(game: Game, players: int, evaluations: int, seed: int) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few players, whose coalitions are all asked
            found = make(players, evaluations, seed).approximate(
                budget=evaluations, game=lambda coalitions: game(np.asarray(coalitions, bool))
            )
        return found.get_n_order_values(1)

    return estimate


def _available() -> bool:
    proxies = all(find_spec(name) is not None for name in ("xgboost", "lightgbm"))
    return proxies and hasattr(approximator, "OddSHAP")


ESTIMATORS: Mapping[str, Estimator] = {
    name: _estimator(make)
    for name, make in {
        "OddSHAP": _oddshap,
        "LeverageSHAP": _leverageshap,
        "ProxySHAP": _proxyshap,
        "RegressionMSR": _regression_msr,
        "PolySHAP": _polyshap,
    }.items()
    if _available()
}

MISSING = (
    "OddSHAP, LeverageSHAP, ProxySHAP, RegressionMSR and PolySHAP are left out, for shapiq 1.8, XGBoost or "
    f"LightGBM is not in {FOLDER}; run `make bench-peers`"
)
