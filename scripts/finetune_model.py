"""Teach one trained model the classes of the data set (rule finetune_model)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.images.dataset import Dataset
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.training import MARGIN, Finetuning, check_accuracy, finetune
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
    dataset, tuning = Dataset.read(manifest), rebuilt(Finetuning, settings)
    model = build(Architecture.of(architecture), initial, device, size)
    learned = dataset.examples("train", round(MARGIN * size))
    held_out = dataset.examples("val", size)
    seed = integer_seed(seed, "finetune_model", model.name)
    model = finetune(model, *learned, classes=dataset.classes, settings=tuning, seed=seed)
    measured = check_accuracy(model, *held_out, tuning.accuracy_at_least)
    source = read_header(initial).get("source", "trained here")
    attributes = {**measured, "finetuning": dict(settings), "source": source, "code": code}
    save(model, weights, attributes)


if __name__ == "__main__":
    run(main, snakemake)
