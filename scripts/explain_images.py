"""Explain every image with one model by one method (rule explain_images)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.explain.cases import Files, audited, explained, read_case, write_case
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    explanations: str,
    base: str,
    part: Sequence[int],
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
    segments: str | None = None,
) -> None:
    files, seeds = Files(images, weights, predictions, segments), (seed, base)
    options = {"size": size, "seeds": seeds, "part": slice(*part), "device": device}
    case = read_case(files, architecture, explanation, **options)
    answer = explained(case, base, settings)
    # the first images, whichever jobs share the others
    checked = {} if part[0] else audited(case, base, settings, answer)
    attributes = {"method": base, "code": code, **explanation, **settings, **checked}
    write_case(explanations, case, answer, attributes)


if __name__ == "__main__":
    run(main, snakemake)
