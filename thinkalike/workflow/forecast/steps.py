"""Steps of Integrated Gradients: recorded in finished maps, found by a pilot, or as usual.

How many steps an image needs is known when it is explained. Finished maps of the same model and question
say it; else a few images are explained (`pilot`), if their files and the weights are there; else figures of
other networks stand for it.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.errors import InputError
from thinkalike.images.contents import OF_DIGITS
from thinkalike.methods import expected_steps
from thinkalike.stores.arrays import open_arrays
from thinkalike.workflow.changed_images import ChangedImages
from thinkalike.workflow.fingerprint import fingerprint
from thinkalike.workflow.forecast.kept import Kept
from thinkalike.workflow.forecast.plan import Job
from thinkalike.workflow.study import Study

STEPPED = "integrated_gradients"
"""Key of the method whose maps take as many steps as each image needs."""

PILOT_IMAGES = 4
"""Images that a pilot explains with a model, at most."""

Case = tuple[str, str]
"""Method or variant, and model."""


def stepped_cases(study: Study, jobs: Iterable[Job]) -> list[Case]:
    """Methods and models that jobs explain by Integrated Gradients, in their order.

    Args:
        study: its settings.
        jobs: that are to run.
    """
    moved = ChangedImages(study).moved_methods
    methods_of: dict[str, Callable[[Mapping[str, str]], Sequence[str]]] = {
        "explain_images": lambda wildcards: [wildcards["method"]],
        "explain_moved": lambda wildcards: moved,
        "explain_clusters": lambda wildcards: [study["neon"]["method"]],
        "explain_class_images": lambda wildcards: [study["spectral"]["method"]],
    }
    cases = [
        (study.explained_as(method), job.wildcards["model"])
        for job in jobs
        if job.rule in methods_of
        for method in methods_of[job.rule](job.wildcards)
        if study.method(method).key == STEPPED
    ]
    return list(dict.fromkeys(cases))


def usual_steps(study: Study, method: str, model: str) -> float:
    """Mean steps that an image usually needs (`expected_steps`), by what the network has seen."""
    settings = study["settings"][method]
    seen = "digits" if study["dataset"]["kind"] in OF_DIGITS else "photographs"
    if model in study.untrained:
        seen = "untrained"
    return expected_steps(settings["map_tolerance"], settings["most_steps"], seen)


def recorded_steps(path: str | Path, expected: Mapping[str, Any]) -> float | None:
    """Mean steps of the maps of a file; None if there is no such file, or it answers another question.

    Args:
        path: of the file of maps.
        expected: attributes that the file must have.
    """
    try:
        with open_arrays(path, ["steps"]) as dataset:
            is_same = all(_plain(dataset.attrs.get(k)) == _plain(v) for k, v in expected.items())
            return float(dataset["steps"].mean()) if is_same and dataset["steps"].size else None
    except InputError:
        return None


def _plain(value: Any) -> Any:
    """A value as a NetCDF file gives it back: a sequence as a list of numbers."""
    return np.asarray(value).tolist()


@dataclass
class StepCounts:
    """Mean steps of the maps of each method and model, and where they are from.

    Attributes:
        steps: (method, model) → steps that are known of this very case.
        recorded, piloted: cases whose steps are from maps, and from a pilot.
        left: cases for whose pilot there was no time.
    """

    steps: dict[Case, float] = field(default_factory=dict)
    recorded: list[Case] = field(default_factory=list)
    piloted: list[Case] = field(default_factory=list)
    left: list[Case] = field(default_factory=list)


Explain = Callable[[Mapping[str, Any], int], Sequence[int]]
"""Steps of so many images, from what `pilot.pilot_content` gives."""


def count_steps(
    study: Study,
    cases: Sequence[Case],
    *,
    content: Callable[[str, str], Mapping[str, Any] | None],
    seconds_per_step: Callable[[str], float],
    explain: Explain,
    kept: Kept,
    limit: float,
) -> StepCounts:
    """Steps of cases from their finished maps, or from a pilot of a few images.

    Args:
        study: its settings.
        cases: whose steps are wanted.
        content: everything that the pilot of a method and model follows from; None where a file is missing.
        seconds_per_step: of one image of a model.
        explain: the pilot.
        kept: pilots of earlier forecasts.
        limit: seconds of CPU time that new pilots may take together, importing included. One that would
            take longer explains fewer images, or is left out.
    """
    counts = StepCounts()
    end = time.process_time() + limit
    for method, model in cases:
        path = Path("results", study["study"], "explanations", method, f"{model}.nc")
        if (recorded := recorded_steps(path, _attributes(study, method, model))) is not None:
            counts.steps[method, model] = recorded
            counts.recorded.append((method, model))
            continue
        if (files := content(method, model)) is None:
            continue
        expected = usual_steps(study, method, model) * seconds_per_step(model)
        images = min(int((end - time.process_time()) / expected), PILOT_IMAGES)
        # one with fewer images than it might have is not made again
        known = next(
            (n for n in range(PILOT_IMAGES, 0, -1) if kept.has("steps", [files, n])), images
        )
        if known < 1:
            counts.left.append((method, model))
            continue

        def pilot(files: Mapping[str, Any] = files, known: int = known) -> list[int]:
            return list(explain(files, known))

        counts.steps[method, model] = float(np.mean(kept.value("steps", [files, known], pilot)))
        counts.piloted.append((method, model))
    return counts


def explaining_code(study: Study, method: str) -> str:
    """Fingerprint of the code that explains by a method, as in the attributes of maps."""
    return fingerprint("explain_images.py", study.method(method).module)


def _attributes(study: Study, method: str, model: str) -> dict[str, Any]:
    """Attributes of the file of the maps of a model."""
    return {
        **study.map_settings(method, model),
        **study.question(method),
        "code": explaining_code(study, method),
    }
