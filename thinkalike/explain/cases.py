"""Cases of a study: one model and its images read from files, explained, and written as maps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from thinkalike.compare.maps import blank, with_sign
from thinkalike.compare.similarity import Comparison
from thinkalike.errors import naming
from thinkalike.explain.common import Case, Explanation, Question, audit, joined
from thinkalike.explain.kernelshap import explain_together
from thinkalike.images.blocks import blocks
from thinkalike.images.loading import load_images
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.embedding import nearness
from thinkalike.networks.predict import logits
from thinkalike.networks.weights import build
from thinkalike.progress import log
from thinkalike.randomness import integer_seed
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.joining import summary
from thinkalike.stores.maps import read_segments, write_maps
from thinkalike.stores.tables import read_table


@dataclass(frozen=True)
class Files:
    """Files of a study that the explanations of one model are computed from."""

    images: str
    weights: str
    predictions: str
    segments: str | None = None


def read_case(
    files: Files,
    architecture: Mapping[str, Any],
    explanation: Mapping[str, Any],
    *,
    size: int,
    device: Any,
    seeds: tuple[int, *tuple[str, ...]] | None = None,
    part: slice = slice(None),
) -> Case:
    """A model and the images it explains.

    Args:
        files: of the study.
        architecture: of the model, as in the catalogue.
        explanation: target (prediction, label or embedding), output, baseline and precision.
        size: of the images in pixels.
        device: to compute on.
        seeds: seed of the study and names of the coalitions, which with an image's id make the seed of
            its coalitions; the same for all models that are compared.
        part: only these images.

    Raises:
        InputError: a file is missing, damaged, or does not fit the others.
    """
    selected = read_table(files.images, ["image_id", "path"])[part]
    columns = ["image_id", "predicted", "label", "logits"]
    image_ids = selected["image_id"].tolist()
    predicted = read_table(files.predictions, columns, index="image_id").loc[image_ids]
    model = build(Architecture.of(architecture), files.weights, device, size)
    images = load_images(selected["path"].tolist(), model.size)
    segments = None
    if files.segments:
        segments = np.stack([s.labels for s in read_segments(files.segments, part)])
    question = Question(
        output=explanation["output"],
        baseline=tuple(explanation["baseline"]),
        precision=explanation["precision"],
        segments=segments,
        seeds=np.array([integer_seed(*seeds, name) for name in image_ids]) if seeds else None,
    )
    if explanation["target"] == "embedding":
        model, targets = nearness(model, images, image_ids), np.arange(len(images))
        return Case(
            model, image_ids, images, targets, replace(question, logits=logits(model, images))
        )
    # the label among the model's own outputs, which need not be the order of the images' classes
    column = "predicted" if explanation["target"] == "prediction" else "label"
    known = np.stack(predicted["logits"].tolist())
    targets = predicted[column].to_numpy(np.int64, copy=True)
    return Case(model, image_ids, images, targets, replace(question, logits=known))


def explained(case: Case, method: str, settings: Mapping[str, Any]) -> Explanation:
    """Explanation of a case by a method, one block of images after the other.

    The log says how many steps were taken; maps that did not converge are counted in a warning.

    Args:
        case: to explain.
        method: name of the module in `thinkalike.explain`.
        settings: of its `explain`.

    Raises:
        InputError: the method refuses the model or an image, which is named.
    """
    explain = import_module(f"thinkalike.explain.{method}").explain
    parts = []
    for block in blocks(len(case.images)):
        question = case.question.part(block)
        with naming(case.image_ids[block]):
            parts.append(
                explain(case.model, case.images[block], case.targets[block], question, **settings)
            )
    answer = joined(parts)
    if (steps := answer.measures.get("steps", np.zeros(0))).size:
        log.info(
            "%s: %.0f steps a map (median), %d at most, %d in all",
            case.model.name,
            np.median(steps),
            steps.max(),
            steps.sum(),
        )
    converged = answer.measures.get("converged", np.ones(1))
    if missing := int((converged == 0).sum()):
        log.warning(
            "%s: %d of %d maps did not converge within the tolerances; the file says which (converged)",
            case.model.name,
            missing,
            len(converged),
        )
    return answer


def explained_together(
    cases: Sequence[Case], settings: Mapping[str, Any], comparisons: Sequence[Comparison]
) -> list[Explanation]:
    """Explanations of the same images with several models, by `kernelshap.explain_together`."""
    with naming(cases[0].image_ids):
        return explain_together(
            [case.model for case in cases],
            cases[0].images,
            [case.targets for case in cases],
            [case.question for case in cases],
            comparisons=comparisons,
            **settings,
        )


def audited(
    case: Case, method: str, settings: Mapping[str, Any], explanation: Explanation
) -> dict[str, float]:
    """Result of `audit` for maps of lower precision than float32; nothing for the others."""
    if case.question.precision == "float32":
        return {}
    explain = import_module(f"thinkalike.explain.{method}").explain
    result = audit(explain, case.model, case.images, explanation, case.question, **settings)
    log.info("against float32: %s", result)
    return result


def evaluations_used(explanations: str, segments: str) -> int:
    """Largest number of evaluations that a map of KernelSHAP took, and at least what one needs."""
    with open_arrays(explanations, ["evaluations"]) as dataset:
        used = int(dataset["evaluations"].max())
    # exact maps of images with few players may have taken fewer than the segments ask for
    return max(used, max(segment.size for segment in read_segments(segments)) + 2)


def write_case(
    path: str, case: Case, explanation: Explanation, attributes: Mapping[str, Any]
) -> None:
    """Write maps with all that the method says of them, and warn of those that are nowhere positive.

    Args:
        path: of the file.
        case: that was explained.
        explanation: of it.
        attributes: the same for every part of the images; what is not is in `joining.summary`.
    """
    stated = stated_attributes(case, explanation, attributes)
    if blanks := stated["nowhere_positive"]:
        count = len(explanation.targets)
        log.warning("%s: %d of %d maps nowhere positive", case.model.name, blanks, count)
    write_maps(path, image_ids=case.image_ids, attributes=stated, **explanation.arrays)


def stated_attributes(
    case: Case, explanation: Explanation, attributes: Mapping[str, Any]
) -> dict[str, Any]:
    """Attributes of the file of an explanation: what maps are of, and their summary."""
    blanks = int(blank(with_sign(explanation.maps, "positive")).sum())
    score = f"{case.question.output} of the target class"
    if attributes.get("target") == "embedding":
        score = "cosine of features to those of the image"
    return {
        "model": case.model.name,
        "units": score,
        **summary(blanks, explanation.measures, explanation.accounts),
        **attributes,
    }
