"""Train one model from scratch (rule train_model)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.images.dataset import classes_of, examples, read_dataset
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.augmentation import loaded_size
from thinkalike.networks.training import Training, measure_accuracy, train
from thinkalike.networks.weights import save
from thinkalike.randomness import integer_seed
from thinkalike.settings import rebuilt
from thinkalike.workflow.jobs import run


def main(
    manifest: str,
    weights: str,
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    images, network = read_dataset(manifest), Architecture.of(architecture)
    training, split = rebuilt(Training, settings), settings["split"]
    learned = examples(images, split, loaded_size(size, training.crop))
    model = train(
        network,
        *learned,
        classes=classes_of(images),
        size=size,
        settings=training,
        seed=integer_seed(seed, "train_model", network.name),
        device=device,
    )
    held_out = examples(images, split.replace("train", "val"), size)
    measured = measure_accuracy(model, *held_out)
    save(model, weights, {**measured, "training": dict(settings), "code": code})


if __name__ == "__main__":
    run(main, snakemake)
