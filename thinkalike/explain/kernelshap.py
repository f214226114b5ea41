"""KernelSHAP on superpixels; captum is the engine.

Lundberg and Lee, A unified approach to interpreting model predictions, NeurIPS 2017, theorem 2.
"""

import numpy as np
import torch
from captum.attr import KernelShap

from thinkalike.errors import InputError
from thinkalike.explain.common import (
    Explanation,
    Question,
    baseline_like,
    check_targets,
    score_function,
)
from thinkalike.jobs import progress
from thinkalike.maps import Maps, Segments
from thinkalike.models import Classifier


def explain(
    model: Classifier,
    images: np.ndarray,
    targets: np.ndarray,
    question: Question,
    *,
    evaluations: int,
) -> Explanation:
    """Shapley values of superpixels, estimated by weighted regression over random coalitions.

    A superpixel that is not in a coalition is painted in the baseline colour. The coalitions of an
    image come from its seed alone: all models are asked the same, and a difference between two
    models is not one between two draws.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes.
        question: all of it is used.
        evaluations: coalitions per image, the empty and the full one among them.

    Returns:
        float32 coefficients in the basis `Segments`, one per image, and the measures `difference`,
        score(x) − score(baseline), and `gap`, Σ coefficients − difference.

    Raises:
        InputError: no segments or seeds, or not more evaluations than segments.
    """
    if question.segments is None or question.seeds is None:
        raise InputError("KernelSHAP needs the superpixels and a seed of every image")
    segments = [Segments(labels) for labels in question.segments]
    most = max(segment.size for segment in segments)
    if evaluations < most + 2:
        raise InputError(
            f"settings.kernelshap.evaluations: {evaluations} is too few for {most} segments; "
            f"give at least {most + 2}"
        )
    classes = check_targets(model, targets)
    engine = KernelShap(score_function(model, question.output))
    coefficients = np.full((len(images), most), np.nan, np.float32)
    difference = np.empty(len(images))
    with torch.inference_mode(), torch.random.fork_rng(devices=[]):
        for i in progress(range(len(images)), what="images", total=len(images)):
            inputs = model.normalise(images[i : i + 1])
            baseline = baseline_like(model, inputs, question.baseline)
            torch.manual_seed(int(question.seeds[i]))
            labels = torch.from_numpy(segments[i].labels.astype(np.int64)).to(model.device)
            values = engine.attribute(
                inputs,
                baseline,
                target=classes[i : i + 1],
                feature_mask=labels.expand(1, 3, -1, -1),
                n_samples=evaluations,
                perturbations_per_eval=question.batch_size,
                return_input_shape=False,
            )
            coefficients[i, : segments[i].size] = values[0].cpu().numpy()
            ends = engine.forward_func(torch.cat([inputs, baseline]))[:, classes[i]]
            difference[i] = float(ends[0] - ends[1])
    gap = np.nansum(coefficients.astype(np.float64), axis=1) - difference
    return Explanation(Maps(coefficients, tuple(segments)), {"difference": difference, "gap": gap})
