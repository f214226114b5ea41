"""Square matrices of models against models, and the tables that hold them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd


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
