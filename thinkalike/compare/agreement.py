"""Images for which models predict the same class."""

import numpy as np


def matching(predicted: np.ndarray) -> np.ndarray:
    """Where two models predict the same class: (N, M, M) bool from predictions (N, M)."""
    return predicted[:, :, None] == predicted[:, None, :]


def agreement(predicted: np.ndarray) -> np.ndarray:
    """On how many images two models predict the same class: (M, M) counts from (N, M)."""
    return matching(predicted).sum(0)
