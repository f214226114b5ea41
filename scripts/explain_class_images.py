"""Predict and explain the images whose maps are clustered, with one model (rule explain_class_images)."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from thinkalike.explain.cases import Files, read_case, write_case
from thinkalike.images.loading import load_images
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.devices import device_for
from thinkalike.networks.predict import logits, prediction_table
from thinkalike.networks.weights import build
from thinkalike.progress import log
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import job_log


def main(
    images: str,
    weights: str,
    predicted: str,
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
    table = prediction_table(
        logits(model, load_images(list(selected["path"]), model.size)), selected, model
    )
    log.info("%d of %d correct", table["correct"].sum(), len(table))
    write_table(table, predicted)
    case = read_case(
        Files(images, weights, predicted),
        architecture,
        explanation,
        size=size,
        device=device,
        seeds=(seed, method),
    )
    explain = import_module(f"thinkalike.explain.{method}").explain
    answer = explain(case.model, case.images, case.targets, case.question, **settings)
    write_case(
        explanations, case, answer, {"method": method, "code": code, **explanation, **settings}
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.output.predictions,
            snakemake.output.explanations,
            method=snakemake.params.method,
            architecture=snakemake.params.architecture,
            settings=snakemake.params.settings,
            explanation=snakemake.params.explanation,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
