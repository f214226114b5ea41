"""Clusters of maps as they are shown: against rendered maps, and by hand."""

import numpy as np
import pandas as pd
import pytest

from thinkalike.clustering.spectral.prototypes import UnitMaps, counts, prototypes
from thinkalike.clustering.spectral.telling import beyond_one_cloud, telling
from thinkalike.compare.bases import Grid, Pixels
from thinkalike.compare.maps import Maps, render


def maps() -> list[Maps]:
    """Of two models on other bases; the last of the first is blank."""
    draw = np.random.default_rng(0)
    grid = draw.normal(size=(6, 4))
    grid[5] = 0
    return [Maps(grid, (Grid(2, 2, 8, 8),)), Maps(draw.normal(size=(6, 64)), (Pixels(8, 8),))]


def test_means_and_cosines_are_those_of_rendered_maps_of_length_one():
    unit = UnitMaps(maps())
    rendered = np.stack([render(one, i) for one in maps() for i in range(6)]).reshape(12, -1)
    for position in range(12):
        np.testing.assert_array_equal(unit.render(position).ravel(), rendered[position])
    with pytest.raises(IndexError):
        unit.render(12)
    length = np.linalg.norm(rendered, axis=1, keepdims=True)
    rendered = np.divide(rendered, length, out=np.zeros_like(rendered), where=length > 0)
    members = np.array([0, 3, 5, 7, 11])
    mean = rendered[members].mean(0)
    np.testing.assert_allclose(unit.mean(members).ravel(), mean, atol=1e-12)
    np.testing.assert_allclose(unit.cosines_with_mean(members), rendered[members] @ mean)


def test_prototypes_are_the_maps_nearest_to_the_mean_of_their_cluster():
    clusters = np.array([0, 0, 0, 1, 1, -1, 0, 0, 1, 1, 1, 1])
    unit = UnitMaps(maps())
    for cluster, found in enumerate(prototypes(unit, clusters, 2)):
        np.testing.assert_array_equal(found.members, np.flatnonzero(clusters == cluster))
        cosines = unit.cosines_with_mean(found.members)
        assert found.cosine == cosines.mean()
        np.testing.assert_array_equal(found.nearest, found.members[np.argsort(-cosines)[:2]])


def test_counts_are_in_words_the_most_frequent_first():
    values = pd.Series(["b", "a", "b", "c", "a"])
    assert counts(values) == "a (2), b (2), c (1)"
    assert counts(values, 1) == "a (2)"


@pytest.mark.parametrize(
    ("sizes", "in_clusters", "beyond", "expected"),
    [
        # one map beside all others says little
        (["99, 1", "60, 40", "50, 50"], [1.0, 1.0, 1.0], [False] * 3, 1),
        # as do clusters of some maps only
        (["60, 40", "60, 40", "50, 50"], [0.8, 0.95, 1.0], [False] * 3, 1),
        # the one with the largest excess where none says something
        (["100", "100", "99, 1"], [1.0, 1.0, 1.0], [False] * 3, 0),
        # what is beyond one cloud goes first
        (["60, 40", "60, 40", "50, 50"], [1.0, 1.0, 1.0], [False, False, True], 2),
        (["99, 1", "60, 40", "50, 50"], [1.0, 1.0, 1.0], [True, False, True], 2),
    ],
)
def test_the_result_that_exceeds_single_clouds_most_is_looked_at(
    sizes, in_clusters, beyond, expected
):
    table = {"sizes": sizes, "in_clusters": in_clusters, "beyond": beyond}
    # the most stable one is not looked at
    table |= {"excess": [3.0, 2.0, 1.0], "stability": [0.7, 0.8, 0.9]}
    assert telling(pd.DataFrame(table)) == expected


def test_no_clusters_beyond_one_cloud_is_said():
    table = pd.DataFrame({"beyond": [False] * 12, "clouds": 39, "stability": 0.9})
    assert beyond_one_cloud(table).startswith("no clusters beyond one cloud (none of twelve")
    table.loc[3, "beyond"] = True
    assert beyond_one_cloud(table) == "1 of twelve results exceeds 39 single clouds"
    table.loc[3, "stability"] = 0.19
    assert beyond_one_cloud(table).endswith("exceeds 39 single clouds, but is unstable")
    table.loc[4, "beyond"] = True
    assert beyond_one_cloud(table) == (
        "2 of twelve results exceed 39 single clouds, 1 of them unstable"
    )


def test_of_results_beyond_one_cloud_a_stable_one_is_looked_at():
    table = {"sizes": ["60, 40"] * 2, "in_clusters": 1.0, "beyond": True, "excess": [3.0, 2.0]}
    assert telling(pd.DataFrame({**table, "stability": [0.2, 0.9]})) == 1
    assert telling(pd.DataFrame({**table, "stability": [0.6, 0.9]})) == 0
