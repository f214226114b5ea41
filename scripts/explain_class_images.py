"""Predict and explain the images whose maps are clustered, with one model (rule explain_class_images)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.explain.cases import Files, explained, read_case, write_case
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.predict import predict_files
from thinkalike.networks.weights import build
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    explanations: str,
    *,
    method: str,
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    selected = read_table(images, ["image_id", "path", "class_name"])
    model = build(Architecture.of(architecture), weights, device, size)
    write_table(predict_files(model, selected)[0], predictions)
    files, options = Files(images, weights, predictions), {"size": size, "device": device}
    case = read_case(files, architecture, explanation, seeds=(seed, method), **options)
    attributes = {"method": method, "code": code, **explanation, **settings}
    write_case(explanations, case, explained(case, method, settings), attributes)


if __name__ == "__main__":
    run(main, snakemake)
