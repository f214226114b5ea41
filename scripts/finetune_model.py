"""Teach one trained model the classes of the data set (rule finetune_model)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.images.dataset import classes_of, examples, read_dataset
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.augmentation import loaded_size
from thinkalike.networks.training import Finetuning, finetune, measure_accuracy
from thinkalike.networks.weights import build, save
from thinkalike.randomness import integer_seed
from thinkalike.settings import rebuilt
from thinkalike.stores.weights import read_header
from thinkalike.workflow.jobs import run


def main(
    manifest: str,
    initial: str,
    weights: str,
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    images, tuning = read_dataset(manifest), rebuilt(Finetuning, settings)
    model = build(Architecture.of(architecture), initial, device, size)
    learned = examples(images, "train", loaded_size(size, tuning.crop))
    held_out = examples(images, "val", size)
    seed = integer_seed(seed, "finetune_model", model.name)
    model = finetune(model, *learned, classes=classes_of(images), settings=tuning, seed=seed)
    measured = measure_accuracy(model, *held_out)
    source = read_header(initial).get("source", "trained here")
    attributes = {**measured, "finetuning": dict(settings), "source": source, "code": code}
    save(model, weights, attributes)


if __name__ == "__main__":
    run(main, snakemake)
