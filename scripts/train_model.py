"""Train one model from scratch (rule train_model)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.datasets import MANIFEST, load_images
from thinkalike.errors import InputError
from thinkalike.jobs import device_for, integer_seed, job_log, log
from thinkalike.models import Classifier, preprocessing, save
from thinkalike.predict import logits
from thinkalike.stores import read_table
from thinkalike.training import train


def main(
    manifest: str,
    weights: str,
    *,
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    images = read_table(manifest, MANIFEST)
    folder = Path(manifest).parent
    split = {name: images[images["split"] == name] for name in ("train", "val")}
    pixels = {
        name: load_images([str(folder / path) for path in part["path"]], size)
        for name, part in split.items()
    }
    classes = (
        images.drop_duplicates("label").sort_values("label")["class_name"].astype(str).tolist()
    )
    network = train(
        architecture,
        pixels["train"],
        split["train"]["label"].to_numpy(),
        classes=len(classes),
        settings=settings,
        seed=integer_seed(seed, "train_model", architecture["name"]),
        device=device,
    )
    mean, std = preprocessing(network)
    model = Classifier(network, mean, std, size, tuple(classes), architecture)
    predicted = logits(model, pixels["val"]).argmax(1)
    accuracy = float(np.mean(predicted == split["val"]["label"].to_numpy()))
    log.info("accuracy %.4f on the %d images of val", accuracy, len(predicted))
    if settings["epochs"] and accuracy < settings["accuracy_at_least"]:
        raise InputError(
            f"{architecture['name']} reaches an accuracy of {accuracy:.3f} on val, under "
            f"training.accuracy_at_least, {settings['accuracy_at_least']}; give it more epochs or "
            "another learning rate, or lower the bar"
        )
    save(
        network,
        weights,
        entry=architecture,
        classes=classes,
        size=size,
        attributes={
            "accuracy": accuracy,
            "images": len(predicted),
            "training": dict(settings),
            "code": code,
        },
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.manifest,
            snakemake.output.weights,
            architecture=snakemake.params.architecture,
            settings=snakemake.params.settings,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
