"""The evaluation of NEON on several data sets."""

import numpy as np
import pandas as pd
import pytest

from thinkalike.neon.estimator import Neon
from thinkalike.neon.evaluation import evaluate
from thinkalike.neon.flipping import ORDERS, RANDOM


@pytest.fixture(scope="module")
def cases():
    draws = np.random.default_rng(0)
    points = {name: draws.normal(size=(20, features)) for name, features in (("a", 3), ("b", 5))}
    return {name: (Neon(values[:3]).fit(values), values) for name, values in points.items()}


def test_every_table_has_the_rows_of_every_data_set_in_their_order(cases):
    evaluation = evaluate(cases, seed=0)
    for table in evaluation:
        assert table.columns[0] == "data"
        assert list(table["data"].unique()) == ["a", "b"]
    sizes = evaluation.flipping.groupby("data")["features"].unique()
    assert {name: list(values) for name, values in sizes.items()} == {"a": [3], "b": [5]}
    assert set(evaluation.areas["order"]) == {*ORDERS, RANDOM}
    first = evaluation.flipping[evaluation.flipping["removed"] == 0]
    np.testing.assert_allclose(first[["logit", "staying"]], 1)


def test_a_data_set_has_the_same_numbers_whichever_others_there_are(cases):
    together = evaluate(cases, seed=0)
    alone = evaluate({"b": cases["b"]}, seed=0)
    for table, expected in zip(together, alone, strict=True):
        part = table[table["data"] == "b"].reset_index(drop=True)
        pd.testing.assert_frame_equal(part, expected)
