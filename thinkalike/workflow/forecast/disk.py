"""Sizes of the files that jobs write, in MB (10⁶ bytes).

Maps are float32 coefficients, compressed to COMPRESSION of their bytes: cells of a grid, pixels, or
superpixels with their standard errors, draws and answers to coalitions. A similarity is a float64 for each
image and pair of models, and another with its standard error. Weights are float32.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from thinkalike.stores.features import KEPT
from thinkalike.workflow.changed_images import ChangedImages
from thinkalike.workflow.comparisons import Comparisons, group_size
from thinkalike.workflow.forecast.facts import Facts
from thinkalike.workflow.forecast.plan import Job
from thinkalike.workflow.study import by_wildcards

COMPRESSION = 0.93
"""Share that compression leaves of float32 numbers without a pattern."""

FILE_BYTES = 20e3
"""Bytes of a NetCDF file without images: attributes, structure."""

BESIDE_BYTES = 19e3
"""Bytes of structure of the five variables beside maps that are estimates: errors, draws, answers."""

IMAGE_BYTES = 85
"""Bytes of an image in such a file: its id and a few measures."""

FEATURES = 1000
"""Features of a network before its head; the built-in ones have between 64 and 2,048."""

LABEL_BYTES = 0.2
"""Bytes of a pixel's superpixel, compressed."""

REGION_BYTES = 15
"""Bytes of what a model loses without a region, compressed: three numbers, of which one repeats."""

TYPICAL = {".svg": 0.18, ".png": 0.21, ".csv": 0.005, ".parquet": 0.007}
"""Suffix → MB of a file that hardly depends on the study: means over the digits study."""

PRETRAINED_CLASSES = 1000
"""Outputs of weights of ImageNet that are not fine-tuned."""


def _arrays(images: int, numbers: float) -> float:
    """Size of a NetCDF file with so many float32 numbers for each image."""
    return (FILE_BYTES + images * (IMAGE_BYTES + 4 * COMPRESSION * numbers)) / 1e6


def _maps(facts: Facts, method: str, model: str, images: int) -> float:
    """Size of a file of maps."""
    study = facts.study
    row = study.method(method)
    numbers = row.numbers(
        study["settings"][method],
        study["images"]["size"],
        study["segments"]["count"],
        facts.costs[model].cells,
    )
    return _arrays(images, numbers) + (BESIDE_BYTES / 1e6 if row.estimated else 0.0)


def _logits(facts: Facts, model: str, images: int) -> float:
    """Size of a table of predictions."""
    is_pretrained = facts.study["catalogue"][model]["weights"] == "pretrained"
    classes = PRETRAINED_CLASSES if is_pretrained else len(facts.data.classes)
    return (3e3 + images * (8 * classes + 10)) / 1e6


def _weights(facts: Facts, model: str) -> float:
    return facts.costs[model].megabytes


def _predict_images(facts: Facts, model: str) -> float:
    return _logits(facts, model, facts.images) + _arrays(min(facts.images, KEPT), FEATURES)


def _segment_images(facts: Facts) -> float:
    pixels = facts.images * facts.study["images"]["size"] ** 2
    return (FILE_BYTES + pixels * LABEL_BYTES) / 1e6


def _explain_images(facts: Facts, method: str, model: str) -> float:
    # a shard does not stay once it is joined
    return 0.0 if facts.study.has_shards else _join_shards(facts, method, model)


def _join_shards(facts: Facts, method: str, model: str) -> float:
    return _maps(facts, method, model, facts.study.image_count(method))


def _explain_together(facts: Facts) -> float:
    return sum(_join_shards(facts, "kernelshap", model) for model in facts.study.compared)


def _explain_again(facts: Facts, model: str) -> float:
    return _maps(facts, "kernelshap", model, facts.study.ceiling_count("kernelshap"))


def _explain_moved(facts: Facts, model: str) -> float:
    changed = ChangedImages(facts.study)
    methods = changed.moved_methods
    return sum(_maps(facts, each, model, changed.moved_count(each)) for each in methods)


def _delete_regions(facts: Facts) -> float:
    changed = ChangedImages(facts.study)
    regions = changed.deletion_count * (len(facts.study.models) + 1) * len(changed.deletion_signs)
    return (9e3 + REGION_BYTES * regions) / 1e6


def _explain_clusters(facts: Facts, model: str) -> float:
    features_and_relevances = _arrays(facts.images, 2 * FEATURES)
    maps = _maps(facts, facts.study["neon"]["method"], model, facts.cluster_images)
    return features_and_relevances + maps


def _explain_class_images(facts: Facts, model: str) -> float:
    images = facts.class_images
    maps = _maps(facts, facts.study["spectral"]["method"], model, images)
    return _logits(facts, model, images) + maps


def _compare_models(
    facts: Facts, method: str, row: str | None = None, column: str | None = None
) -> float:
    study = facts.study
    rows, columns = (group_size(facts.study, group) for group in (row, column))
    # float64 takes as much as two float32
    numbers = 2 * rows * columns * (3 if study.method(method).estimated else 1)
    return _arrays(study.image_count(method), numbers)


def _compare_answers(facts: Facts, row: str | None = None, column: str | None = None) -> float:
    return _compare_models(facts, "answers", row, column)


def _measure_answers(facts: Facts, row: str | None = None, column: str | None = None) -> float:
    return _measure_chance(facts, "answers", row, column)


def _measure_chance(
    facts: Facts, method: str, row: str | None = None, column: str | None = None
) -> float:
    rows, columns = (group_size(facts.study, group) for group in (row, column))
    subsets = len(Comparisons(facts.study).subsets_of(method))
    return _arrays(facts.study.image_count(method), 2 * rows * columns * subsets)


SIZED_RULES: dict[str, Callable[..., float]] = {
    "download_weights": _weights,
    "import_weights": _weights,
    "initialise_weights": _weights,
    "train_model": _weights,
    "finetune_model": _weights,
    "place_weights": _weights,
    "disturb_weights": _weights,
    "predict_images": _predict_images,
    "segment_images": _segment_images,
    "measure_chance": _measure_chance,
    "measure_answers": _measure_answers,
    "explain_images": _explain_images,
    "join_shards": _join_shards,
    "explain_together": _explain_together,
    "explain_again": _explain_again,
    "explain_moved": _explain_moved,
    "delete_regions": _delete_regions,
    "explain_clusters": _explain_clusters,
    "explain_class_images": _explain_class_images,
    "compare_models": _compare_models,
    "compare_answers": _compare_answers,
    "join_similarities": _compare_models,
}
"""Rule → MB that a job writes, from the facts and the wildcards that are named. Files of other rules
hardly depend on the study."""


def megabytes(facts: Facts, job: Job) -> float:
    """About how large the files of a job will be, in MB."""
    rule: Any = SIZED_RULES.get(job.rule)
    if rule:
        return by_wildcards(partial(rule, facts))(job.wildcards)
    return sum(TYPICAL.get(Path(path).suffix, 0.0) for path in job.files)
