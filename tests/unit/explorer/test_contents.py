"""A page of results has in it what the results have, read by another decoder."""

import base64
import hashlib
import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.support.explorer_page import Page
from tests.support.random_explanations import SIDE, explanations
from thinkalike.api import compare
from thinkalike.api import open as opened
from thinkalike.compare.maps import with_sign
from thinkalike.errors import InputError
from thinkalike.explorer.links import VIEWS, sentence_link
from thinkalike.explorer.maps import NUMBERS, pixel_side
from thinkalike.notebook.exploring import explore
from thinkalike.statistics import limits, sentences, verdict

HOSTILE = "<img src=x onerror='alert(1)'></script><script>alert(1)</script>{{vega}}"


@pytest.fixture(scope="module")
def gradcam(tmp_path_factory):
    """A result, and its page."""
    result = compare(explanations("gradcam"))
    return result, Page(result.explore(tmp_path_factory.mktemp("page") / "explorer.html"))


def case_of(page: Page):
    (case,) = page.contents["cases"]
    return case


def test_pairs_are_those_of_the_result(gradcam):
    result, page = gradcam
    table, pairs = result.intervals(), case_of(page)["pairs"]
    keys = [model["key"] for model in page.contents["models"]]
    assert [keys[place] for place in pairs["a"]] == table["model_a"].tolist()
    assert [keys[place] for place in pairs["b"]] == table["model_b"].tolist()
    for name in ("n", "mean", "chance", "rho", "low", "high"):
        np.testing.assert_allclose(pairs[name], table[name], rtol=1e-4)
    np.testing.assert_allclose(pairs["dissimilarity"], np.sqrt(2 * (1 - table["rho"])), rtol=1e-4)
    assert pairs["category"] == [
        *("seeds", "different families", "control"),
        *("different families", "control", "control"),
    ]


def test_every_image_says_what_it_says_in_the_result(gradcam):
    result, page = gradcam
    found = case_of(page)["perImage"]
    a, b = np.triu_indices(len(result.models), 1)
    values, step = page.rows(found["values"]), page.contents["blocks"][found["values"]]["scale"]
    assert values.shape == (len(a), len(result.images))
    np.testing.assert_allclose(values, result.similarity.to_numpy()[:, a, b].T, atol=step)
    influence = page.rows(found["influence"])
    exact = result.chance.influence[:, a, b].T
    assert (np.abs(influence - exact) <= np.abs(exact).max(1, keepdims=True) / 253).all()


def test_the_null_is_that_of_maps_of_different_images(gradcam):
    result, page = gradcam
    found = case_of(page)["perImage"]
    low, high = found["nullRange"]
    counts = page.rows(found["nulls"])
    comparison = result.comparison
    maps = [comparison.prepare(each).coefficients for each in result.maps.maps.values()]
    grid = next(iter(result.maps.maps.values())).bases[0].synthesis()
    drawn = [values @ grid.T.toarray() for values in maps]
    first, second = drawn[0], drawn[2]
    unit = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (first, second)]
    cosines = unit[0] @ unit[1].T
    others = cosines[~np.eye(len(cosines), dtype=bool)]
    # six images: all pairs of different ones are looked at
    edges = np.linspace(low, high, counts.shape[1] + 1)
    pair = 1
    np.testing.assert_array_equal(
        counts[pair] / counts[pair].sum(), np.histogram(others, edges)[0] / 30
    )


@pytest.mark.parametrize("method", ["gradcam", "lrp", "kernelshap"])
def test_maps_are_those_of_the_method_with_the_sign_that_is_compared(method, tmp_path):
    maps = explanations(method, images=3)
    page = Page(compare(maps).explore(tmp_path / "explorer.html"))
    (about,) = page.contents["methods"]
    sign = "positive" if method == "gradcam" else "signed"
    assert about["signed"] == (sign == "signed")
    kinds = {"gradcam": "grid", "lrp": "cells", "kernelshap": "segments"}
    for place, model in enumerate(maps.models):
        assert about["bases"][place]["kind"] == kinds[method]
        values = page.rows(page.contents["collections"][0]["maps"][method][model])
        exact = with_sign(maps.maps[model], sign).coefficients
        error = np.abs(exact).max(1, keepdims=True) / 254
        assert (np.abs(values - exact) <= error * (1 + 1e-4)).all()
    if method == "kernelshap":
        labels = page.rows("segments").reshape(3, SIDE, SIDE)
        for label, basis in zip(labels, maps.maps["one"].bases, strict=True):
            np.testing.assert_array_equal(label, basis.labels)


