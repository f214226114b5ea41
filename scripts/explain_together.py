"""Explain every image with all models by KernelSHAP, until their similarities are known well enough
(rule explain_together).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.compare.similarity import Comparison
from thinkalike.explain.cases import Files, explained_together, read_case, write_case
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: Sequence[str],
    predictions: Sequence[str],
    segments: str,
    explanations: Sequence[str],
    number: int,
    architectures: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    comparisons: Sequence[Mapping[str, Any]],
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    options = {"size": size, "seeds": (seed, "kernelshap"), "part": slice(number), "device": device}
    files = [Files(images, *own, segments) for own in zip(weights, predictions, strict=True)]
    pairs = zip(files, architectures, strict=True)
    cases = [read_case(each, network, explanation, **options) for each, network in pairs]
    answers = explained_together(cases, settings, [Comparison(**each) for each in comparisons])
    attributes = {"method": "kernelshap", "code": code, **explanation, **settings}
    for path, case, answer in zip(explanations, cases, answers, strict=True):
        write_case(path, case, answer, attributes)


if __name__ == "__main__":
    run(main, snakemake)
