"""What NEON says of points, as means and tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from tests.support.clusters import (
    DATA,
    every_kind,
    explained,
    frame,
    iris,
)
from thinkalike.neon.estimator import Neon

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.mark.parametrize("named", [True, False])
def test_the_table_has_a_row_for_each_point_and_a_column_for_each_feature(named):
    points, centroids = iris()
    found = Neon(centroids).fit(points).explain(frame() if named else points)
    table = found.table()
    features = list(frame().columns) if named else [f"feature_{i}" for i in range(4)]
    assert list(table) == ["cluster", "competitor", "logit", "probability", *features]
    assert len(table) == 150
    np.testing.assert_array_equal(table["cluster"], found.clusters)
    np.testing.assert_array_equal(table["competitor"], found.competitors)
    np.testing.assert_array_equal(table["logit"], found.logits)
    np.testing.assert_array_equal(table["probability"], found.probabilities)
    np.testing.assert_array_equal(table[features], found.relevances)


@every_kind
def test_means_are_those_of_the_table(data):
    points, centroids = DATA[data]()
    # and one cluster that nobody is in
    centroids = np.concatenate([centroids[:1], centroids[:1] + 1e3, centroids[1:]])
    found = Neon(centroids).fit(points).explain(points)
    table = found.table()
    features = table.columns[4:]
    grouped = table.groupby("cluster")[list(features)].mean().reindex(range(len(centroids)))
    assert grouped.loc[1].isna().all()
    near = {"rtol": 0, "atol": 1e-13 * found.logits.max()}
    np.testing.assert_allclose(found.by_cluster, grouped, **near)
    np.testing.assert_allclose(found.overall, table[features].mean(), **near)
    assert found.overall.sum() == pytest.approx(found.logits.mean(), rel=1e-13)
    # of clusters, weighted with their sizes, as of all
    sizes = np.bincount(found.clusters, minlength=len(centroids))
    weighted = sizes @ np.nan_to_num(found.by_cluster) / len(points)
    np.testing.assert_allclose(weighted, found.overall, **near)


def test_means_of_a_million_points_in_float32_have_its_digits():
    rng = np.random.default_rng(0)
    points = rng.random((1_000_000, 2), np.float32)
    found = explained(points, np.array([[0, 0], [1, 1]]), 1)
    expected = found.relevances.mean(0, dtype=float)
    np.testing.assert_allclose(found.overall, expected, rtol=1e-6)
    assert found.overall.sum() == pytest.approx(found.logits.mean(dtype=float), rel=1e-6)
    for cluster in range(2):
        of_it = found.relevances[found.clusters == cluster].mean(0, dtype=float)
        np.testing.assert_allclose(found.by_cluster[cluster], of_it, rtol=1e-6)


def test_the_summary_has_the_means_of_every_cluster_and_of_all():
    points = load_iris(as_frame=True).data
    centroids = np.vstack([iris()[1], [[90.0, 90.0, 90.0, 90.0]]])
    found = Neon(centroids, beta=1.0).fit(points).explain(points)
    table = found.summary()
    assert table.index.tolist() == [0, 1, 2, 3, "all"]
    assert table["points"].tolist() == [*np.bincount(found.clusters, minlength=4), 150]
    by_point = found.table().groupby("cluster")[["logit", *points.columns]].mean()
    pd.testing.assert_frame_equal(
        table.loc[[0, 1, 2], ["logit", *points.columns]],
        by_point,
        check_names=False,
        check_index_type=False,
        rtol=1e-12,
    )
    assert table.loc[3].drop("points").isna().all()
    assert table.loc["all", "logit"] == pytest.approx(found.logits.mean())
    np.testing.assert_allclose(table.loc["all", points.columns].to_numpy(float), found.overall)
