"""Explain the first images again with one model by KernelSHAP, from other coalitions (rule
explain_again).
"""

from collections.abc import Mapping
from typing import Any

from thinkalike.explain.cases import Files, evaluations_used, explained, read_case, write_case
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    segments: str,
    explanations: str,
    again: str,
    number: int,
    architecture: Mapping[str, Any],
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    files, seeds = Files(images, weights, predictions, segments), (seed, "kernelshap", "again")
    options = {"size": size, "seeds": seeds, "part": slice(number), "device": device}
    case = read_case(files, architecture, explanation, **options)
    settings = {"evaluations": evaluations_used(explanations, segments)}
    answer = explained(case, "kernelshap", settings)
    attributes = {"method": "kernelshap", "code": code, **explanation, **settings}
    write_case(again, case, answer, attributes)


if __name__ == "__main__":
    run(main, snakemake)
