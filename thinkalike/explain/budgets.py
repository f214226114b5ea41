"""Error and time of KernelSHAP maps from several numbers of evaluations, against maps from many."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from thinkalike.compare.maps import Maps
from thinkalike.compare.products import inner_products
from thinkalike.explain.common import Case, Explanation
from thinkalike.explain.kernelshap import explain
from thinkalike.images.segments import superpixels
from thinkalike.progress import log
from thinkalike.randomness import integer_seed


@dataclass(frozen=True)
class Budgets:
    """Budgets of KernelSHAP that are compared.

    Attributes:
        segments: numbers of superpixels.
        compactness: of the superpixels.
        evaluations: numbers of evaluations per image.
        repeats: draws of coalitions for each number of evaluations.
        reference: evaluations of the maps that the others are compared with.
    """

    segments: Sequence[int]
    compactness: float
    evaluations: Sequence[int]
    repeats: int
    reference: int


def budget_table(case: Case, budgets: Budgets, seed: int) -> pd.DataFrame:
    """Errors and times of the KernelSHAP maps of a model for every budget and repeat.

    Args:
        case: model and images; its superpixels and seeds are not used.
        budgets: what to measure.
        seed: of the coalitions.

    Returns:
        A row for each number of segments, of evaluations, repeat and image: model, segments, pieces
        (superpixels that SLIC gave), evaluations, evaluated (that were used), repeat, image_id, the
        columns of `errors`, seconds per image, reference_evaluations, reference_exact.

    Raises:
        InputError: as `kernelshap.explain`.
    """
    tables = []
    for count in budgets.segments:
        segmented = _segmented(case, count, budgets.compactness)
        tables += _of_segments(segmented, count, budgets, seed)
    table = pd.concat(tables)
    columns = ["evaluated", "error", "stated_error", "seconds"]
    medians = table.groupby(["segments", "evaluations"])[columns].median()
    log.info("medians over images and repeats:\n%s", medians.to_string(float_format="%.3g"))
    return table


def _segmented(case: Case, count: int, compactness: float) -> Case:
    labels = [superpixels(image, count=count, compactness=compactness) for image in case.images]
    return replace(case, question=replace(case.question, segments=np.stack(labels)))


def _of_segments(case: Case, count: int, budgets: Budgets, seed: int) -> list[pd.DataFrame]:
    """Tables of every budget and repeat for one number of superpixels."""
    assert case.question.segments is not None
    pieces = case.question.segments.max((1, 2)) + 1
    reference = _explained(case, seed, count, budgets.reference, "reference")
    assert reference.standard_errors is not None
    exact = ~np.any(np.nan_to_num(reference.standard_errors), axis=1)
    log.info(
        "%d segments, %.1f from SLIC; the reference takes at most %d evaluations, and is exact on %d of "
        "%d images, where these are all there are",
        count,
        pieces.mean(),
        reference.measures["evaluations"].max(),
        exact.sum(),
        len(exact),
    )
    tables = []
    for budget in budgets.evaluations:
        for repeat in range(budgets.repeats):
            start = time.perf_counter()
            explanation = _explained(case, seed, count, budget, str(repeat))
            seconds = (time.perf_counter() - start) / len(case.image_ids)
            columns = {
                "model": case.model.name,
                "segments": count,
                "pieces": pieces,
                "evaluations": budget,
                "evaluated": explanation.measures["evaluations"],
                "repeat": repeat,
                "image_id": case.image_ids,
                **errors(explanation, reference),
                "seconds": seconds,
                "reference_evaluations": reference.measures["evaluations"],
                "reference_exact": exact,
            }
            tables.append(pd.DataFrame(columns))
    return tables


def _explained(case: Case, seed: int, count: int, evaluations: int, draw: str) -> Explanation:
    """Maps of all images from coalitions of this draw; at least as many as the superpixels take."""
    assert case.question.segments is not None
    least = int(case.question.segments.max()) + 3
    seeds = [integer_seed(seed, "budgets", count, evaluations, draw, i) for i in case.image_ids]
    question = replace(case.question, seeds=np.array(seeds))
    evaluations = max(evaluations, least)
    return explain(case.model, case.images, case.targets, question, evaluations=evaluations)


def errors(explanation: Explanation, reference: Explanation) -> dict[str, np.ndarray]:
    """Actual and stated errors of KernelSHAP maps, squared and over the squared norm of the reference.

    ‖m − r‖² / ‖r‖² beside Σ_pixels σ² / ‖r‖², of rendered maps: each superpixel counts by its area.

    Args:
        explanation: with standard errors.
        reference: of the same images, with standard errors.

    Returns:
        error, stated_error, reference_error (the stated one of the reference), cosine of the maps, and
        standard_error, the mean over superpixels: (N,) each, NaN where the reference is blank.
    """
    assert explanation.standard_errors is not None
    assert reference.standard_errors is not None
    parts = [
        explanation.maps.coefficients,
        reference.maps.coefficients,
        explanation.maps.coefficients - reference.maps.coefficients,
        explanation.standard_errors,
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
        "standard_error": np.nanmean(explanation.standard_errors, axis=1),
    }
