"""Which images hold a pair of models together, and which drive it apart.

The mean without image i is exact and free, s̄₍₋ᵢ₎ = (n s̄ − s_i)/(n − 1), so that image i moves the
mean by s̄ − s̄₍₋ᵢ₎ = (s_i − s̄)/(n − 1). Pseudo-values of rho (rho + its influence values, whose mean
is rho) have the same closed form, up to terms of 1/n².
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from thinkalike.statistics.bootstrap import mean_of_images
from thinkalike.statistics.intervals import chord

ROLES = ("together", "apart")
"""What an image does to a pair: it raises their similarity, or lowers it."""


def leave_one_out(values: np.ndarray) -> np.ndarray:
    """Means of per-image values without each image in turn.

    Args:
        values: (N, …), NaN where an image does not count.

    Returns:
        (N, …); NaN where the image does not count, or is the only one that does.
    """
    present = np.isfinite(values)
    count = present.sum(0)
    total = np.where(present, values, 0).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(present & (count > 1), (total - values) / (count - 1), np.nan)


def influence_on_mean(values: np.ndarray) -> np.ndarray:
    """How much each image raises the mean of per-image values: mean − mean without it, (N, …)."""
    return mean_of_images(values) - leave_one_out(values)


def influence_on_chord(values: np.ndarray) -> np.ndarray:
    """How much each image raises the chord √(2(1 − mean)): chord − chord without it, (N, …)."""
    return chord(mean_of_images(values)) - chord(leave_one_out(values))


def share_of_variance(values: np.ndarray) -> np.ndarray:
    """Share of each image in the variance of per-image values over the images, (N, …); sums to 1."""
    deviation = (values - mean_of_images(values)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return deviation / np.nansum(deviation, 0)


def mean_contribution(values: np.ndarray) -> np.ndarray:
    """Mean over all pairs of models of what each image says of them, (N,); NaN where it counts for none.

    Args:
        values: (N, M, M) symmetric per-image similarities or pseudo-values of rho; the diagonal is no
            pair.
    """
    pairs = values[:, *np.triu_indices(values.shape[1], 1)]
    return mean_of_images(pairs.T)


def influential_images(
    values: np.ndarray, images: Sequence[str], models: Sequence[str], *, number: int = 4
) -> pd.DataFrame:
    """Images that hold each pair of models together most, and those that drive it apart most.

    Args:
        values: (N, M, M) symmetric per-image similarities or pseudo-values of rho, NaN where missing.
        images: ids.
        models: keys.
        number: of images of each role, for every pair; fewer where fewer images count.

    Returns:
        model_a, model_b, role (`together` or `apart`), rank (from 1), image_id, influence (on the
        mean), share (of the variance over the images). An image that moves nothing is in neither role.
    """
    first, second = np.triu_indices(len(models), 1)
    pairs = values[:, first, second]
    influence, share = influence_on_mean(pairs), share_of_variance(pairs)
    ids, names = np.asarray(images, object), np.asarray(models, object)
    parts = []
    for role, sign in zip(ROLES, (1, -1), strict=True):
        # NaN comes last
        order = np.argsort(-sign * influence, axis=0, kind="stable")[:number]
        rank, pair = np.nonzero(sign * np.take_along_axis(influence, order, 0) > 0)
        image = order[rank, pair]
        parts.append(
            pd.DataFrame(
                {
                    "model_a": names[first[pair]],
                    "model_b": names[second[pair]],
                    "role": role,
                    "rank": rank + 1,
                    "image_id": ids[image],
                    "influence": influence[image, pair],
                    "share": share[image, pair],
                    "pair": pair,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    order = np.lexsort((table["rank"], table["role"] == "apart", table["pair"]))
    return table.iloc[order].drop(columns="pair").reset_index(drop=True)
