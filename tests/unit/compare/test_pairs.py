"""Categories of pairs of models, and all pairs in one table."""

from itertools import combinations

import pandas as pd

from thinkalike.compare.pairs import collect_pairs, pair_categories

FAMILIES = {"a": "cnn", "b": "cnn", "c": "mine", "a2": "cnn", "u": "cnn"}
OF = {"architectures": {"a2": "a"}, "families": FAMILIES, "untrained": ["u"]}


def table() -> pd.DataFrame:
    pairs = pd.DataFrame([*combinations(FAMILIES, 2)], columns=["model_a", "model_b"])
    return pairs.assign(rho=range(len(pairs)))


def test_every_pair_has_the_category_that_its_models_have_in_common():
    pairs = table()
    categories = pair_categories(pairs, **OF)
    found = dict(zip(pairs["model_a"] + pairs["model_b"], categories, strict=True))
    assert found == {
        "ab": "same family",
        "ac": "different families",
        "aa2": "seeds",
        "au": "control",
        "bc": "different families",
        "ba2": "same family",
        "bu": "control",
        "ca2": "different families",
        "cu": "control",
        "a2u": "control",
    }


def test_two_seeds_of_an_untrained_network_are_a_control():
    pairs = pd.DataFrame({"model_a": ["u"], "model_b": ["a"]})
    of = {**OF, "architectures": {"u": "a"}}
    assert pair_categories(pairs, **of).tolist() == ["control"]


def test_all_pairs_stand_in_one_table_with_their_case_and_all_their_columns():
    tables = {("lrp", "cosine", "all"): table(), ("lrp", "rbf", "matching"): table()}
    names = {model: f"model {model}" for model in FAMILIES}
    collected = collect_pairs(tables, names=names, **OF)
    assert list(collected.columns) == [
        *("method", "metric", "subset", "model_a", "model_b", "name_a", "name_b"),
        *("family_a", "family_b", "category", "rho"),
    ]
    assert collected["rho"].tolist() == [*range(10), *range(10)]
    assert collected["metric"].tolist() == ["cosine"] * 10 + ["rbf"] * 10
    assert collected.loc[1, ["name_b", "family_b"]].tolist() == ["model c", "mine"]
