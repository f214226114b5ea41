"""Dissimilarity of two models from their similarities over the images: chord distance and rms."""

import numpy as np

from thinkalike.compare.summaries import Summary
from thinkalike.errors import InputError

DISSIMILARITIES = ("chord", "rms")


def dissimilarity(summary: Summary, kind: str) -> np.ndarray:
    """Dissimilarity of all pairs of models, (M, M); NaN for a pair without an image in common.

    chord: √(2 (1 − s̄)), the root mean square distance between unit maps; exactly Euclidean when all
    pairs are compared on the same images. rms: √((1 − s̄)² + std²), the experiment log's; not
    Euclidean.

    Args:
        summary: mean s̄ and standard deviation std of the similarities.
        kind: chord or rms.

    Raises:
        InputError: another kind.
    """
    match kind:
        case "chord":
            return np.sqrt(np.maximum(2 * (1 - summary.mean), 0))
        case "rms":
            return np.sqrt((1 - summary.mean) ** 2 + summary.deviation**2)
    raise InputError(f"dissimilarity {kind!r} is none of {', '.join(DISSIMILARITIES)}")
