"""Explain the first images with one model by every method again, moved by some pixels (rule
explain_moved).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.explain.cases import Files, evaluations_used, read_case, write_case
from thinkalike.explain.moved import explained_moved
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    moved: Sequence[str],
    methods: Mapping[str, Mapping[str, Any]],
    pixels: int,
    architecture: Mapping[str, Any],
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
    segments: str | None = None,
    explanations: str | None = None,
) -> None:
    files, seeds = Files(images, weights, predictions, segments), (seed, "kernelshap")
    part = slice(max(chosen["number"] for chosen in methods.values()))
    options = {"size": size, "seeds": seeds, "part": part, "device": device}
    case = read_case(files, architecture, explanation, **options)
    used = evaluations_used(explanations, segments) if explanations and segments else None
    for path, there, answer, known in explained_moved(case, moved, methods, pixels, used):
        write_case(path, there, answer, {**known, "code": code, "moved": pixels})


if __name__ == "__main__":
    run(main, snakemake)
