"""Accuracies of models after different transforms of the images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from replication.analyses.matrices import decimals
from replication.quantity import Answer


def accuracies(table: pd.Series) -> str:
    """Accuracy of all models, in the order of the table."""
    return decimals(table.to_numpy(), between=" ")


def accuracies_as_counts(*tables: pd.Series, images: int) -> str:
    """How many accuracies are a number of images over all images, to their four digits."""
    values = np.concatenate(tables)
    nearest = np.round(values * images) / images
    return f"{(np.round(nearest, 4) == values).sum()} of {len(values)}"


def _differences(tables: Sequence[pd.Series]) -> list[pd.Series]:
    """How much more accurate models are by the first table of each two than by the second."""
    return [a - b for a, b in zip(tables[::2], tables[1::2], strict=True)]


def accuracy_differences(*tables: pd.Series, model: str, digits: int = 4) -> str:
    """How much more accurate a model is by the first table of each two than by the second."""
    return decimals([difference[model] for difference in _differences(tables)], digits)


def largest_differences(*tables: pd.Series, number: int, without: Sequence[str] = ()) -> Answer:
    """The models with the largest such differences, if every two tables name the same."""
    names, remarks = [], []
    for difference in _differences(tables):
        largest = difference.drop(list(without)).nlargest(number)
        names.append(" and ".join(sorted(largest.index)))
        remarks.append(", ".join(f"{name} {value:.4f}" for name, value in largest.items()))
    return Answer(" or ".join(dict.fromkeys(names)), f"{'; '.join(remarks)}.")
