"""Forward passes of jobs: how many images go how often through which network.

A forward and backward pass counts as three forward passes where weights learn, and as two where only the
image, or an activation, gets a gradient: that is what torch's counter of operations finds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from thinkalike.images.contents import Contents
from thinkalike.methods import AUDITED, METHODS, Settings
from thinkalike.workflow.changed_images import ChangedImages
from thinkalike.workflow.forecast.facts import Facts
from thinkalike.workflow.forecast.plan import Job
from thinkalike.workflow.study import by_wildcards

TRANSFORMS = 3
"""Preprocessings under which the accuracy of a model is measured."""


@dataclass(frozen=True)
class Work:
    """What a job does with one network.

    Attributes:
        kind: `training`, `predicting`, or the key of a method: work of a kind runs at about one rate.
        model: key of the network.
        passes: forward passes of one image each.
    """

    kind: str
    model: str
    passes: float


def training_work(model: str, data: Contents, settings: Settings) -> Work:
    """Work of training or fine-tuning.

    (3 epochs + frozen epochs) · images to learn from + images held out: while all but the head is
    frozen, there is no backward pass.

    Args:
        model: key of the network.
        data: what it learns from.
        settings: `epochs` and, of fine-tuning, `frozen_epochs`.
    """
    epochs = 3 * settings["epochs"] + settings.get("frozen_epochs", 0)
    return Work("training", model, epochs * data.train + data.val)


def explaining_work(
    base: str, model: str, part: Sequence[int], passes: float, precision: str = "float32"
) -> Work:
    """Work of explaining a part of the images.

    Args:
        base: key of the method.
        model: key of the network.
        part: the first image, and the first that is not explained any more.
        passes: forward passes that a map costs.
        precision: of the passes; in less than float32 the first images are explained twice.
    """
    first, stop = part
    images = stop - first
    if precision != "float32" and first == 0:
        images += min(AUDITED, images)
    return Work(base, model, images * passes)


def _train_model(facts: Facts, model: str) -> list[Work]:
    return [training_work(model, facts.data, facts.study.training_settings(model))]


def _fit_head(facts: Facts, model: str) -> list[Work]:
    return [Work("predicting", model, facts.data.train + facts.data.val)]


def _predict_images(facts: Facts, model: str) -> list[Work]:
    return [Work("predicting", model, facts.images)]


def _measure_accuracy(facts: Facts, model: str) -> list[Work]:
    most = facts.study["accuracy"]["images"]
    images = min(most, facts.data.train) + min(most, facts.data.val)
    return [Work("predicting", model, TRANSFORMS * images)]


def _explain_images(facts: Facts, method: str, model: str, shard: str = "0") -> list[Work]:
    study = facts.study
    base, part = study.method(method).key, study.image_range(method, shard)
    precision = study.question(method)["precision"]
    return [explaining_work(base, model, part, facts.passes(method, model), precision)]


def _explain_together(facts: Facts) -> list[Work]:
    images = facts.study.image_count("kernelshap")
    return [_kernelshap(facts, model, images) for model in facts.study.compared]


def _explain_again(facts: Facts, model: str) -> list[Work]:
    return [_kernelshap(facts, model, facts.study.ceiling_count("kernelshap"))]


def _explain_moved(facts: Facts, model: str) -> list[Work]:
    study, changed = facts.study, ChangedImages(facts.study)
    return [
        _kernelshap(facts, model, changed.moved_count(method))
        if method == "kernelshap"
        else explaining_work(  # in float32, where nothing is checked
            study.method(method).key,
            model,
            (0, changed.moved_count(method)),
            facts.passes(method, model),
        )
        for method in changed.moved_methods
    ]


def _delete_regions(facts: Facts, model: str) -> list[Work]:
    # with the regions of every model, and once more with its own ones of other images
    regions = ChangedImages(facts.study).deletion_count * (len(facts.study.models) + 1)
    return [Work("predicting", model, regions * len(ChangedImages(facts.study).deletion_signs))]


def _kernelshap(facts: Facts, model: str, images: int) -> Work:
    """Work of KernelSHAP with all its settings: with a tolerance, the most there can be."""
    study = facts.study
    settings, segments = study["settings"]["kernelshap"], study["segments"]["count"]
    passes = METHODS["kernelshap"].passes(settings, study["images"]["size"], segments)
    return Work("kernelshap", model, images * passes)


def _explain_layers(facts: Facts, model: str) -> list[Work]:
    # forward and backward, from layers anywhere in the network; once more where cells are replaced
    replaced = facts.study["settings"]["gradcam"]["mended_cells"].get(model)
    images = min(facts.study["borders"]["images"], facts.images)
    return [Work("gradcam", model, images * (4 if replaced else 2))]


def _measure_budgets(facts: Facts, model: str) -> list[Work]:
    budgets = facts.study["budgets"]
    evaluations = budgets["repeats"] * sum(budgets["evaluations"]) + budgets["reference"]
    maps = min(budgets["images"], facts.images) * len(budgets["segments"])
    return [Work("kernelshap", model, maps * evaluations)]


def _explain_clusters(facts: Facts, model: str) -> list[Work]:
    method = facts.study["neon"]["method"]
    passes = facts.images + facts.cluster_images * facts.passes(method, model)
    return [Work(facts.study.method(method).key, model, passes)]


def _explain_class_images(facts: Facts, model: str) -> list[Work]:
    method = facts.study["spectral"]["method"]
    passes = facts.class_images * (1 + facts.passes(method, model))
    return [Work(facts.study.method(method).key, model, passes)]


NETWORK_RULES: dict[str, Callable[..., list[Work]]] = {
    "train_model": _train_model,
    "finetune_model": _train_model,
    "fit_head": _fit_head,
    "predict_images": _predict_images,
    "measure_accuracy": _measure_accuracy,
    "explain_images": _explain_images,
    "explain_together": _explain_together,
    "explain_again": _explain_again,
    "explain_moved": _explain_moved,
    "delete_regions": _delete_regions,
    "explain_layers": _explain_layers,
    "measure_budgets": _measure_budgets,
    "explain_clusters": _explain_clusters,
    "explain_class_images": _explain_class_images,
}
"""Rule → work of a job, from the facts and the wildcards that are named. Other rules run no network."""


def work(facts: Facts, job: Job) -> list[Work]:
    """Work of a job, one for each network that it runs; none for a rule that runs no network."""
    rule: Any = NETWORK_RULES.get(job.rule)
    return by_wildcards(partial(rule, facts))(job.wildcards) if rule else []
