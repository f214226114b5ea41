"""Explain the first images again with one model by KernelSHAP, asking other coalitions (rule
explain_again).
"""

from collections.abc import Mapping
from typing import Any

from thinkalike.explain import study
from thinkalike.explain.kernelshap import explain
from thinkalike.networks.devices import device_for
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.maps import read_segments
from thinkalike.workflow.jobs import job_log


def main(
    images: str,
    weights: str,
    predictions: str,
    segments: str,
    explanations: str,
    again: str,
    *,
    number: int,
    architecture: Mapping[str, Any],
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
        names=["kernelshap", "again"],
        device=device,
        size=size,
        part=slice(number),
    )
    with open_arrays(explanations, ["evaluations"]) as dataset:
        used = int(dataset["evaluations"].max())
    # where all coalitions of those that matter were asked, these may be fewer than there are segments
    evaluations = max(used, max(segment.size for segment in read_segments(segments)) + 2)
    answer = explain(case.model, case.images, case.targets, case.question, evaluations=evaluations)
    attributes = {"method": "kernelshap", "code": code, **explanation, "evaluations": evaluations}
    study.write(again, case, answer, attributes)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.input.predictions,
            snakemake.input.segments,
            snakemake.input.explanations,
            snakemake.output.again,
            number=snakemake.params.number,
            architecture=snakemake.params.architecture,
            explanation=snakemake.params.explanation,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
