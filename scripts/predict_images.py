"""Predict the class of every image with one model (rule predict_images)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.networks.architecture import Architecture
from thinkalike.networks.predict import logits_of_files, prediction_table
from thinkalike.networks.weights import build
from thinkalike.progress import log
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    architecture: Mapping[str, Any],
    size: int,
    device: Any,
) -> None:
    selected = read_table(images, ["image_id", "path", "class_name"])
    model = build(Architecture.of(architecture), weights, device, size)
    table = prediction_table(logits_of_files(model, selected), selected, model)
    log.info("%d of %d correct", table["correct"].sum(), len(table))
    write_table(table, predictions)


if __name__ == "__main__":
    run(main, snakemake)
