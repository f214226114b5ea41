"""The verdict of the tiny study is true: its numbers are those of the tables that it names."""

import json
import re

import numpy as np
import pandas as pd
import pytest

METHODS = {
    "Grad-CAM": "gradcam/cosine",
    "KernelSHAP": "kernelshap/cosine",
    "Answers to coalitions": "answers/cosine",
}
A, B, CONTROL = "byobnet_brief", "vit_brief", "resnet_untrained"
"""The two trained networks of the study, and its control."""


@pytest.fixture(scope="module")
def results(finished):
    return finished.root / "results/tiny"


@pytest.fixture(scope="module")
def statements(results):
    return json.loads((results / "verdict.json").read_text())


def said(statements, topic) -> dict[str, dict]:
    """Rule → statement of one topic, of which each has one."""
    mine = [each for each in statements if each["topic"] == topic]
    assert len({each["rule"] for each in mine}) == len(mine)
    return {each["rule"]: each for each in mine}


def pair(table: pd.DataFrame, a: str, b: str) -> pd.Series:
    (row,) = [row for _, row in table.iterrows() if {row["model_a"], row["model_b"]} == {a, b}]
    return row


def test_the_page_has_every_sentence_of_the_json_under_its_heading(results, statements):
    page = (results / "verdict.md").read_text()
    assert page.startswith("# Verdict: tiny\n")
    parts = dict(
        zip(
            re.findall("^## (.*)$", page, re.M),
            re.split("^## .*$", page, flags=re.M)[1:],
            strict=True,
        )
    )
    assert list(parts) == ["In short", *METHODS, "What cannot be said"]
    for each in statements:
        assert each["text"] in parts[each["topic"]]


def test_every_file_that_is_named_is_there(results, statements):
    for each in statements:
        pattern = each["source"].replace("<method>", "*").replace("<metric>", "*")
        assert not pattern or [*results.glob(pattern)], pattern


def test_every_number_of_a_sentence_is_one_of_its_numbers(statements):
    for each in statements:
        written = re.findall(r"[-+]?\d+\.\d+", each["text"])
        known = np.array([*each["numbers"].values()])
        for number in map(float, written):
            assert np.isclose(known, number, atol=0.051 if len(str(number)) < 4 else 0.00501).any()


def test_predictions_are_those_of_the_two_trained_networks(results, statements):
    models = [pd.read_parquet(results / f"predictions/{model}.parquet") for model in (A, B)]
    same = sum(models[0]["predicted_class"] == models[1]["predicted_class"])
    numbers = said(statements, "In short")["predictions"]["numbers"]
    assert numbers == {"low": same, "high": same, "images": 6}


@pytest.mark.parametrize("title", METHODS)
def test_similarity_is_that_of_the_pair_of_trained_networks(results, statements, title):
    found, place = said(statements, title), METHODS[title]
    row = pair(pd.read_parquet(results / f"dissimilarity/{place}/all_pairs.parquet"), A, B)
    rule = "mostly_chance" if row["chance"] > 0.5 * row["mean"] > 0 else "above_chance"
    (spoken,) = {"mostly_chance", "above_chance"} & found.keys()
    assert spoken == rule
    assert found[rule]["numbers"]["rho"] == row["rho"]
    closest = found["closest"]["numbers"]
    assert {key: closest[key] for key in ("rho", "low", "high")} == {
        key: row[key] for key in ("rho", "low", "high")
    }
    assert closest["pairs"] == 1
    assert closest["count"] == (row["low"] > 0)


@pytest.mark.parametrize("title", METHODS)
def test_the_control_and_the_seeds(results, statements, title):
    found, place = said(statements, title), METHODS[title]
    pairs = pd.read_parquet(results / f"dissimilarity/{place}/all_pairs.parquet")
    control = np.median([pair(pairs, CONTROL, model)["rho"] for model in (A, B)])
    (rule,) = {"control_at_chance", "control_opposed", "control_alike"} & found.keys()
    assert found[rule]["numbers"]["rho"] == pytest.approx(control, abs=1e-6)
    assert rule == (
        "control_at_chance"
        if abs(control) <= 0.1
        else "control_alike"
        if control > 0
        else "control_opposed"
    )
    seeds = pd.read_csv(results / f"dissimilarity/{place}/all_seeds.csv")
    own = pair(seeds, A, f"{A}_seed1")
    numbers = found["seeds"]["numbers"]
    assert numbers[f"seeds_{A}"] == own["rho"]
    strangers = pair(pairs, A, B)["rho"]
    assert (numbers["closer"], numbers["pairs"]) == (strangers > own["rho"], 1)
    unsure = own["low"] <= max(strangers, 0.1)
    assert ("seeds_as_strangers" in found) == unsure


def test_seeds_are_not_in_the_matrix(results):
    for place in METHODS.values():
        pairs = pd.read_parquet(results / f"dissimilarity/{place}/all_pairs.parquet")
        assert set(pairs["model_a"]) | set(pairs["model_b"]) == {A, B, CONTROL}


@pytest.mark.parametrize("title", ["Grad-CAM", "KernelSHAP"])
def test_methods_are_mute_for_models_whose_own_map_does_no_more_than_another(
    results, statements, title
):
    table = pd.read_csv(results / "statistics/deletion.csv")
    method = METHODS[title].split("/")[0]
    mute = table[(table["method"] == method) & table["mute"].eq(True)]["model"]
    names = {A: "ByobNet (two epochs)", B: "ViT (four epochs)", CONTROL: "ResNet (untrained)"}
    found = said(statements, title).get("mute", {"text": ""})["text"]
    assert [model for model in names if names[model] in found] == [
        m for m in names if m in set(mute)
    ]


def test_what_two_trained_networks_cannot_tell_is_said(results, statements):
    text = " ".join(each["text"] for each in statements if each["topic"] == "What cannot be said")
    assert "Families cannot be tested: there are 2 trained networks of 2 families" in text
    assert pd.read_csv(results / "statistics/families.csv")["permanova_p"].isna().all()
    for title, place in METHODS.items():
        row = pd.read_csv(results / f"statistics/{place}/image_count.csv").iloc[0]
        assert np.isnan(row["needed"])
        assert f"{title}: how many images it takes cannot be told ({row['reason']})" in text
    spread = [
        pair(pd.read_parquet(results / f"dissimilarity/{place}/all_pairs.parquet"), A, B)
        for place in METHODS.values()
    ]
    (every,) = [each for each in statements if each["rule"] == "seed_std"]
    values = [row["seed_std"] for row in spread]
    assert every["numbers"] == {"low": min(values), "high": max(values)}
