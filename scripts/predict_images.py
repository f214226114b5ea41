"""Predict the class of every image with one model (rule predict_images)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.networks.architecture import Architecture
from thinkalike.networks.predict import predict_files
from thinkalike.networks.weights import build
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
    write_table(predict_files(model, selected), predictions)


if __name__ == "__main__":
    run(main, snakemake)