def test_pictures_and_predictions(gradcam):
    result, page = gradcam
    collection = page.contents["collections"][0]
    images = result.maps.seen()
    for file, pixels in zip(page.pieces(collection["pictures"]), images.pixels, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(file)).convert("RGB")), pixels)
    names = page.contents["classes"]
    assert [names[number] for number in collection["classes"]] == list(images.class_names)
    for model, table in result.maps.predictions.items():
        found = collection["predictions"][model]
        assert [names[n] for n in found["classes"]] == table["predicted_name"].tolist()
        np.testing.assert_allclose(found["probabilities"], table["probability"], atol=1e-4)
        shares = np.exp(np.stack(table["logits"]))
        shares /= shares.sum(1, keepdims=True)
        np.testing.assert_allclose(found["truth"], shares[range(6), table["label"]], atol=1e-4)


def test_a_tree_joins_all_models_and_its_order_is_one_of_its_own(gradcam):
    _, page = gradcam
    case = case_of(page)
    tree, groups = case["tree"], [[leaf] for leaf in case["tree"]["leaves"]]
    for left, right, _, size in tree["merges"]:
        groups.append([*groups[left], *groups[right]])
        assert len(groups[-1]) == size
    assert sorted(groups[-1]) == sorted(case["order"]) == list(range(4))
    places = {model: place for place, model in enumerate(case["order"])}
    for group in groups:  # every branch stands in a row
        inside = sorted(places[model] for model in group)
        assert inside == list(range(inside[0], inside[0] + len(group)))


