"""A pilot: a few images explained by Integrated Gradients, to know how many steps a model's images need."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.errors import InputError
from thinkalike.images.dataset import read_dataset
from thinkalike.images.listing import image_listing
from thinkalike.images.selection import select
from thinkalike.stores.tables import read_table
from thinkalike.workflow.fingerprint import fingerprint
from thinkalike.workflow.forecast.steps import PILOT_IMAGES, explaining_code
from thinkalike.workflow.study import Study
from thinkalike.workflow.weights import Weights, file_hash


class Pilots:
    """What pilots of a study need, as far as its files are there already.

    Attributes:
        study: its settings.
        images: id → path of the first images of the study; empty where they are not there.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.images = first_images(study)

    def content(self, method: str, model: str) -> dict[str, Any] | None:
        """Everything that the steps of a model's images follow from; None where a file is missing."""
        weights = self._weights(model)
        if weights is None or not self.images:
            return None
        return {
            "architecture": self.study.architecture(model),
            "weights": [str(weights), file_hash(str(weights))],
            "images": [[path, file_hash(path)] for path in self.images.values()],
            "ids": list(self.images),
            "settings": self.study.map_settings(method, model),
            "explanation": self.study.question(method),
            "size": self.study["images"]["size"],
            "code": explaining_code(self.study, method),
        }

    def _weights(self, model: str) -> Path | None:
        """File of the weights of a model: of this study, or trained for another that trains it alike."""
        entry, weights = self.study["catalogue"][model], Weights(self.study)
        path = Path(weights.file(model).replace("<results>", f"results/{self.study['study']}"))
        if not path.is_file() and entry["weights"] == "trained":
            dataset = self.study["dataset"]
            listing = image_listing(dataset["path"]) if dataset["kind"] == "folder" else ""
            path = Path(weights.trained(model, fingerprint("train_model.py"), listing))
        return path if path.is_file() else None


def first_images(study: Study) -> dict[str, str]:
    """Id → path of the first images of a study; empty where its data set is not laid out."""
    images = study["images"]
    selected = Path("results", study["study"], "images.parquet")
    manifest = Path("resources/datasets", study["dataset"]["name"], "manifest.parquet")
    try:
        if selected.is_file():
            table = read_table(selected, ["image_id", "path"]).head(PILOT_IMAGES)
        elif manifest.is_file():
            table = select(
                read_dataset(manifest),
                split=images["split"],
                count=min(PILOT_IMAGES, images["count"]),
                seed=study["seed"],
                order=images["order"],
                exclude=images["exclude"],
            )
        else:
            return {}
    except InputError:  # the study itself will say it
        return {}
    return dict(zip(table["image_id"], table["path"], strict=True))


def explain_few(content: Mapping[str, Any], images: int) -> Sequence[int]:
    """Steps of the first so many images, explained on one thread of the CPU.

    Args:
        content: as `Pilots.content` gives it.
        images: how many.

    Raises:
        InputError: the weights do not fit, or an image cannot be explained.
    """
    from thinkalike.explain.common import Question
    from thinkalike.explain.integrated_gradients import explain
    from thinkalike.images.loading import load_images
    from thinkalike.networks.architecture import Architecture
    from thinkalike.networks.devices import device_for
    from thinkalike.networks.embedding import nearness
    from thinkalike.networks.weights import build

    architecture, explanation = Architecture.of(content["architecture"]), content["explanation"]
    model = build(architecture, content["weights"][0], device_for(0, 1), content["size"])
    pictures = load_images([path for path, _ in content["images"][:images]], model.size)
    targets = None  # of labels, too, the predicted classes tell how many steps a model needs
    if explanation["target"] == "embedding":
        model, targets = nearness(model, pictures, content["ids"][:images]), np.arange(images)
    question = Question(explanation["output"], tuple(explanation["baseline"]))
    answer = explain(model, pictures, targets, question, **content["settings"])
    return [int(steps) for steps in answer.measures["steps"]]
