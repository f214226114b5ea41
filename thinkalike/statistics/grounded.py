"""Is a measure of likeness valid? Similarities held against models whose likeness is known.

Models of one group are more alike than models of two, and each model of a ladder is less like the first
than the one before it. A measure that can be trusted ranks the pairs of models accordingly.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from thinkalike.compare.matrices import correlation, pair_table
from thinkalike.compare.scales import NATIVE, Pool, scale_of
from thinkalike.stores.kernels import Chance

MEASURES = ("mean", "rho", "rho_within", "chance")
"""Measures of likeness: the raw mean similarity, similarity above chance, above chance among images of one
class, and chance alone."""

CASE = ["method", "metric", "scale", "measure"]


def measures(
    chance: Chance, scales: pd.DataFrame | None, *, method: str, metric: str, pool: Pool
) -> pd.DataFrame:
    """All measures of likeness of every pair of models, by one method and metric.

    rho_within = (s − w) / √((1 − w_aa)(1 − w_bb)) with w the similarity of maps of different images of one
    class: rho, if class were all that images had in common.

    Args:
        chance: of all pairs of models, at the study's scale.
        scales: of `statistics.scales.ScaledStudy.table`; the pairs at scales other than the study's
            are taken, for cosine. None: there are no others.
        method, metric: of both.
        pool: the study's scale, cells a side or `segments`; None for the scale of the method.

    Returns:
        `CASE`, default (whether the scale is the study's), model_a, model_b, similarity.
    """
    own = scale_of(pool)
    within = chance.same_class
    room = np.sqrt(np.maximum(1 - np.diagonal(within), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        rho_within = (chance.mean - within) / np.outer(room, room)
    matrices = {
        "mean": chance.mean,
        "rho": chance.rho,
        "rho_within": rho_within,
        "chance": chance.chance,
    }
    tables = [pair_table(chance.models, matrices).assign(scale=own)]
    if scales is not None and metric == "cosine":
        tables.append(scales[scales["kind"].isin(["pair", "seeds"]) & (scales["scale"] != own)])
    identity = ["scale", "model_a", "model_b"]
    long = pd.concat(
        table[identity + [name for name in MEASURES if name in table]].melt(
            identity, var_name="measure", value_name="similarity"
        )
        for table in tables
    )
    long = long.assign(method=method, metric=metric, default=long["scale"] == own)
    return long[[*CASE, "default", "model_a", "model_b", "similarity"]].reset_index(drop=True)


def grounded_table(
    likeness: pd.DataFrame, groups: Mapping[str, str], ladder: Sequence[str]
) -> pd.DataFrame:
    """How well every measure tells known likeness.

    * average_precision: pairs of one group are to be ranked above pairs of two; 1 if all are. Chance is
      the share of pairs of one group.
    * same, different: mean similarity of pairs of one group, and of two; margin, the difference.
    * separation: margin over the standard deviation within the two kinds of pairs,
      √((variance of same + variance of different)/2): how safely the ranks are told.
    * monotony: minus Spearman's correlation of similarity to the ladder's first model with the place on
      the ladder; 1 if each model is less alike than the one before.
    * first_rung, last_rung: similarity of the second and of the last model of the ladder to the first.

    Args:
        likeness: of `measures`; pairs without a similarity are left out.
        groups: model → group; pairs of other models are left out.
        ladder: models, each less like the first than the one before; none: the columns are NaN.

    Returns:
        `CASE`, default, then these; pairs_same and pairs_different are numbers of pairs. NaN where a
        measure has no pair of one of the two kinds, or fewer than three models of the ladder.
    """
    rows = []
    for case, table in likeness.groupby([*CASE, "default"], sort=False):
        pairs = table.dropna(subset=["similarity"])
        separation = _separation(pairs, groups)
        monotony = _monotony(_along(pairs, ladder))
        rows.append({**dict(zip([*CASE, "default"], case, strict=True)), **separation, **monotony})
    return pd.DataFrame(rows)


def ladder_table(
    likeness: pd.DataFrame, agreed: pd.DataFrame, ladder: Sequence[str]
) -> pd.DataFrame:
    """Similarity of the ladder's first model to each other one, by every measure.

    Args:
        likeness: of `measures`.
        agreed: model_a, model_b, same, different: numbers of images with equal predictions, or not.
        ladder: models.

    Returns:
        `CASE`, default, place (1 for the model after the first), model, similarity. The method
        `predictions` is the share of images of which the two predict the same class.
    """
    share = agreed["same"] / (agreed["same"] + agreed["different"])
    answers = agreed[["model_a", "model_b"]].assign(
        method="predictions",
        metric="agreement",
        scale=NATIVE,
        measure="mean",
        default=True,
        similarity=share,
    )
    both = pd.concat([answers, likeness])
    key = [*CASE, "default"]
    parts = [_along(table, ladder) for _, table in both.groupby(key, sort=False)]
    return pd.concat(parts, ignore_index=True)[[*key, "place", "model", "similarity"]]


def _separation(pairs: pd.DataFrame, groups: Mapping[str, str]) -> dict[str, float]:
    known = pairs[pairs["model_a"].isin(groups.keys()) & pairs["model_b"].isin(groups.keys())]
    same = (known["model_a"].map(groups) == known["model_b"].map(groups)).to_numpy(bool)
    values = known["similarity"].to_numpy(float)
    both = same.any() and not same.all()
    within = values[same].mean() if same.any() else np.nan
    between = values[~same].mean() if (~same).any() else np.nan
    spread = np.sqrt((_variance(values[same]) + _variance(values[~same])) / 2)
    return {
        "average_precision": float(average_precision_score(same, values)) if both else np.nan,
        "same": within,
        "different": between,
        "margin": within - between,
        "separation": (within - between) / spread if spread else np.nan,
        "pairs_same": int(same.sum()),
        "pairs_different": int((~same).sum()),
    }


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else np.nan


def _along(pairs: pd.DataFrame, ladder: Sequence[str]) -> pd.DataFrame:
    """Rows of a ladder's models after the first, as far as they are known, with place and model."""
    first, places = ladder[:1], {model: place for place, model in enumerate(ladder)}
    swapped = pairs.rename(columns={"model_a": "model_b", "model_b": "model_a"})
    rows = pd.concat([pairs, swapped])
    rows = rows[rows["model_a"].isin(first) & rows["model_b"].isin(ladder[1:])]
    place = rows["model_b"].map(places).astype(int)
    return rows.assign(place=place, model=rows["model_b"]).sort_values("place", ignore_index=True)


def _monotony(along: pd.DataFrame) -> dict[str, float]:
    if len(along) < 2:
        return dict.fromkeys(("monotony", "first_rung", "last_rung"), np.nan)
    return {
        "monotony": -correlation(along["place"], along["similarity"], "spearman"),
        "first_rung": along["similarity"].iloc[0],
        "last_rung": along["similarity"].iloc[-1],
    }
