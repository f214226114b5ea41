"""What a method can tell apart: pairs of models beside seeds of one network, and controls beside chance."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from thinkalike.methods import Case
from thinkalike.statistics.roles import Roles

COLUMNS = (
    *("method", "metric", "architectures", "seeds_rho", "pairs", "closer", "closer_than_own"),
    *("control_rho", "control_rho_low", "control_rho_high", "control_chord", "control_chord_high"),
    "note",
)
NEAR_CHANCE = 0.1
"""ρ that a control may have by chance: beyond it a method is said to tell of more than training."""


def resolution_table(
    tables: Mapping[Case, pd.DataFrame], seeds: Mapping[Case, pd.DataFrame], roles: Roles
) -> pd.DataFrame:
    """How many pairs of models are closer than seeds of one network, and how far controls are from chance.

    Args:
        tables: method and metric → pairs of models, with model_a, model_b and rho.
        seeds: method and metric → pairs of seeds, with architecture and rho.
        roles: of the models.

    Returns:
        method; metric; architectures, of which there are seeds; seeds_rho, their mean, in which every
        architecture counts alike; pairs, trained and of different architectures; closer, those with a rho
        above seeds_rho; closer_than_own, those with a rho above that of the seeds of one of their own two
        architectures; control_rho, mean, lowest and highest of a control with a trained model, 0 by
        chance; control_chord, mean and highest √(2(1 − rho)), √2 by chance; note, what there is
        to say in words.
    """
    rows = [
        {"method": method, "metric": metric, **_row(pairs, seeds[method, metric], roles)}
        for (method, metric), pairs in tables.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(pairs: pd.DataFrame, seeds: pd.DataFrame, roles: Roles) -> dict[str, object]:
    untrained = list(roles.untrained)
    controls = pairs["model_a"].isin(untrained).astype(int) + pairs["model_b"].isin(untrained)
    architectures = pd.DataFrame(
        {key: pairs[key].map(roles.architecture) for key in ("model_a", "model_b")}
    )
    different = architectures["model_a"] != architectures["model_b"]
    trained = pairs["rho"][(controls == 0) & different].dropna()
    own = seeds.dropna(subset=["rho"]).groupby("architecture", sort=False)["rho"].mean()
    nearest_own = pd.concat([architectures[key].map(own) for key in architectures], axis=1).min(
        axis=1
    )
    counted, notes = _counts(trained, own, nearest_own.loc[trained.index])
    of_control, more = _controls(pairs["rho"][controls == 1].dropna())
    return {**counted, **of_control, "note": "; ".join([*notes, *more])}


def _counts(
    trained: pd.Series, own: pd.Series, nearest_own: pd.Series
) -> tuple[dict[str, object], list[str]]:
    """Pairs beside the seeds: ρ of pairs, of seeds by architecture, of the seeds of either model."""
    counts: dict[str, object] = {"architectures": len(own), "pairs": len(trained)}
    if own.empty:
        return counts, ["no network has two seeds: how close one is to itself is not known"]
    mean = float(own.mean())
    closer = int((trained > mean).sum())
    notes = [f"{closer} of {len(trained)} pairs are closer than two seeds of one network"]
    return {
        **counts,
        "seeds_rho": mean,
        "closer": closer,
        "closer_than_own": int((trained > nearest_own).sum()),
    }, notes if len(trained) else []


def _controls(rho: pd.Series) -> tuple[dict[str, object], list[str]]:
    """ρ and chord of controls with trained models, and whether they are at chance."""
    if rho.empty:
        return {}, ["there is no untrained control with a trained model"]
    chord = np.sqrt(np.maximum(2 * (1 - rho), 0))
    mean = float(rho.mean())
    words = "at chance"
    if mean < -NEAR_CHANCE:
        words = "opposed to trained models, not unrelated"
    elif mean > NEAR_CHANCE:
        words = "closer to trained models than chance"
    return {
        "control_rho": mean,
        "control_rho_low": float(rho.min()),
        "control_rho_high": float(rho.max()),
        "control_chord": float(chord.mean()),
        "control_chord_high": float(chord.max()),
    }, [f"untrained: {words}"]
