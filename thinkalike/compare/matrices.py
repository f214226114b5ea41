"""Square matrices of models against models, and the tables that hold them."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

FEWEST = 3
"""Pairs of models that a correlation takes: two make a line in any case."""


def off_diagonal(matrix: np.ndarray) -> np.ndarray:
    """Cells above the diagonal, row by row, (M (M − 1) / 2,); the diagonal is not data."""
    return matrix[np.triu_indices_from(matrix, 1)]


def square_table(matrix: np.ndarray, models: Sequence[str]) -> pd.DataFrame:
    """A matrix (M, M) as a table with the models as its columns and as its index, called `model`."""
    names = list(models)
    return pd.DataFrame(matrix, index=pd.Index(names, name="model"), columns=names)


def pair_table(models: Sequence[str], matrices: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Symmetric matrices (M, M) as a table of pairs.

    Returns:
        A row for every two models: model_a, model_b (the later one), and a column for every matrix.
    """
    first, second = np.triu_indices(len(models), 1)
    names = np.array(models)
    columns = {name: off_diagonal(matrix) for name, matrix in matrices.items()}
    return pd.DataFrame({"model_a": names[first], "model_b": names[second], **columns})


def pair_difference(fewer: pd.DataFrame, full: pd.DataFrame) -> dict[str, float | str]:
    """How far two tables of pairs are apart; a pair that either lacks is left out.

    Args:
        fewer: model_a, model_b, dissimilarity.
        full: the same pairs, over more images.

    Returns:
        pairs; mean and largest absolute difference, and the pair that has the largest; Pearson's and
        Spearman's correlation, missing below three pairs.
    """
    key = ["model_a", "model_b"]
    both = fewer.merge(full, on=key, suffixes=("", "_full"))
    both = both.dropna(subset=["dissimilarity", "dissimilarity_full"]).reset_index(drop=True)
    x, y = both["dissimilarity"], both["dissimilarity_full"]
    apart = (x - y).abs()
    largest = both.iloc[int(apart.argmax())][key] if len(both) else pd.Series("", index=key)
    return {
        "pairs": len(both),
        "mean_difference": float(apart.mean()),
        "largest_difference": float(apart.max()),
        **{name: str(largest[name]) for name in key},
        "pearson": correlation(x, y, "pearson"),
        "spearman": correlation(x, y, "spearman"),
    }


def correlation(x: pd.Series, y: pd.Series, kind: Literal["pearson", "spearman"]) -> float:
    """Correlation of two columns; NaN where one is constant or there are fewer than three pairs."""
    two = pd.DataFrame({"x": x.to_numpy(float), "y": y.to_numpy(float)})
    return float(two.corr(kind, min_periods=FEWEST).to_numpy()[0, 1])


def square_of_pairs(pairs: pd.DataFrame, column: str, diagonal: float = 0) -> pd.DataFrame:
    """One column of a table of pairs as a square table, the inverse of `pair_table`.

    Args:
        pairs: model_a, model_b and the column, every two models once.
        column: that fills the cells; a pair that is not there is NaN.
        diagonal: value of every model with itself.
    """
    models = list(dict.fromkeys([*pairs["model_a"], *pairs["model_b"]]))
    place = {model: number for number, model in enumerate(models)}
    matrix = np.full((len(models), len(models)), np.nan)
    np.fill_diagonal(matrix, diagonal)
    rows, columns = (pairs[key].map(place).to_numpy(int) for key in ("model_a", "model_b"))
    matrix[rows, columns] = matrix[columns, rows] = pairs[column].to_numpy(float)
    return square_table(matrix, models)
