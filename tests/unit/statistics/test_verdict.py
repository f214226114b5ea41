"""The verdict: which sentence follows from which numbers, and that its numbers are theirs."""

import json
import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from thinkalike.statistics.roles import Roles
from thinkalike.statistics.statements import LIMITS, Evidence, Statement, StudyFacts
from thinkalike.statistics.verdict import markdown, verdict, write_verdict

NAMES = {
    "a": "Anna",
    "a_twin": "Anna (twin)",
    "b": "Bert",
    "c": "Carl",
    "d": "Dora",
    "zero": "Zero",
}
FAMILIES = dict(zip(NAMES, ("cnn", "cnn", "cnn", "vit", "vit", "cnn"), strict=True))
ARCHITECTURES = {**{model: model for model in NAMES}, "a_twin": "a"}
MODELS = list(NAMES)


def facts(models=tuple(MODELS), same=97, untrained=("zero",), **changes) -> StudyFacts:
    pairs = [(a, b, same, 100 - same) for a, b in combinations(models, 2)]
    agreement = pd.DataFrame(pairs, columns=["model_a", "model_b", "same", "different"])
    roles = Roles(FAMILIES, ARCHITECTURES, [model for model in untrained if model in models])
    known = {"study": "mine", "models": list(models), "names": NAMES, "moved_pixels": 1}
    return StudyFacts(**{**known, "roles": roles, "agreement": agreement, **changes})


def evidence(models=tuple(MODELS), rho=0.4, chance=0.1, seeds=(0.8,), **changes) -> Evidence:
    rows = [
        {"model_a": a, "model_b": b, "n": 100, "rho": rho, "low": rho - 0.05, "high": rho + 0.05}
        for a, b in combinations(models, 2)
    ]
    pairs = pd.DataFrame(rows, columns=["model_a", "model_b", "n", "rho", "low", "high"])
    pairs = pairs.assign(chance=chance, mean=chance + rho * (1 - chance), seed_std=0.03)
    pairs = pairs.assign(constant=0.05, image=0.2, **{"class": 0.1})
    own = pd.DataFrame({"architecture": "a", "rho": seeds, "model_a": "a", "model_b": "a_twin"})
    own = own.assign(low=own["rho"] - 0.05)
    known = {
        "title": "Method",
        "place": "method/cosine",
        "pool": None,
        "pairs": pairs,
        "seeds": own,
        "family": {},
        "resolution": {},
        "image_count": {"needed": 60.0, "images": 100.0, "target": 0.9, "reason": ""},
        "branches": pd.DataFrame(),
    }
    return Evidence(**{**known, **changes})


def rules(statements: list[Statement]) -> dict[str, Statement]:
    return {each.rule: each for each in statements}


def said(study: StudyFacts, *methods: Evidence) -> dict[str, Statement]:
    return rules(verdict(study, methods))


def test_what_a_usual_study_says():
    found = said(facts(), evidence(resolution={"control_rho": 0.02}))
    assert {rule: each.text for rule, each in found.items()} == {
        "predictions": "Two trained networks predict the same class on 97 of 100 images: "
        "predictions cannot tell them apart.",
        "short_images": "Method order the pairs in the images at hand.",
        "above_chance": "Above chance two trained networks share 0.40 (median; 0.40 to 0.40).",
        "parts": "Of a similarity 0.05 is common to maps of all images, where a shortcut at a fixed place "
        "would be, 0.10 more to those of one class, and 0.20 more to those of one image (medians).",
        "closest": "9 of 9 pairs are surely above chance; the closest are Anna and Bert (0.40, 95 % "
        "interval 0.35 to 0.45).",
        "control_at_chance": "An untrained network is at chance (0.02).",
        "seeds": "Two seeds of one network share: Anna 0.80.",
        "image_count": "100 images are enough to order the pairs: it takes about 60 (Kendall's τ of 0.9).",
        "seed_std": "Every number holds for one seed of each network: another seed would change a "
        "similarity by ± 0.03 to 0.03 (standard deviation, medians of the methods), which is beside the "
        "interval over images.",
        "no_families": "Families cannot be tested: there are 4 trained networks of 2 families, and a "
        "test takes two families of two.",
    }


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"rho": 0.13, "chance": 0.62}, "mostly_chance"),
        ({"seeds": [0.38]}, "seeds_as_strangers"),  # strangers share .40
        ({"seeds": [0.08], "rho": -0.1}, "seeds_as_strangers"),  # and nobody shares anything
        ({"resolution": {"control_rho": -0.33}}, "control_opposed"),
        ({"resolution": {"control_rho": 0.3}}, "control_alike"),
        ({"mute": ["b", "c"]}, "mute"),
        ({"images": 9, "not_converged": {"a": 0, "b": 2}}, "unconverged"),
        ({"rho": np.nan}, "missing"),
        ({"input_share": {"b": 0.02, "c": 0.3}}, "input_share"),
        ({"image_count": {"needed": np.inf, "images": 9.0, "target": 0.9}}, "no_order"),
        (
            {"image_count": {"needed": np.nan, "images": np.nan, "reason": "too few pairs"}},
            "no_image_count",
        ),
    ],
)
def test_a_rule_speaks_where_its_numbers_are_there(changes, rule):
    assert rule not in said(facts(), evidence())
    assert rule in said(facts(), evidence(**changes))


