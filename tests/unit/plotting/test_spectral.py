"""Titles of figures of clusters of maps claim no more than there is."""

import pandas as pd
import pytest

from thinkalike.plotting.spectral import clusters_in_words, maps_title, result_name
from thinkalike.plotting.spectral_choices import choice_sentence


def test_what_is_not_beyond_one_cloud_is_called_a_cut_of_one_cloud():
    result = {"graph": "knn", "laplacian": "symmetric", "beyond": False, "stability": 0.92}
    result |= {"stability_excess": 1.23, "gap_excess": -0.5}
    name = "k nearest graph, symmetric Laplacian"
    beside = "(stability 0.92, +1.2 sd from single clouds; gap -0.5 sd)"
    assert result_name(result) == f"cut like one cloud by {name}\n{beside}"
    assert result_name({**result, "beyond": True}) == f"{name}\n{beside}"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"clusters": 3, "sizes": "9, 8, 3"}, "3 clusters"),
        ({"clusters": 1, "sizes": "20"}, "1 cluster"),
        (
            {"clusters": 4, "sizes": "15, 1, 1, 1", "in_clusters": 0.9},
            "4 clusters\n3 of a single map, 10% of maps in none",
        ),
        ({"clusters": 3, "sizes": "9, 8, 3", "beyond": False}, "cut in 3, like one cloud"),
        ({"clusters": 2, "sizes": "9, 8", "stability": 0.2}, "2 clusters, unstable"),
    ],
)
def test_panels_say_what_clusters_there_are(row, expected):
    row = pd.Series({"in_clusters": 1.0, "beyond": True, "stability": 0.9, **row})
    assert clusters_in_words(row) == expected


def test_a_choice_matters_in_the_cases_that_were_looked_at():
    choices = pd.DataFrame(
        {
            "case": ["a", "b", "c", "a"],
            "number": ["eigengap"] * 3 + ["same"],
            "graph": [0.2, 0.3, 0.9, 0.0],
            "laplacian": [0.4, 0.6, 0.8, 1.0],
            "difference_low": [-0.3, -0.7, 0.0, -1.0],
            "difference_high": [-0.1, 0.1, 0.2, -1.0],
        }
    )
    sentence = choice_sentence(choices)
    assert sentence.startswith("In 2 of 3 cases results that differ in the graph alone agree less")
    assert "\nin 1 by more than samples vary" in sentence
    assert sentence.endswith("over the cases: 0.47 and 0.60)")


def test_a_class_is_called_by_its_word():
    assert maps_title("ResNet", "lrp", "n01440764") == "ResNet, LRP of images of class tench"
    assert maps_title("ResNet", "lrp", "8") == "ResNet, LRP of images of class 8"
    assert maps_title("ResNet", "lrp", None) == "ResNet, LRP of images"
