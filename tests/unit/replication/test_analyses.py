"""Analyses of tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from replication.analyses.accuracies import accuracy_differences, largest_differences
from replication.analyses.blank_maps import blank_maps_from_mean, blank_maps_from_rms
from replication.analyses.clusters import groups
from replication.analyses.matrices import correlation_of_pairs, correlation_with_diagonal


def test_groups_name_all_but_the_largest():
    assert groups(list("abcd"), [1, 1, 1, 1]) == "one community"
    assert groups(list("dcba"), [2, 2, 1, 2]) == "b | rest"
    assert groups(list("abcd"), [1, 2, 1, 2]) == "a, c | rest"
    assert groups(list("abcdef"), [3, 1, 2, 2, 2, 1]) == "a | b, f | rest"


def square(matrix: np.ndarray) -> pd.DataFrame:
    names = list("abcdefgh")[: len(matrix)]
    return pd.DataFrame(matrix, names, names)


@pytest.mark.parametrize("blank", [0, 1, 5, 64, 127])
def test_blank_maps_are_recovered_from_the_diagonal(blank):
    p, n = blank / 128, 128
    matrix = np.zeros((2, 2))
    matrix[0, 0] = np.sqrt(p**2 + p * (1 - p) * n / (n - 1))
    counts = blank_maps_from_rms(square(matrix), images=128, models=["a"])
    assert counts == f"{blank}, others 0"
    counts = blank_maps_from_mean(square(np.diag([1 - p, 1])), images=128, models=["b"])
    assert counts == f"0, others {blank}"


def test_the_correlation_of_the_log_counts_the_diagonal_and_ours_does_not():
    rng = np.random.default_rng(0)
    cells = (np.triu(rng.random((6, 6)), 1) for _ in range(2))
    x, y = (square(above + above.T + 5 * np.eye(6)) for above in cells)
    whole = pd.Series(x.to_numpy().ravel()).corr(pd.Series(y.to_numpy().ravel()))
    assert correlation_with_diagonal(x, y) == f"{whole:.6f}"
    assert whole > 0.9
    pairs = [(i, j) for i in range(6) for j in range(i)]
    above = [pd.Series([table.to_numpy()[pair] for pair in pairs]) for table in (x, y)]
    for ranks, method in ((False, "pearson"), (True, "spearman")):
        expected = above[0].corr(above[1], method=method)
        assert correlation_of_pairs(x, y, ranks=ranks) == f"{expected:.3f}"
        assert abs(expected) < 0.6


def test_models_that_lose_most_are_named_once_where_all_splits_agree():
    own, common = (pd.Series(values, list("abc")) for values in ([0.9, 0.8, 0.7], [0.8, 0.4, 0.7]))
    answer = largest_differences(own, common, own, common, number=1)
    assert answer == ("b", "b 0.4000; b 0.4000.")
    answer = largest_differences(own, common, common, own, number=1, without=["c"])
    assert answer == ("b or a", "b 0.4000; a -0.1000.")
    assert accuracy_differences(own, common, model="a", digits=2) == "0.10"
