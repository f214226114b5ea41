"""captum's attributions and methods from files as variants: what is refused, what jobs are given."""

from pathlib import Path

import pytest

from tests.support.configuration import tiny
from thinkalike.errors import InputError
from thinkalike.user_code import content_of
from thinkalike.workflow.changed_images import ChangedImages
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.study import Study


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text("def explain(model, images, targets, question):\n    return 0\n")
    return str(path)


def problems(**changes) -> list[str]:
    with pytest.raises(InputError) as error:
        resolve(tiny(**changes))
    return str(error.value).splitlines()


def variant(**settings) -> dict[str, dict]:
    return {"variants": {"mine": settings}, "methods": ["gradcam", "mine"]}


def captum(attribution: str, **settings) -> dict[str, dict]:
    return variant(method="captum", attribution=attribution, **settings)


CAPTUM = {
    "variants.mine.attribution: 'Salency' is not one of": captum("Salency"),
    "did you mean 'Saliency'?": captum("Salency"),
    "variants.mine.arguments.nsteps: no argument of this name; did you mean 'n_steps'?": (
        captum("IntegratedGradients", arguments={"nsteps": 3})
    ),
    "variants.mine.arguments.sliding_window_shapes: Occlusion needs [3, rows, columns]": (
        captum("Occlusion")
    ),
    "variants.mine.arguments.baselines: the study says it; set explanation.baseline": (
        captum("DeepLift", arguments={"baselines": 0})
    ),
    "variants.mine.smooth: FeatureAblation takes no gradients": (
        captum("FeatureAblation", smooth={"samples": 3, "sigma": 0.1})
    ),
    "variants.mine.smooth: 'sigmaa' is not a key here; did you mean 'sigma'?": (
        captum("Saliency", smooth={"samples": 3, "sigma": 0.1, "sigmaa": 1})
    ),
    "variants.mine.attribution: missing; write attribution: Saliency; one of Saliency, ": (
        variant(method="captum")
    ),
    "methods: captum alone says nothing; name a variant, as in variants: {mine: {method: captum, "
    "attribution: Saliency}}; one of Saliency, ": {"methods": ["captum"]},
    "explanation.output: variants.mine, DeepLift, explains logits alone; set logit, or leave it out of": (
        {
            **captum("DeepLift"),
            "explanation": {"output": "probability"},
            "spectral": {"method": "gradcam"},  # and not lrp, which says the same
        }
    ),
    "spectral.method: 'mine' has maps on superpixels": (
        {**captum("FeatureAblation"), "spectral": {"method": "mine"}}
    ),
}


@pytest.mark.parametrize("said", CAPTUM)
def test_what_is_wrong_with_an_attribution_is_one_line(said):
    (line,) = problems(**CAPTUM[said])
    assert said in line


def test_what_is_wrong_with_a_file_is_one_line(tmp_path, mine):
    def line(**changes) -> str:
        (one,) = problems(**changes)
        return one

    assert line(methods=["file"]) == (
        "methods: file alone says nothing; name a variant, as in variants: {mine: {method: file, file: "
        "methods/mine.py}}"
    )
    assert line(**variant(method="file")).startswith("variants.mine.file: missing; write file: ")
    none = str(tmp_path / "none.py")
    assert line(**variant(method="file", file=none)) == (
        f"variants.mine.file: {none} cannot be read: No such file or directory"
    )
    Path(mine).write_text("def explian(): pass\n")
    assert "does not define 'explain'; did you mean 'explian'?" in line(
        **variant(method="file", file=mine)
    )
    Path(mine).write_text("def explain(:\n")
    assert "mine.py, line 1: " in line(**variant(method="file", file=mine))


def test_an_attribution_of_the_settings_themselves_is_a_method():
    study = Study.of(tiny(methods=["captum"], settings={"captum": {"attribution": "Saliency"}}))
    assert study.map_settings("captum", "vit_brief")["attribution"] == "Saliency"


def test_the_home_of_the_user_stands_for_a_tilde(tmp_path, mine, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    study = Study.of(tiny(**variant(method="file", file="~/mine.py")))
    assert study.map_settings("mine", "vit_brief")["file"] == mine


def test_a_job_is_given_what_changes_its_maps_and_the_content_of_a_file(mine):
    study = Study.of(
        tiny(
            variants={
                "saliency": {"method": "captum", "attribution": "Saliency"},
                "mine": {"method": "file", "file": mine, "arguments": {"a": 1}},
                "bold": {"method": "captum", "attribution": "Saliency", "sign": "absolute"},
            },
            methods=["saliency", "mine", "bold"],
        )
    )
    assert study.map_settings("saliency", "vit_brief") == {
        "attribution": "Saliency",
        "arguments": {},
        "smooth": None,
    }
    planned = study.map_settings("mine", "vit_brief")
    assert planned == {
        "file": mine,
        "arguments": {"a": 1},
        "basis": "pixels",
        "content": content_of(mine),
    }
    Path(mine).write_text("def explain(*given):\n    return 1\n")
    again = Study.of(study_config := tiny(**variant(method="file", file=mine, arguments={"a": 1})))
    changed = again.map_settings("mine", "vit_brief")
    assert {key for key in planned if planned[key] != changed[key]} == {"content"}
    assert study_config["variants"]["mine"].keys() == {"method", "file", "arguments"}
    assert study.method("saliency").module == "thinkalike.explain.captum"
    assert study.method("mine").module == "thinkalike.explain.file"
    # Saliency has no baseline, so that another colour changes none of its maps
    assert study.question("saliency")["baseline"] == []
    assert study.question("mine")["baseline"] == study["explanation"]["baseline"]


def test_a_layer_is_given_where_an_attribution_needs_one():
    guided = {"method": "captum", "attribution": "GuidedGradCam"}
    study = Study.of(
        tiny(
            variants={"guided": guided, "early": {**guided, "depth": 50}},
            methods=["guided", "early"],
        )
    )
    assert study.map_settings("early", "vit_brief")["depth"] == 50
    layers = study["catalogue"]["byobnet_brief"]["layers"]
    for name, place in (("guided", "depth_100"), ("early", "depth_50")):
        assert study.architecture("byobnet_brief", name)["layers"] == {place: layers[place]}
    assert ChangedImages(study).architecture("byobnet_brief")["layers"].keys() == {
        "depth_100",
        "depth_50",
    }
    (line, *_) = problems(variants={"early": {**guided, "depth": 25}}, methods=["early"])
    assert "variants.early.depth: vit_brief has no Grad-CAM layer at 25" in line


def test_superpixels_are_made_for_a_variant_that_is_on_them(mine):
    study = Study.of(
        tiny(
            variants={
                "ablation": {"method": "captum", "attribution": "FeatureAblation"},
                "regions": {"method": "file", "file": mine, "basis": "segments"},
                "saliency": {"method": "captum", "attribution": "Saliency"},
            },
            methods=["saliency", "ablation", "regions"],
            spectral={"method": None},
        )
    )
    assert study.segments_file("ablation") == study.segments_file("regions") != []
    assert study.segments_file("saliency") == []
    assert ChangedImages(study).segments_file(["regions"]) == "<results>/segments.nc"
    assert study["spectral"]["method"] == "saliency"
