"""Files of the weights of a study's models, and what making them takes."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError
from thinkalike.networks.config_files import CONFIG
from thinkalike.networks.timm_table import is_made_from_imagenet
from thinkalike.workflow.study import Study


@cache
def file_hash(path: str) -> str:
    """Hash of the content of a file, 16 hexadecimal digits; read once in a process.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); correct the path") from None


def hash_if_there(path: Path) -> str:
    """Hash of the content of a file (`file_hash`), or nothing where there is none."""
    return file_hash(str(path)) if path.is_file() else ""


class Weights:
    """Where the weights of every model of a study are, and where they come from.

    Attributes:
        study: whose models have them.
    """

    def __init__(self, study: Study) -> None:
        self.study = study

    def file(self, model: str) -> str:
        """File of the weights of a model; downloaded ones are shared by all studies."""
        folders = {
            "pretrained": "resources/weights",
            "random": "<results>/weights/random",
            "imported": "<results>/weights/imported",
        }
        folder = folders.get(self.study["catalogue"][model]["weights"], "<results>/weights")
        return f"{folder}/{model}.safetensors"

    @property
    def files(self) -> list[str]:
        """Files of the weights of all models."""
        return [self.file(model) for model in self.study.models]

    def checks(self, model: str | None = None) -> list[str]:
        """Files that say that a model, or all, have learned enough; of those that are trained here."""
        return [
            f"<results>/weights/{name}_accuracy.csv"
            for name in ([model] if model else self.study.models)
            if self.study["catalogue"][name]["weights"] in ("trained", "finetuned")
        ]

    def initial(self, model: str) -> str:
        """File of the weights that a model is fine-tuned from, or that get a head."""
        if "checkpoint" in self.study["catalogue"][model]:
            return f"<results>/weights/imported/{model}.safetensors"
        is_random = "random" in (self.study["weights"], self.study["catalogue"][model].get("body"))
        folder = "<results>/weights/random" if is_random else "resources/weights"
        return f"{folder}/{model}.safetensors"

    def trained(self, model: str, code: str, listing: str) -> str:
        """File of the weights of a model that is trained or fine-tuned, shared by studies.

        Studies share the file if everything is the same that its content depends on.

        Args:
            model: key.
            code: fingerprint of the script that makes the weights.
            listing: hash of the user's own images (`image_listing`), or empty.
        """
        is_finetuned = self.study["catalogue"][model]["weights"] == "finetuned"
        content = {
            "architecture": self.study.architecture(model),
            "settings": self.study.training_settings(model),
            "size": self.study["images"]["size"],
            "seed": self.study["seed"],
            # a mirror has the same files
            "dataset": {
                key: self.study["dataset"][key] for key in self.study["dataset"] if key != "mirror"
            },
            "listing": listing,
            "initial": self.initial(model) if is_finetuned else "",
            "checkpoint": self.checkpoint_content(model) or self.copied_config(model)
            if is_finetuned
            else "",
            # random weights to begin with belong to one study
            "study": self.study["study"]
            if is_finetuned and self.study["weights"] == "random"
            else "",
            "code": code,
        }
        text = json.dumps(content, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        return f"resources/weights/trained/{key}/{model}.safetensors"

    def checkpoint(self, model: str) -> str:
        """File of the user's with the weights of a model, or with those that it is fine-tuned from."""
        return str(self.study["catalogue"][model]["checkpoint"])

    def checkpoint_content(self, model: str) -> str:
        """Hash of the file of the user's with the weights of a model; empty if there is none.

        Behind it stands that of a config.json beside the file, which may say how images are normalised.
        """
        path = self.study["catalogue"][model].get("checkpoint")
        if not path:
            return ""
        return file_hash(path) + hash_if_there(Path(path).with_name(CONFIG))

    def copied_config(self, model: str) -> str:
        """Hash of the config.json of published weights that were copied by hand; empty if there is none."""
        folder = self.study["pretrained"]["folder"]
        name = self.study["catalogue"][model].get("timm")
        return hash_if_there(Path(folder) / name / CONFIG) if folder and name else ""

    def import_settings(self, model: str) -> dict[str, Any]:
        """What reading a file of weights takes: names of its classes, and whether the head does not count.

        Weights to fine-tune from, or to fit a head to, get another head.
        """
        entry = self.study["catalogue"][model]
        is_body = entry["weights"] in ("finetuned", "fitted")
        return {"classes": [] if is_body else entry.get("classes", []), "body": is_body}

    @property
    def imported(self) -> str:
        """Wildcard constraint of the models with weights in a file of the user's."""
        names = [
            model for model in self.study.compared if "checkpoint" in self.study["catalogue"][model]
        ]
        return "|".join(names) or "nothing"

    @property
    def of_imagenet(self) -> list[str]:
        """Models with published weights, changed or not, that have seen ImageNet's training images."""
        entries = self.study["catalogue"]
        return [
            model
            for model in self.study.models
            if is_made_from_imagenet(entries[model].get("timm", "")) and self._is_published(model)
        ]

    def _is_published(self, model: str) -> bool:
        """Whether the weights of a model are published ones, or made from them."""
        entry = self.study["catalogue"][model]
        if entry["weights"] == "disturbed":
            return self._is_published(entry["noise"]["model"])
        if entry["weights"] in ("finetuned", "fitted"):
            return self.initial(model) == f"resources/weights/{model}.safetensors"
        return entry["weights"] == "pretrained"

    def models_with(self, *weights: str) -> str:
        """Wildcard constraint of the models whose weights come from there."""
        names = [m for m in self.study.compared if self.study["catalogue"][m]["weights"] in weights]
        return "|".join(names) or "nothing"