def test_what_biases_have_of_a_score_is_said_of_trained_networks():
    shares = {"a": 0.021, "a_twin": 0.3, "zero": 0.9}
    assert said(facts(), evidence(input_share=shares))["input_share"].text == (
        "Method: of the score of an image its map has 0.021 to 0.3 (medians of the trained networks); "
        "biases have the rest, which no map shows."
    )


def test_maps_that_did_not_converge_are_counted():
    counts = {"a": 1, "b": 0, "c": 3}
    found = said(facts(), evidence(images=50, not_converged=counts))["unconverged"]
    assert found.text.startswith(
        "4 of 150 maps did not converge, 3 of them of Carl: they are farther"
    )
    alone = said(facts(), evidence(images=50, not_converged={"a": 0, "b": 0, "c": 3}))
    assert "3 of 150 maps did not converge, all of them of Carl" in alone["unconverged"].text
    none = said(facts(), evidence(images=50, not_converged=dict.fromkeys(counts, 0)))
    assert "unconverged" not in none


def test_what_is_nothing_has_no_sign():
    found = said(facts(), evidence(resolution={"control_rho": -0.001}))
    assert found["control_at_chance"].text == "An untrained network is at chance (0.00)."


def test_images_that_pretrained_networks_have_seen_are_counted():
    images = [f"val/n01440764/n01440764_{n}.JPEG" for n in range(7)]
    images += [f"val/n01440764/ILSVRC2012_val_0000000{n}.JPEG" for n in range(3)]
    known = said(facts(images=images, of_imagenet=["b", "c"]), evidence())["seen"]
    assert known.text == (
        "7 of 10 images bear names of ImageNet's training images, which pretrained networks have seen: "
        "there Bert and Carl explain what they were trained on."
    )
    assert (known.topic, known.numbers) == (LIMITS, {"seen": 7, "images": 10})
    assert "seen" not in said(facts(images=images), evidence())
    assert "seen" not in said(facts(images=images[7:], of_imagenet=["b"]), evidence())


def test_families_that_differ_are_evidence_for_these_networks():
    family = {
        "permanova_p": 0.0286,
        "permanova_p_holm": 0.0286,
        "permdisp_p": 0.57,
        "smallest_p": 1 / 35,
        "within_minus_between": 0.18,
    }
    text = said(facts(), evidence(family=family))["families"].text
    assert text == (
        "Models of one family share +0.18 more than models of two (PERMANOVA p = 0.029; 0.029 with all "
        "methods tested), with no sign that their spread differs (PERMDISP p = 0.57): evidence for these "
        "networks, not for families at large. No p can be under 0.029 with so few models."
    )
    spread = {**family, "permdisp_p": 0.01}
    assert (
        "but their spread differs, too" in said(facts(), evidence(family=spread))["families"].text
    )
    none = {**family, "permanova_p": 0.3, "permanova_p_holm": 0.6}
    text = said(facts(), evidence(family=none))["families"].text
    assert "no difference of families is shown" in text


