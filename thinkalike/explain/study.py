"""From the files of a study to the question asked of one model, and the answer back into a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thinkalike.compare.maps import blank, with_sign
from thinkalike.explain.common import Explanation, Question
from thinkalike.images.loading import load_images
from thinkalike.networks.model import Model
from thinkalike.networks.weights import build
from thinkalike.progress import log
from thinkalike.randomness import integer_seed
from thinkalike.stores.joining import summary
from thinkalike.stores.maps import read_segments, write_maps
from thinkalike.stores.tables import read_table


@dataclass(frozen=True)
class Case:
    """One model, ready to be asked about the images of a study."""

    model: Model
    image_ids: list[str]
    images: np.ndarray
    targets: np.ndarray
    question: Question


def load(
    images: str,
    weights: str,
    predictions: str,
    segments: str | None,
    *,
    architecture: Mapping[str, Any],
    explanation: Mapping[str, Any],
    seed: int,
    names: Sequence[str],
    device: Any,
    size: int | None = None,
    part: slice = slice(None),
) -> Case:
    """Read what one explanation takes.

    Args:
        images, weights, predictions, segments: files of the study.
        architecture: of the model.
        explanation: target, output, baseline and precision of the study.
        seed, names: of the coalitions, together with the image's id; the same for all models.
        device: to compute on.
        size: of the study's images; by default that of the weights.
        part: only these images.
    """
    selected = read_table(images, ["image_id", "path"])[part]
    columns = ["image_id", "predicted", "label", "logits"]
    predicted = read_table(predictions, columns, index="image_id")
    image_ids = selected["image_id"].tolist()
    predicted = predicted.loc[image_ids]
    # the label among the model's own outputs, which need not be the order of the images' classes
    target = "predicted" if explanation["target"] == "prediction" else "label"
    model = build(architecture, weights, device, size)
    labels = [s.labels for s in read_segments(segments, part)] if segments else None
    question = Question(
        output=explanation["output"],
        baseline=tuple(explanation["baseline"]),
        precision=explanation["precision"],
        segments=np.stack(labels) if labels else None,
        seeds=np.array([integer_seed(seed, *names, image_id) for image_id in image_ids]),
        logits=np.stack(predicted["logits"].tolist()),
    )
    return Case(
        model,
        image_ids,
        load_images(selected["path"].tolist(), model.size),
        predicted[target].to_numpy(np.int64, copy=True),
        question,
    )


def write(path: str, case: Case, answer: Explanation, attributes: Mapping[str, Any]) -> None:
    """Write maps with all that the method says of them, and warn of those that are nowhere positive.

    `attributes` are the same for every part of the images; what is not is in `shards.summary`.
    """
    name = case.model.entry["name"]
    blanks = int(blank(with_sign(answer.maps, "positive")).sum())
    if blanks:
        log.warning("%s: %d of %d maps nowhere positive", name, blanks, len(answer.targets))
    write_maps(
        path,
        answer.maps,
        image_ids=case.image_ids,
        measures={"target": answer.targets, **answer.measures},
        standard_errors=answer.standard_errors,
        draws=answer.draws,
        accounts=answer.accounts,
        attributes={
            "model": name,
            "units": f"{case.question.output} of the target class",
            **summary(blanks, answer.measures, answer.accounts),
            **attributes,
        },
    )
