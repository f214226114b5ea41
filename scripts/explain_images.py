"""Explain every image with one model by one method (rule explain_images)."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from thinkalike.errors import naming
from thinkalike.explain import study
from thinkalike.explain.common import audit, joined
from thinkalike.images.blocks import blocks
from thinkalike.networks.devices import device_for
from thinkalike.progress import log
from thinkalike.workflow.jobs import job_log


def main(
    images: str,
    weights: str,
    predictions: str,
    segments: str | None,
    explanations: str,
    *,
    method: str,
    part: Sequence[int],
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    case = study.load(
        images,
        weights,
        predictions,
        segments,
        architecture=architecture,
        explanation=explanation,
        seed=seed,
        names=[method],
        device=device,
        part=slice(*part),
        size=size,
    )
    explain = import_module(f"thinkalike.explain.{method}").explain
    answers = []
    for block in blocks(len(case.images)):
        asked = case.images[block], case.targets[block], case.question.of(block)
        with naming(case.image_ids[block]):
            answers.append(explain(case.model, *asked, **settings))
    answer = joined(answers)
    checked = {}
    if explanation["precision"] != "float32" and not slice(*part).start:
        checked = audit(explain, case.model, case.images, answer, case.question, **settings)
        log.info("against float32: %s", checked)
    study.write(
        explanations,
        case,
        answer,
        {"method": method, "code": code, **explanation, **settings, **checked},
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.input.predictions,
            snakemake.input.get("segments"),
            snakemake.output.explanations,
            method=snakemake.params.base,
            part=snakemake.params.part,
            architecture=snakemake.params.architecture,
            settings=snakemake.params.settings,
            explanation=snakemake.params.explanation,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
