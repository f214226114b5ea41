"""Predict the class of every image with one model, and keep its features (rule predict_images)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.networks.architecture import Architecture
from thinkalike.networks.predict import predict_files
from thinkalike.networks.weights import build
from thinkalike.stores.features import write_features
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    features: str,
    architecture: Mapping[str, Any],
    size: int,
    code: str,
    device: Any,
) -> None:
    selected = read_table(images, ["image_id", "path", "class_name"])
    model = build(Architecture.of(architecture), weights, device, size)
    table, points = predict_files(model, selected)
    write_table(table, predictions)
    write_features(
        features, points, selected["image_id"][: len(points)], model=model.name, code=code
    )


if __name__ == "__main__":
    run(main, snakemake)
