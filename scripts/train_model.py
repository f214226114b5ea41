"""Train one model from scratch (rule train_model)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.images.dataset import classes_of, examples, read_dataset
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.training import Training, check_accuracy, train
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
    training = rebuilt(Training, settings)
    splits = settings["split"], settings["split"].replace("train", "val")
    learned, held_out = (examples(images, split, size) for split in splits)
    seed = integer_seed(seed, "train_model", network.name)
    model = train(
        network, *learned, classes=classes_of(images), settings=training, seed=seed, device=device
    )
    # an untrained control has learned nothing, and has no bar to reach
    bar = training.accuracy_at_least if training.epochs else 0
    measured = check_accuracy(model, *held_out, bar)
    save(model, weights, {**measured, "training": dict(settings), "code": code})


if __name__ == "__main__":
    run(main, snakemake)
