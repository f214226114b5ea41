"""Matrices of models against models as tables."""

import numpy as np

from thinkalike.compare.matrices import off_diagonal, pair_table, square_table


def test_off_diagonal_reads_the_cells_above_the_diagonal_row_by_row():
    assert off_diagonal(np.arange(16).reshape(4, 4)).tolist() == [1, 2, 3, 6, 7, 11]


def test_a_matrix_is_a_table_of_its_models_and_its_pairs():
    matrix = np.array([[0.0, 1, 2], [1, 0, 3], [2, 3, 0]])
    square = square_table(matrix, ["a", "b", "c"])
    assert square.loc["a", "c"] == 2
    assert (square.index.name, list(square.columns)) == ("model", ["a", "b", "c"])
    pairs = pair_table(["a", "b", "c"], {"n": matrix.astype(int), "mean": matrix / 2})
    assert pairs.to_dict("list") == {
        "model_a": ["a", "a", "b"],
        "model_b": ["b", "c", "c"],
        "n": [1, 2, 3],
        "mean": [0.5, 1.0, 1.5],
    }
