"""Clusters of a model's features: against their parts, and as a file."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs

from thinkalike.neon.estimator import Neon
from thinkalike.neon.features import (
    FeatureClustering,
    FeatureClusters,
    cluster_features,
    read_clusters,
    write_clusters,
)


def clustered(
    count: int | None = None,
    beta: float | None = None,
    names: Sequence[str] = ("n0", "n1", "n2", "n3"),
) -> FeatureClusters:
    points, truth = make_blobs(40, 6, centers=4, cluster_std=0.3, random_state=0)
    images = pd.DataFrame(
        {"image_id": [f"{i}.png" for i in range(40)], "class_name": [names[t] for t in truth]}
    )
    titles = {"n0": "fish", "n1": "dog"}
    settings = FeatureClustering(clusters=count, restarts=3, beta=beta)
    points = points.astype(np.float32)
    return cluster_features(points, images, settings, titles=titles, name="resnet", seed=0)


def test_there_are_as_many_clusters_as_classes_explained_by_neon():
    result = clustered()
    assert sorted(result.classes) == ["n0", "n1", "n2", "n3"]
    assert sorted(result.called) == ["dog", "fish", "n2", "n3"]
    synsets = clustered(names=("n01440764", "n02102040", "n2", "n3"))
    assert sorted(synsets.called) == ["English springer", "n2", "n3", "tench"]
    assert sorted(synsets.summary(["n2"] * 40)["class_word"]) == sorted(synsets.called)
    assert result.purity == result.matched == result.adjusted_rand == 1
    neon = Neon(result.centroids).fit(result.features)
    assert neon.beta_ == result.beta
    expected = neon.explain(result.features)
    np.testing.assert_array_equal(result.relevances, expected.relevances)
    np.testing.assert_array_equal(result.logits, expected.logits)
    squares = (result.features - result.centroids[result.clusters]) ** 2
    assert result.inertia == pytest.approx(squares.sum())


def test_their_number_and_beta_can_be_given():
    result = clustered(count=3, beta=0.5)
    assert len(result.centroids) == 3
    assert result.beta == 0.5
    assert result.purity < 1


def test_a_file_has_all_of_it_features_and_relevances_in_float32(tmp_path):
    result = clustered()
    write_clusters(str(tmp_path / "clusters.nc"), result, model="resnet", code="abc")
    read = read_clusters(str(tmp_path / "clusters.nc"))
    assert read.image_ids == result.image_ids
    assert read.attributes("abc") == result.attributes("abc")
    assert read.quality == pytest.approx(result.quality)
    for name in ("logits", "clusters", "competitors", "centroids", "classes", "called"):
        np.testing.assert_array_equal(getattr(read, name), getattr(result, name))
    for name in ("features", "relevances"):
        assert getattr(read, name).dtype == np.float32
        np.testing.assert_allclose(getattr(read, name), getattr(result, name), rtol=1e-6)
