"""Clusters of features: k-means, matching to classes, the images that stand for them."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_blobs

from thinkalike.clustering.features import UNMATCHED, cluster, gallery, match
from thinkalike.errors import InputError


def test_k_means_finds_blobs_and_is_the_same_from_the_same_seed():
    points, truth = make_blobs(60, 5, centers=4, cluster_std=0.3, random_state=0)
    fitted = cluster(points, 4, restarts=5, seed=1)
    assert match(fitted.labels_, truth.astype(str), 4).adjusted_rand == 1
    again = cluster(points, 4, restarts=5, seed=1)
    assert (again.cluster_centers_ == fitted.cluster_centers_).all()


@pytest.mark.parametrize("count", [1, 7])
def test_one_cluster_or_more_than_images_is_refused_with_the_fix(count):
    with pytest.raises(InputError, match=rf"^{count} clusters of 6 images: give a number"):
        cluster(np.random.default_rng(0).normal(size=(6, 3)), count, restarts=1, seed=0)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abcd")), min_size=4, max_size=25))
def test_the_matching_is_the_best_of_all(pairs):
    clusters = np.array([cluster for cluster, _ in pairs])
    classes = [name for _, name in pairs]
    names = sorted(set(classes))
    found = match(clusters, classes, 4)
    best = max(
        sum(order[c] == name for c, name in pairs)
        for order in permutations([*names, *[UNMATCHED] * (4 - len(names))])
    )
    assert found.matched == pytest.approx(best / len(pairs))
    hits = sum(found.classes[c] == name for c, name in pairs)
    assert hits == best
    assert sorted(filter(None, found.classes)) == names
    largest = sum(
        max(sum(pair == (cluster, name) for pair in pairs) for name in names)
        for cluster in set(clusters.tolist())
    )
    assert found.purity == pytest.approx(largest / len(pairs))


def test_with_fewer_clusters_than_classes_each_has_one():
    found = match(np.array([0, 0, 1, 1, 1]), ["x", "x", "y", "z", "z"], 2)
    assert found.classes == ("x", "z")
    assert found.matched == pytest.approx(0.8)
    assert found.purity == pytest.approx(0.8)


def test_a_gallery_has_the_images_nearest_to_the_centroid_and_last_that_on_the_border():
    clusters = np.array([1, 0, 1, 1, 1, 0, 1])
    distances = np.array([5.0, 1.0, 2.0, 9.0, 1.0, 3.0, 4.0])
    logits = np.array([3.0, 2.0, 8.0, 0.5, 7.0, 9.0, 4.0])
    # cluster 0: the border is image 1; cluster 1: image 3
    assert gallery(clusters, distances, logits, 3).tolist() == [5, 1, 4, 2, 3]
    assert gallery(clusters, distances, logits, 1).tolist() == [1, 3]
    assert sorted(gallery(clusters, distances, logits, 99).tolist()) == list(range(7))
