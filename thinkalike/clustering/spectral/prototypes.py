"""Clusters of maps as they are shown: their mean maps, and the maps nearest to these."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from thinkalike.compare.maps import Maps, render
from thinkalike.compare.products import all_inner_products


class UnitMaps:
    """Maps of several models, scaled to length 1; blank ones have none, and count as zero.

    Attributes:
        maps: one entry for each model, as given.
        products: (N, N) inner products of all maps as given, those of the first model first.
        scale: (N,) one by their lengths; 0 for blank maps.
    """

    def __init__(self, maps: Sequence[Maps]) -> None:
        self.maps = maps
        self.products = all_inner_products(maps)
        length = np.sqrt(np.diagonal(self.products))
        self.scale = np.divide(1, length, out=np.zeros_like(length), where=length > 0)

    def render(self, position: int) -> np.ndarray:
        """A map as it was given, (height, width)."""
        for maps in self.maps:
            if position < len(maps):
                return render(maps, position)
            position -= len(maps)
        raise IndexError(position)

    def cosines_with_mean(self, members: np.ndarray) -> np.ndarray:
        """Inner products of some maps, scaled to length 1, with their mean."""
        products = self.products[np.ix_(members, members)]
        return (products * self.scale[members]).mean(1) * self.scale[members]

    def mean(self, members: np.ndarray) -> np.ndarray:
        """Mean of some maps, scaled to length 1, (height, width): from means of their coefficients."""
        weights = np.zeros_like(self.scale)
        weights[members] = self.scale[members]
        total, start = np.zeros(()), 0
        for maps in self.maps:
            mean = weights[start : start + len(maps)] @ maps.coefficients.astype(np.float64)
            total = total + render(Maps(mean[None], maps.bases), 0)
            start += len(maps)
        return total / len(members)


@dataclass(frozen=True)
class Prototype:
    """A cluster of maps, and those of them that stand for it.

    Attributes:
        members: positions of its maps.
        nearest: positions of the maps that are nearest to the mean, the nearest first.
        cosine: mean cosine of its maps with the mean map.
    """

    members: np.ndarray
    nearest: np.ndarray
    cosine: float


def prototypes(maps: UnitMaps, clusters: np.ndarray, count: int) -> list[Prototype]:
    """`Prototype` of every cluster, with at most `count` nearest maps each.

    Args:
        maps: N in all.
        clusters: (N,) numbered from 0; negative for maps that are in none.
        count: of nearest maps.
    """
    result = []
    for cluster in range(int(clusters.max()) + 1):
        members = np.flatnonzero(clusters == cluster)
        # with maps of length 1 the nearest to the mean has the largest inner product with it
        cosines = maps.cosines_with_mean(members)
        nearest = members[np.argsort(-cosines, kind="stable")][:count]
        result.append(Prototype(members, nearest, float(cosines.mean())))
    return result


def prototype_table(clusters: Sequence[Prototype], points: pd.DataFrame) -> pd.DataFrame:
    """A row for each cluster.

    Args:
        clusters: as of `prototypes`.
        points: a row for each map: image_id, model, predicted_name, correct.

    Returns:
        cluster (from 1), maps, cosine_with_mean, correct (share), predicted and models (with counts),
        nearest (images and models).
    """
    rows = []
    for number, prototype in enumerate(clusters, 1):
        members, nearest = points.iloc[prototype.members], points.iloc[prototype.nearest]
        rows.append(
            {
                "cluster": number,
                "maps": len(members),
                "cosine_with_mean": prototype.cosine,
                "correct": members["correct"].mean(),
                "predicted": counts(members["predicted_name"]),
                "models": counts(members["model"]),
                "nearest": ", ".join(nearest["image_id"] + " " + nearest["model"]),
            }
        )
    return pd.DataFrame(rows)


def counts(values: pd.Series, most: int | None = None) -> str:
    """Values with their counts, as in "8 (120), 3 (4)", the most frequent first; at most so many."""
    numbers = values.astype(str).value_counts()
    numbers = numbers.sort_index().sort_values(ascending=False, kind="stable").iloc[:most]
    return ", ".join(f"{name} ({number})" for name, number in numbers.items())