def branches(support: float, p: float) -> pd.DataFrame:
    row = {"tree": "trained", "linkage": "average", "models": "a b c", "support": support}
    return pd.DataFrame([{**row, "one_factor_p": p, "finding": support > 0.95 and p < 0.05}])


def test_a_branch_is_a_finding_only_beyond_one_common_factor():
    sure = said(facts(), evidence(branches=branches(0.99, 0.01)))
    assert sure["branches"].text.endswith("hold in other images: Anna, Bert and Carl (0.99).")
    one = said(facts(), evidence(branches=branches(1.0, 0.4)))
    assert "one common factor explains the matrix (p = 0.4)" in one["no_branches"].text


def test_the_scale_is_told_with_its_references():
    rows = [
        (kind, scale, model, model, rho)
        for kind, scale, rho in [
            ("seeds", 0, 0.06),
            ("seeds", 8, 0.43),
            ("moved", 0, -0.1),
            ("moved", 8, 0.8),
        ]
        for model in ("a", "b")
    ]
    scales = pd.DataFrame(rows, columns=["kind", "scale", "model_a", "model_b", "rho"])
    text = said(facts(), evidence(pool=8, scales=scales))["scale"].text
    assert text == (
        "Compared pixel by pixel, two seeds of one network share 0.06 and a picture moved by 1 pixel "
        "leaves -0.10; on 8 × 8 cells, as here, two seeds of one network share 0.43 and a picture moved by "
        "1 pixel leaves 0.80 (medians)."
    )
    assert "scale" not in said(facts(), evidence(scales=scales)), "it is compared as computed"


def test_what_cannot_be_said_is_said():
    models = ("a", "b")
    nothing = evidence(models, seeds=[]).__dict__ | {"image_count": {}}
    nothing["pairs"] = nothing["pairs"].assign(seed_std=np.nan)
    found = said(facts(models, untrained=()), Evidence(**nothing))
    assert {"no_seeds", "no_control", "no_families"} <= found.keys()
    assert found["no_families"].text.startswith(
        "Families cannot be tested: there are 2 trained networks of 1"
    )
    few = evidence()
    few.pairs.loc[few.pairs["model_b"] == "zero", "n"] = 6
    assert said(facts(), few)["few_images"].text == (
        "Method: maps of Zero are blank on most images; what is said of them is about 6 of 100 images at "
        "most."
    )
    assert "raw" in said(facts(corrected=False), evidence())


@pytest.mark.parametrize("models", [("a", "b"), ("a", "a_twin"), ("a", "zero"), ("a", "b", "c")])
def test_few_models_make_no_error(models):
    statements = verdict(facts(models), [evidence(models)])
    assert statements[-1].topic == LIMITS


def numbers_in(text: str) -> list[str]:
    return re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text)


def test_every_number_of_a_sentence_is_one_of_its_numbers(tmp_path):
    family = {
        "permanova_p": 0.0286,
        "permanova_p_holm": 0.1,
        "permdisp_p": 0.57,
        "smallest_p": 1 / 35,
        "within_minus_between": 0.18,
    }
    full = evidence(
        family=family,
        seeds=[0.7, 0.8, 0.75],
        branches=branches(0.99, 0.01),
        resolution={"control_rho": -0.3, "closer_than_own": 3, "pairs": 9},
    )
    statements = verdict(facts(), [full, evidence(rho=0.1, chance=0.7)])
    page, numbers = tmp_path / "verdict.md", tmp_path / "verdict.json"
    write_verdict(statements, "mine", str(page), str(numbers))
    for row in json.loads(numbers.read_text()):
        known = {
            f"{value:{form}}"
            for value in row["numbers"].values()
            for form in (".2f", ".0f", ".2g", ".1f", "+.2f")
        }
        fixed = {"95", "9"} if row["rule"] == "closest" else set()
        strange = [
            n for n in numbers_in(row["text"]) if n not in known | fixed and f"+{n}" not in known
        ]
        assert not strange, row
        assert row["text"] in page.read_text()
    assert page.read_text() == markdown(statements, "mine")
