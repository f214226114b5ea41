"""Integrated Gradients, summed over colour channels; captum is the engine.

Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, ICML 2017, equation 1.
"""

import numpy as np
import torch
from captum.attr import IntegratedGradients

from thinkalike.explain.common import (
    Explanation,
    Question,
    baseline_like,
    batches,
    check_targets,
    score_function,
)
from thinkalike.jobs import progress
from thinkalike.maps import Maps, Pixels
from thinkalike.models import Classifier


def explain(
    model: Classifier, images: np.ndarray, targets: np.ndarray, question: Question, *, steps: int
) -> Explanation:
    """Integrated Gradients: (x − b) ∫₀¹ ∂score(b + a (x − b))/∂x da, by Gauss–Legendre nodes.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes.
        question: output, baseline and batch size are used.
        steps: number of nodes.

    Returns:
        float32 coefficients in the basis `Pixels(size, size)`, and the measures `difference`,
        score(x) − score(b), and `gap`, Σ map − difference, which is 0 for exact integration.
    """
    classes = check_targets(model, targets)
    score = score_function(model, question.output)
    size = images.shape[1]
    engine = IntegratedGradients(score)
    maps, differences = [], []
    slices = list(batches(len(images), max(question.batch_size // steps, 1)))
    for part in progress(slices, what="batches", total=len(slices)):
        inputs = model.normalise(images[part])
        baseline = baseline_like(model, inputs, question.baseline)
        attribution = engine.attribute(
            inputs,
            baseline,
            target=classes[part],
            n_steps=steps,
            method="gausslegendre",
            internal_batch_size=max(question.batch_size, len(inputs)),
        )
        maps.append(attribution.sum(1).flatten(1).double().cpu().numpy())
        with torch.inference_mode():
            ends = (score(inputs) - score(baseline)).gather(1, classes[part, None])[:, 0]
        differences.append(ends.double().cpu().numpy())
    coefficients = np.concatenate(maps)
    difference = np.concatenate(differences)
    gap = coefficients.sum(1) - difference
    return Explanation(
        Maps(coefficients.astype(np.float32), (Pixels(size, size),)),
        {"difference": difference, "gap": gap},
    )
