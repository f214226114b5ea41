"""Does NEON name the features that keep points in their clusters? Tables over several data sets."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from thinkalike.neon.estimator import Neon
from thinkalike.neon.flipping import Curves, areas, conservation, flip_by, sweep
from thinkalike.randomness import generator


class Evaluation(NamedTuple):
    """Tables with a row for each data set, named in the column `data`, and what follows.

    Attributes:
        flipping: order, removed, logit, staying, features (their number): mean curves of feature
            flipping, in units of the mean logit.
        areas: order, and the columns of `thinkalike.neon.flipping.areas`.
        betas: the columns of `sweep`.
        conservation: the columns of `conservation`.
    """

    flipping: pd.DataFrame
    areas: pd.DataFrame
    betas: pd.DataFrame
    conservation: pd.DataFrame


def evaluate(cases: Mapping[str, tuple[Neon, np.ndarray]], *, seed: int) -> Evaluation:
    """Evaluate NEON on clusters of several data sets.

    Args:
        cases: name of the data set → fitted NEON and points (N, D).
        seed: of random orders and bootstrap resamples, together with the name.
    """
    parts = [_evaluate(data, *case, seed) for data, case in cases.items()]
    return Evaluation(
        *(pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    )


def _evaluate(data: str, neon: Neon, points: np.ndarray, seed: int) -> Evaluation:
    curves = flip_by(neon, points, draw=generator(seed, "flipping", data))
    evaluation = Evaluation(
        flipping=_mean_curves(curves).assign(features=points.shape[1]),
        areas=areas(curves, draw=generator(seed, "areas", data)),
        betas=sweep(neon, points, draw=generator(seed, "betas", data)),
        conservation=conservation(neon, points),
    )
    for table in evaluation:
        table.insert(0, "data", data)
    return evaluation


def _mean_curves(curves: Mapping[str, Curves]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "order": order,
                "removed": curve.shares,
                "logit": curve.logits.mean(0) / curve.logits[:, 0].mean(),
                "staying": curve.staying,
            }
        )
        for order, curve in curves.items()
    ]
    return pd.concat(parts, ignore_index=True)
