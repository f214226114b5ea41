"""Explain every image with all models by KernelSHAP, until their similarities are known well enough
(rule explain_together).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.explain import study
from thinkalike.explain.kernelshap import explain_together
from thinkalike.networks.devices import device_for
from thinkalike.workflow.jobs import job_log


def main(
    images: str,
    weights: Sequence[str],
    predictions: Sequence[str],
    segments: str,
    explanations: Sequence[str],
    *,
    number: int,
    architectures: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    cases = [
        study.load(
            images,
            *files,
            segments,
            architecture=architecture,
            explanation=explanation,
            seed=seed,
            names=["kernelshap"],
            device=device,
            size=size,
            part=slice(number),
        )
        for *files, architecture in zip(weights, predictions, architectures, strict=True)
    ]
    answers = explain_together(
        [case.model for case in cases],
        cases[0].images,
        [case.targets for case in cases],
        [case.question for case in cases],
        **settings,
    )
    for path, case, answer in zip(explanations, cases, answers, strict=True):
        attributes = {"method": "kernelshap", "code": code, **explanation, **settings}
        study.write(path, case, answer, attributes)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.input.predictions,
            snakemake.input.segments,
            snakemake.output,
            number=snakemake.params.number,
            architectures=snakemake.params.architectures,
            settings=snakemake.params.settings,
            explanation=snakemake.params.explanation,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
