"""Forward passes of jobs."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.workflow.forecast.costs import Study
from thinkalike.workflow.forecast.data import DatasetSize

AUDITED = 32
"""Images explained a second time in float32 where a job computes in less; as in explain/common.py."""


MIDPOINTS = (6, 18, 54)
"""Steps of Integrated Gradients after which more are added."""


PENDING = (0.682, 0.139, 0.0178)
"""Share of maps that need more than so many steps at REFERENCE_TOLERANCE, measured on the digits study:
nine trained models, 100 images each."""


REFERENCE_TOLERANCE = 0.02


TOLERANCE_POWER = 2 / 3
"""Steps needed grow with tolerance^(-2/3): fits the means at 0.02 and, in docs/benchmarks-explainers.md,
at 0.01."""


def gradcam_passes(settings: Mapping[str, Any]) -> float:
    """Forward passes of a Grad-CAM map: one, and back through what comes after the layer.

    1 + (1 − depth/100), with the layer at so many percent of the network; by count of operations up to
    1.15 at depth 100 (docs/benchmarks-explainers.md).
    """
    return 2 - settings["depth"] / 100


def integrated_gradients_passes(settings: Mapping[str, Any]) -> float:
    """Forward passes of a map by Integrated Gradients: two for each of its expected steps."""
    return 2 * expected_steps(settings["tolerance"], settings["most_steps"])


def expected_steps(tolerance: float, most_steps: int) -> float:
    """Mean number of steps of Integrated Gradients, between 6 and `most_steps`.

    6 + Σ 2n · P(more than n are needed) over n = 6, 18, 54, … with 3n ≤ most_steps, because an image that
    needs more gets 3n instead of n. P is PENDING, log-linear between its points, of
    n · (tolerance/REFERENCE_TOLERANCE)^TOLERANCE_POWER.
    """
    scale = (tolerance / REFERENCE_TOLERANCE) ** TOLERANCE_POWER
    steps, expected = MIDPOINTS[0], float(MIDPOINTS[0])
    while 3 * steps <= most_steps:
        expected += 2 * steps * _pending(steps * scale)
        steps *= 3
    return expected


def _pending(steps: float) -> float:
    places, logs = [0.0, *MIDPOINTS], [0.0, *map(math.log, PENDING)]
    if steps <= places[-1]:
        return math.exp(np.interp(steps, places, logs))
    slope = (logs[-1] - logs[-2]) / (places[-1] - places[-2])
    return math.exp(logs[-1] + slope * (steps - places[-1]))


def kernelshap_passes(settings: Mapping[str, Any]) -> float:
    """Forward passes of a KernelSHAP map: its evaluations; with a tolerance, the most there can be."""
    evaluations: int = settings["evaluations"]
    if settings.get("tolerance") is not None:
        while 2 * evaluations <= settings["most_evaluations"]:
            evaluations *= 2
    return evaluations


def lrp_passes(settings: Mapping[str, Any]) -> float:
    """Forward passes of a map by LRP: forth and back, and with γ for convolutions up to six (docs/lrp.md).

    Args:
        settings: `composites` of families, of which the most costly counts, or one `composite`.
    """
    asked = settings.get("composites", {"": settings.get("composite", "epsilon")})
    return max(2.0 if name == "epsilon" else 6.0 for name in asked.values())


PER_IMAGE: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "gradcam": gradcam_passes,
    "integrated_gradients": integrated_gradients_passes,
    "kernelshap": kernelshap_passes,
    "lrp": lrp_passes,
}
"""Method → forward passes of one map, from its settings."""


@dataclass(frozen=True)
class Job:
    """A job of a rule, or its part for one model.

    Attributes:
        rule: its name.
        model: that it runs.
        method: key of the study's settings, where the rule has one.
    """

    rule: str
    model: str
    method: str | None = None


def base_method(study: Study, method: str | None) -> str:
    """The method that a variant is one of; a method itself."""
    name = method or "kernelshap"
    return str(study["settings"].get(name, {}).get("method", name))


def _training(study: Study, job: Job, data: DatasetSize) -> float:
    epochs = study["catalogue"][job.model]["training"]["epochs"]
    return training_passes(epochs, data)


def training_passes(epochs: int, data: DatasetSize, frozen_epochs: int = 0) -> float:
    """Forward passes of training: three an image and epoch, one while all but the head is frozen, and
    one for every image held out.
    """
    return (3 * epochs + frozen_epochs) * data.train + data.val


def _finetuning(study: Study, job: Job, data: DatasetSize) -> float:
    settings = {
        **study.get("finetuning", {}),
        **study["catalogue"][job.model].get("finetuning", {}),
    }
    return training_passes(settings.get("epochs", 0), data, settings.get("frozen_epochs", 0))


def _predicting(study: Study, job: Job, data: DatasetSize) -> float:
    return float(study["images"]["count"])


def explained(study: Study, method: str) -> int:
    """How many images a method explains."""
    count: int = study["images"]["count"]
    return min(count, study["settings"].get(method, {}).get("images") or count)


def _explaining(study: Study, job: Job, data: DatasetSize) -> float:
    method = job.method or "kernelshap"
    per_image = PER_IMAGE.get(base_method(study, method))
    if per_image is None:
        return 0.0
    images = explained(study, method)
    if study["explanation"].get("precision", "float32") != "float32":
        images += min(AUDITED, images)
    return images * per_image(study["settings"][method])


def _explaining_again(study: Study, job: Job, data: DatasetSize) -> float:
    method = job.method or "kernelshap"
    settings = study["settings"][method]
    images = min(settings["ceiling_images"], explained(study, method))
    return images * kernelshap_passes(settings)


def _explaining_layers(study: Study, job: Job, data: DatasetSize) -> float:
    count: int = study["images"]["count"]
    images = min(count, study.get("borders", {}).get("images") or count)
    # from a layer anywhere in the network: at most forth and back once
    return images * gradcam_passes({"depth": 0})


def _explaining_clusters(study: Study, job: Job, data: DatasetSize) -> float:
    neon = study["neon"]
    count: int = study["images"]["count"]
    shown = min(count, neon["shown"] * (neon["clusters"] or data.classes))
    return count + shown * PER_IMAGE[neon["method"]](study["settings"][neon["method"]])


def class_images(study: Study, data: DatasetSize) -> int:
    """How many images the spectral study has, about: at most those of a class."""
    asked = study["spectral"]
    there = {"train": data.train, "val": data.val, "both": data.train + data.val}[asked["split"]]
    if asked["class"] is not None:
        there = -(-there // max(data.classes, 1))
    # the size of some data sets is not known before they are there
    return min(asked["images"], there) if there else int(asked["images"])


def _explaining_class_images(study: Study, job: Job, data: DatasetSize) -> float:
    method = study["spectral"]["method"]
    per_image = PER_IMAGE.get(base_method(study, method))
    passes_of_a_map = per_image(study["settings"][method]) if per_image else 0
    return class_images(study, data) * (1 + passes_of_a_map)


def _measuring_accuracy(study: Study, job: Job, data: DatasetSize) -> float:
    images = study.get("accuracy", {}).get("images") or 0
    transforms = 3
    return transforms * float(sum(min(images, there) for there in (data.train, data.val)))


def _measuring_budgets(study: Study, job: Job, data: DatasetSize) -> float:
    budgets = study.get("budgets", {})
    images = min(study["images"]["count"], budgets.get("images", 0))
    repeated = budgets.get("repeats", 0) * sum(budgets.get("evaluations", []))
    cuts = len(budgets.get("segments", []))
    return float(images * cuts * (repeated + budgets.get("reference", 0)))


PASSES: dict[str, Callable[[Study, Job, DatasetSize], float]] = {
    "train_model": _training,
    "finetune_model": _finetuning,
    "predict_images": _predicting,
    "measure_accuracy": _measuring_accuracy,
    "explain_images": _explaining,
    "explain_together": _explaining,
    "explain_again": _explaining_again,
    "explain_layers": _explaining_layers,
    "explain_clusters": _explaining_clusters,
    "explain_class_images": _explaining_class_images,
    "measure_budgets": _measuring_budgets,
}
"""Rule → forward passes of a job. Other rules run no network."""


KINDS = {
    "train_model": "training",
    "finetune_model": "training",
    "predict_images": "predicting",
    "measure_accuracy": "predicting",
    "explain_layers": "gradcam",
}
"""Rule → what kind of work it does, for its rate. That of the other rules is that of their method."""


def passes(study: Study, job: Job, data: DatasetSize) -> float:
    """Forward passes of a job; 0 for a rule that runs no network."""
    rule = PASSES.get(job.rule)
    return rule(study, job, data) if rule else 0.0


def jobs_of(study: Study, files: Iterable[tuple[str, str]]) -> list[Job]:
    """The jobs of rules that run networks, from the files that they write.

    A path names the model and the method: `results/<study>/…/<method>/<model>.<suffix>`. A rule whose
    files name no model runs all of the study's.
    """
    jobs: dict[Job, None] = {}
    for rule, path in files:
        if rule not in PASSES:
            continue
        names = _names(path)
        models = [name for name in names if name in study["catalogue"]] or study["models"]
        jobs |= dict.fromkeys(Job(rule, model, _method_in(study, path)) for model in models)
    return list(jobs)


def _names(path: str) -> tuple[str, ...]:
    """Folders and stem below `results/<study>` or `resources/<kind>`, which may have any name."""
    return Path(path).with_suffix("").parts[2:]


def _method_in(study: Study, path: str) -> str | None:
    return next((name for name in _names(path) if name in study["settings"]), None)
