"""Titles of figures of clusters of maps claim no more than there is."""

import pandas as pd

from thinkalike.plotting.spectral import choice_sentence, result_name


def test_what_is_not_stable_is_called_no_clusters():
    result = {"graph": "knn", "laplacian": "symmetric", "stability": 0.52}
    name = "k nearest graph, symmetric Laplacian"
    assert result_name(result) == f"no clusters, cut by {name} (stability 0.52)"
    assert result_name({**result, "stability": 0.97}) == f"{name} (stability 0.97)"


def test_a_choice_matters_in_the_cases_that_were_looked_at():
    choices = pd.DataFrame(
        {
            "case": ["a", "b", "c", "a"],
            "number": ["eigengap"] * 3 + ["same"],
            "graph": [0.2, 0.3, 0.9, 0.0],
            "laplacian": [0.4, 0.6, 0.8, 1.0],
        }
    )
    sentence = choice_sentence(choices)
    assert sentence.startswith("In 2 of 3 cases results that differ in the graph alone agree less")
    assert sentence.endswith("over the cases: 0.47 and 0.60)")
