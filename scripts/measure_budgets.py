"""How far KernelSHAP maps of few evaluations are from those of many, and how long they take (rule
measure_budgets).
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.compare.maps import Maps
from thinkalike.compare.products import inner_products
from thinkalike.explain import study
from thinkalike.explain.common import Explanation
from thinkalike.explain.kernelshap import explain
from thinkalike.images.segments import superpixels
from thinkalike.networks.devices import device_for
from thinkalike.progress import log
from thinkalike.randomness import integer_seed
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log


def main(
    images: str,
    weights: str,
    predictions: str,
    table: str,
    *,
    architecture: Mapping[str, Any],
    number: int,
    segments: Sequence[int],
    compactness: float,
    evaluations: Sequence[int],
    repeats: int,
    reference: int,
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    device: Any,
) -> None:
    case = study.load(
        images,
        weights,
        predictions,
        None,
        architecture=architecture,
        explanation=explanation,
        seed=seed,
        names=["budgets"],
        device=device,
        part=slice(number),
        size=size,
    )
    tables = []
    for count in segments:
        cut = _cut(case, count, compactness)
        pieces = cut.question.segments.max((1, 2)) + 1
        long = _asked(cut, seed, count, reference, "reference")
        exact = ~np.any(np.nan_to_num(long.standard_errors), axis=1)
        log.info(
            "%d segments asked, %.1f found; the reference takes at most %d evaluations, and is exact "
            "on %d of %d images, where these are all there are",
            count,
            pieces.mean(),
            long.measures["evaluations"].max(),
            exact.sum(),
            len(exact),
        )
        for budget in evaluations:
            for repeat in range(repeats):
                start = time.perf_counter()
                answer = _asked(cut, seed, count, budget, str(repeat))
                seconds = (time.perf_counter() - start) / len(cut.image_ids)
                columns = {
                    "model": architecture["name"],
                    "segments": count,
                    "pieces": pieces,
                    "evaluations": budget,
                    "evaluated": answer.measures["evaluations"],
                    "repeat": repeat,
                    "image_id": cut.image_ids,
                    **compared(answer, long),
                    "seconds": seconds,
                    "reference_evaluations": long.measures["evaluations"],
                    "reference_exact": exact,
                }
                tables.append(pd.DataFrame(columns))
    together = pd.concat(tables)
    columns = ["evaluated", "error", "stated_error", "seconds"]
    medians = together.groupby(["segments", "evaluations"])[columns].median()
    log.info("medians over images and repeats:\n%s", medians.to_string(float_format="%.3g"))
    write_table(together, table)


def _cut(case: study.Case, count: int, compactness: float) -> study.Case:
    labels = [superpixels(image, count=count, compactness=compactness) for image in case.images]
    return replace(case, question=replace(case.question, segments=np.stack(labels)))


def _asked(case: study.Case, seed: int, count: int, evaluations: int, what: str) -> Explanation:
    """The maps of all images from coalitions of their own; there are at least as many as it takes."""
    least = int(case.question.segments.max()) + 3
    seeds = [integer_seed(seed, "budgets", count, evaluations, what, i) for i in case.image_ids]
    return explain(
        case.model,
        case.images,
        case.targets,
        replace(case.question, seeds=np.array(seeds)),
        evaluations=max(evaluations, least),
    )


def compared(answer: Explanation, reference: Explanation) -> dict[str, np.ndarray]:
    """Actual and stated errors of maps, squared and over the squared norm of the reference, (N,).

    ‖m − r‖² / ‖r‖² beside Σ_pixels σ² / ‖r‖², of rendered maps: each superpixel counts by its area.
    NaN where the reference is blank.
    """
    parts = [
        answer.maps.coefficients,
        reference.maps.coefficients,
        answer.maps.coefficients - reference.maps.coefficients,
        answer.standard_errors,
        reference.standard_errors,
    ]
    products = inner_products([Maps(part, reference.maps.bases) for part in parts])
    own, norm, error, stated, of_reference = np.diagonal(products, axis1=1, axis2=2).T
    norm = np.where(norm > 0, norm, np.nan)
    return {
        "error": error / norm,
        "stated_error": stated / norm,
        "reference_error": of_reference / norm,
        "cosine": products[:, 0, 1] / np.sqrt(np.where(own > 0, own, np.nan) * norm),
        "standard_error": np.nanmean(answer.standard_errors, axis=1),
    }


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.input.predictions,
            snakemake.output.table,
            architecture=snakemake.params.architecture,
            number=snakemake.params.number,
            segments=snakemake.params.segments,
            compactness=snakemake.params.compactness,
            evaluations=snakemake.params.evaluations,
            repeats=snakemake.params.repeats,
            reference=snakemake.params.reference,
            explanation=snakemake.params.explanation,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
