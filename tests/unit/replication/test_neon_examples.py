"""The published examples of NEON: wine comes out again to its digits, iris up to the logit."""

import numpy as np
import pytest

from replication.neon_examples import IRIS, WINE, compare, iris, published_optimum, wine
from thinkalike.errors import InputError


@pytest.fixture(scope="module")
def table():
    return compare(iris(), wine())


def test_all_nine_rows_of_wine_are_the_published_ones(table):
    rows = table[table["entry"] == WINE]
    assert len(rows) == 1 + 9 * 5
    assert (rows["same"] == "yes").all()
    assert rows["ours"].iloc[0] == "60, 61, 68, 70, 73, 83, 92, 95, 118"


def test_the_forward_numbers_of_iris_are_and_its_relevances_are_not(table):
    rows = table[table["entry"] == IRIS]
    right, wrong = rows[rows["same"] == "yes"], rows[rows["same"] == "no"]
    assert right["quantity"].tolist() == [
        "points in each cluster",
        "β, one over the mean logit",
        "logit of point 0",
    ]
    assert (right["reason"] == "").all()
    assert len(wrong) == 4 * 4 + 2
    assert wrong["reason"].str.contains("half the difference").all()


def test_beside_the_wrong_relevances_stand_the_right_ones(table):
    rows = table.set_index("quantity")["ours"]
    right = {
        "relevances of point 0, β from the points": (
            ".69533402",
            ".52088700",
            "8.92858274",
            "1.52649095",
        ),
        "relevances of point 0, β = 0.5": (".63447193", ".55928080", "8.95714782", "1.52039416"),
        "mean relevance": (".730441", ".236650", "4.040699", ".720771"),
    }
    names = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
    for what, values in right.items():
        for name, value in zip(names, values, strict=True):
            assert float(rows[f"{what}: {name}"]) == float(value)
    assert rows["relevances of point 0, β = 0.5: their sum, the logit"] == "11.671295"


def test_tables_call_clusters_after_the_classes_that_they_match():
    explanation, table = iris().explained()
    assert set(table["cluster"]) == {"setosa", "versicolor", "virginica"}
    assert (table.loc[:49, "cluster"] == "setosa").all()
    features = table.columns[-4:]
    np.testing.assert_array_equal(table[features].to_numpy(), explanation.relevances)
    np.testing.assert_allclose(table[features].sum(axis=1), table["logit"], rtol=1e-10)


def test_an_optimum_that_is_none_is_said():
    points = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(
        InputError, match=r"no optimum with the published inertia 1\.0 from 200 starts"
    ):
        published_optimum(points, 1.0)
