"""Steps of Integrated Gradients in a forecast: of finished maps, of a pilot, of other networks."""

import numpy as np

from tests.support.configuration import configuration
from thinkalike.compare.bases import Pixels
from thinkalike.compare.maps import Maps
from thinkalike.images.contents import Contents
from thinkalike.methods import USUAL_STEPS
from thinkalike.stores.maps import write_maps
from thinkalike.workflow.forecast.facts import Facts
from thinkalike.workflow.forecast.kept import Kept
from thinkalike.workflow.forecast.passes import Work, work
from thinkalike.workflow.forecast.plan import Job
from thinkalike.workflow.forecast.steps import (
    PILOT_IMAGES,
    count_steps,
    explaining_code,
    recorded_steps,
    stepped_cases,
    usual_steps,
)
from thinkalike.workflow.study import Study

MODELS = ["resnet", "vit", "resnet_untrained"]
METHOD = "integrated_gradients"


def study_of(**changes):
    return Study.of(configuration(**({"models": MODELS, "replicas": None} | changes)))


def explain_job(model, method=METHOD):
    return Job("explain_images", {"method": method, "model": model})


def test_cases_are_those_that_jobs_explain():
    study = study_of(
        variants={
            "rough": {"method": METHOD, "map_tolerance": 0.1},
            "absolute": {"method": METHOD, "sign": "absolute"},
        },
        methods=[METHOD, "gradcam", "rough", "absolute"],
    )
    planned = [
        explain_job("vit"),
        explain_job("vit", "gradcam"),
        explain_job("resnet", "rough"),
        Job("predict_images", {"model": "resnet"}),
        Job("explain_moved", {"model": "resnet"}),
    ]
    # a variant that changes only how maps are compared has no maps of its own
    assert stepped_cases(study, planned) == [
        (METHOD, "vit"),
        ("rough", "resnet"),
        (METHOD, "resnet"),
    ]
    assert stepped_cases(study, planned[1:2]) == []


def test_usual_steps_are_those_of_networks_that_have_seen_the_like():
    digits = study_of()
    assert usual_steps(digits, METHOD, "vit") == USUAL_STEPS["digits"]
    assert usual_steps(digits, METHOD, "resnet_untrained") == USUAL_STEPS["untrained"]
    photographs = {"dataset": {"kind": "imagenette"}}
    assert usual_steps(study_of(**photographs), METHOD, "vit") == USUAL_STEPS["photographs"]
    few = study_of(**photographs, settings={METHOD: {"most_steps": 9}})
    assert usual_steps(few, METHOD, "vit") == 9


def written(path, steps, attributes):
    path.parent.mkdir(parents=True, exist_ok=True)
    count = len(steps)
    write_maps(
        path,
        Maps(np.zeros((count, 16)), (Pixels(4, 4),)),
        image_ids=[str(number) for number in range(count)],
        measures={"steps": np.array(steps)},
        attributes=attributes,
    )


def test_steps_are_recorded_in_maps_of_the_same_question(tmp_path):
    same = {"tolerance": 0.02, "baseline": [0.0, 0.5, 0.0], "code": "c"}
    written(tmp_path / "vit.nc", [6, 18, 54], same)
    assert recorded_steps(tmp_path / "vit.nc", same) == 26
    assert recorded_steps(tmp_path / "vit.nc", {}) == 26
    for other in ({"tolerance": 0.01}, {"baseline": [0.0, 0.0, 0.0]}, {"code": "d"}, {"x": 1}):
        assert recorded_steps(tmp_path / "vit.nc", same | other) is None
    assert recorded_steps(tmp_path / "none.nc", same) is None


class Stub:
    """A pilot that needs 10 steps for every image, and notes what it is asked."""

    def __init__(self):
        self.calls = []

    def __call__(self, content, images):
        self.calls.append((content["model"], images))
        return [10] * images


def counted(tmp_path, cases, explain, limit=1000.0, absent=(), seconds_per_step=1e-4):
    return count_steps(
        study_of(),
        cases,
        content=lambda method, model: None if model in absent else {"model": model, "m": method},
        seconds_per_step=lambda model: seconds_per_step,
        explain=explain,
        kept=Kept(tmp_path / "kept"),
        limit=limit,
    )


CASES = [(METHOD, model) for model in MODELS]


def test_a_pilot_explains_a_few_images_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stub = Stub()
    found = counted(tmp_path, CASES, stub, absent=["vit"])
    assert stub.calls == [("resnet", PILOT_IMAGES), ("resnet_untrained", PILOT_IMAGES)]
    assert found.steps == {(METHOD, "resnet"): 10, (METHOD, "resnet_untrained"): 10}
    assert (found.piloted, found.recorded, found.left) == ([CASES[0], CASES[2]], [], [])
    # kept, also where there would be no time
    again = counted(tmp_path, CASES, stub, limit=0.0, absent=["vit"])
    assert again == found
    assert len(stub.calls) == 2


def test_a_pilot_has_only_so_much_time(tmp_path, monkeypatch):
    """At 24.4 steps and 1 s a step there is time for two images of the first model, and for none more."""
    monkeypatch.chdir(tmp_path)
    stub = Stub()
    monkeypatch.setattr("time.process_time", iter([0.0, 0.0, 50.0]).__next__)
    found = counted(tmp_path, CASES[:2], stub, limit=60.0, seconds_per_step=1.0)
    assert stub.calls == [("resnet", 2)]
    assert (found.piloted, found.left) == ([CASES[0]], [CASES[1]])


def test_maps_come_before_a_pilot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study, stub = study_of(), Stub()
    attributes = {
        **study.map_settings(METHOD, "vit"),
        **study.question(METHOD),
        "code": explaining_code(study, METHOD),
    }
    written(tmp_path / "results/digits/explanations" / METHOD / "vit.nc", [54, 162], attributes)
    found = counted(tmp_path, CASES[:2], stub)
    assert found.steps == {CASES[0]: 10, CASES[1]: 108}
    assert (found.recorded, found.piloted) == ([CASES[1]], [CASES[0]])


def test_passes_follow_from_the_steps_that_are_known():
    study = study_of()
    data = Contents(10, 10, ("a",))
    facts = Facts(study, data, {}, {(METHOD, "vit"): 40.0})
    assert work(facts, explain_job("vit")) == [Work(METHOD, "vit", 100 * 2 * 40)]
    assert work(facts, explain_job("resnet")) == [
        Work(METHOD, "resnet", 100 * 2 * USUAL_STEPS["digits"])
    ]


def test_what_is_kept_follows_from_content(tmp_path):
    kept, made = Kept(tmp_path / "a/b"), []

    def compute():
        made.append(1)
        return {"steps": [6, 18]}

    assert not kept.has("steps", {"x": 1})
    assert not (tmp_path / "a").exists()
    for _ in range(2):
        assert kept.value("steps", {"x": 1, "y": [2]}, compute) == {"steps": [6, 18]}
    assert kept.value("steps", {"y": [2], "x": 1}, compute) == {"steps": [6, 18]}
    assert len(made) == 1
    kept.value("steps", {"x": 2}, compute)
    kept.value("cost", {"x": 1, "y": [2]}, compute)
    assert len(made) == 3
    (path, *_) = (tmp_path / "a/b/steps").glob("*.json")
    for path in (tmp_path / "a/b/steps").glob("*.json"):
        path.write_text("{broken")
    kept.value("steps", {"x": 2}, compute)
    assert len(made) == 4