def test_the_same_result_gives_the_same_bytes(gradcam, tmp_path):
    result, _ = gradcam
    one, two = (result.explore(tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert one == two


def test_nothing_of_the_page_is_asked_for_elsewhere(gradcam):
    _, page = gradcam
    elements = page.elements
    (policy,) = [
        m["content"] for m in elements.meta if m.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(part.split(" ", 1) for part in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data: blob:"

    def hashes(texts):
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    assert rules["script-src"] == hashes(elements.scripts)
    assert rules["style-src"] == hashes(elements.styles)
    assert not {"src", "href", "style"} & set(elements.attributes) - {"href"}
    assert not {"link", "iframe", "object", "embed", "base", "img"} & set(elements.tags)


def test_hostile_names_are_text(tmp_path):
    models = (f"{HOSTILE}1", f"{HOSTILE}2")
    maps = explanations("gradcam", models, images=3, prefix=HOSTILE)
    plain = Page(
        compare(explanations("gradcam", ("1", "2"), images=3)).explore(tmp_path / "plain.html")
    )
    page = Page(compare(maps).explore(tmp_path / "hostile.html"))
    assert page.elements.tags == plain.elements.tags
    assert page.elements.scripts == plain.elements.scripts
    assert [model["name"] for model in page.contents["models"]] == list(models)
    assert page.contents["collections"][0]["ids"][0].startswith(HOSTILE)


def test_one_image_and_two_models(tmp_path):
    page = Page(compare(explanations("lrp", ("a", "b"), images=1)).explore(tmp_path / "one.html"))
    case = case_of(page)
    assert case["pairs"]["n"] == [1]
    assert case["pairs"]["rho"] == [None]
    assert case["tree"] is None
    assert page.rows(case["perImage"]["values"]).shape == (1, 1)


def test_blank_maps_have_no_similarity(tmp_path):
    maps = explanations("gradcam", images=4, blank=("another",))
    page = Page(compare(maps).explore(tmp_path / "blank.html"))
    values = page.rows(case_of(page)["perImage"]["values"])
    assert np.isnan(values[1, :3]).all()
    assert np.isfinite(values[1, 3])
    rows = page.rows(page.contents["collections"][0]["maps"]["gradcam"]["another"])
    assert (rows[:3] == 0).all()


def test_two_studies_stand_in_one_page(gradcam, tmp_path):
    result, first = gradcam
    path = explore(result, compare(explanations("kernelshap")), path=tmp_path / "two.html")
    page, other = Page(path), Page(path, "other-")
    assert page.contents["methods"][0]["key"] == "gradcam"
    assert other.contents["methods"][0]["key"] == "kernelshap"
    assert other.rows("maps/kernelshap/one").shape == (6, 6)
    assert page.contents["cases"] == first.contents["cases"]


def test_a_folder_that_was_saved_is_explored_as_far_as_it_goes(tmp_path, monkeypatch):
    maps = explanations("lrp", images=2)
    result = compare(maps)
    with pytest.raises(InputError, match="study: a str is none that can be explored"):
        explore("results/mine", path=tmp_path / "none.html")
    result.save(tmp_path / "result.nc")
    with pytest.raises(InputError, match="the maps of this result are not known"):
        opened(tmp_path / "result.nc").explore(tmp_path / "none.html")
    assert not (tmp_path / "none.html").exists()


CASES = {
    "Grad-CAM": {"method": "gradcam", "metric": "cosine"},
    "LRP of edges": {"method": "lrp_edges", "metric": "cosine"},
    "LRP": {"method": "lrp", "metric": "rbf"},
}
PAIRS = pd.DataFrame(
    {
        "model_a": ["one", "one", "b & c"],
        "model_b": ["two", "three", "three"],
        "rho": [0.9, 0.2, 0.4],
        "category": ["seeds", "control", "same family"],
    }
)


@pytest.mark.parametrize(
    ("topic", "rule", "text", "state"),
    [
        ("LRP", "mostly_chance", "…", "view=matrix&quantity=mean&method=lrp&metric=rbf"),
        ("LRP", "closest", "…", "view=pair&method=lrp&metric=rbf&a=b%20%26%20c&b=three"),
        (
            *("In short", "short_families", "Families are set apart by LRP and Grad-CAM."),
            "view=models&method=lrp&metric=rbf",
        ),
        (
            *("What cannot be said", "few_images", "Grad-CAM: maps of LRP are blank."),
            "view=matrix&quantity=n&method=gradcam&metric=cosine",
        ),
        ("What cannot be said", "seed_std", "One seed.", "view=matrix&quantity=width"),
        ("What cannot be said", "no_control", "There is no control.", ""),
        ("What cannot be said", "raw", "Of raw similarities.", "view=matrix&quantity=mean"),
        (
            *("What cannot be said", "input_share", "LRP of edges: of the score …"),
            "view=image&method=lrp_edges&metric=cosine",
        ),
    ],
)
def test_sentences_lead_to_the_view_that_shows_them(topic, rule, text, state):
    statement = {"topic": topic, "rule": rule, "text": text}
    pairs = dict.fromkeys(CASES, PAIRS)
    assert sentence_link(statement, CASES, pairs) == state


NO_VIEW = {"no_seeds", "no_control", "no_image_count"}
"""Rules whose sentences say what a study does not have."""


def test_sentences_of_all_rules_have_a_view():
    text = "".join(
        Path(path).read_text() for path in (sentences.__file__, limits.__file__, verdict.__file__)
    )
    assert [rule for rule in VIEWS if f'"{rule}"' not in text] == []
    topics = r"LIMITS|IN_SHORT|evidence\.title"
    rules = re.findall(rf'statement\(\s*(?:{topics}),\s*"(\w+)"', text)
    rules += re.findall(r'\brule(?:, text)? = "(\w+)"', text)
    assert {*rules} == {*VIEWS, *NO_VIEW}


def test_maps_on_pixels_are_no_coarser_than_what_is_compared():

    assert pixel_side((64, 64), 10, 8) == 64
    assert pixel_side((224, 224), 10, 8) == 96
    many = pixel_side((224, 224), 20_000, 8)
    assert many < 96
    assert 20_000 * many**2 <= NUMBERS
    assert pixel_side((224, 224), 10**8, 8) == 8
    assert pixel_side((4, 4), 1, 8) == 4
