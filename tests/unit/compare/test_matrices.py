"""Matrices of models against models as tables."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from thinkalike.compare.matrices import off_diagonal, pair_difference, pair_table, square_table


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


def pairs(models: list[str], seed: int = 0) -> pd.DataFrame:
    table = pd.DataFrame(list(combinations(models, 2)), columns=["model_a", "model_b"])
    random = np.random.default_rng(seed)
    table["mean"] = random.uniform(0.2, 0.9, len(table))
    table["std"] = random.uniform(0.05, 0.2, len(table))
    return table.assign(dissimilarity=np.sqrt(2 * (1 - table["mean"])))


def test_differences_and_correlations_are_those_of_scipy_whatever_the_order_of_pairs():
    full, fewer = pairs(list("abcdefg"), seed=1), pairs(list("abcdefg"), seed=2)
    found = pair_difference(fewer.sample(frac=1, random_state=0), full)
    x, y = fewer["dissimilarity"], full["dissimilarity"]
    assert found["pairs"] == 21
    assert found["mean_difference"] == pytest.approx(np.abs(x - y).mean())
    assert found["largest_difference"] == pytest.approx(np.abs(x - y).max())
    assert found["pearson"] == pytest.approx(pearsonr(x, y).statistic)
    assert found["spearman"] == pytest.approx(spearmanr(x, y).statistic)
    worst = full.loc[np.abs(x - y).idxmax()]
    assert (found["model_a"], found["model_b"]) == (worst["model_a"], worst["model_b"])


def test_a_pair_that_is_missing_counts_for_nothing():
    full = pairs(list("abcde"), seed=1)
    fewer = full.assign(dissimilarity=full["dissimilarity"] + 0.1)
    fewer.loc[0, "dissimilarity"] = np.nan
    found = pair_difference(fewer, full)
    assert found["pairs"] == 9
    assert found["mean_difference"] == pytest.approx(0.1)
    assert found["pearson"] == pytest.approx(1)


def test_two_pairs_have_no_correlation_and_none_has_nothing():
    full = pairs(["a", "b", "c"])
    two = pair_difference(full.iloc[:2], full)
    assert two["largest_difference"] == 0
    assert np.isnan(two["pearson"])
    none = pair_difference(full.iloc[:0], full)
    assert none["pairs"] == 0
    assert np.isnan(none["mean_difference"])
