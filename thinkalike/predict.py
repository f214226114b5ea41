"""Logits and predictions."""

import numpy as np
import pandas as pd
import torch

from thinkalike.explain.batches import Batches, fitting
from thinkalike.explain.common import check_finite
from thinkalike.models import Classifier


def logits(model: Classifier, images: np.ndarray, *, batch_size: int | None = None) -> np.ndarray:
    """Logits of images: (N, size, size, 3) uint8 → (N, classes) float32.

    Batches are of the given size, or of one that fits.

    Raises:
        InputError: a logit is not finite.
    """
    batches = Batches(batch_size or fitting(model, gradients=False))

    def work(part: slice) -> np.ndarray:
        return model.network(model.normalise(images[part])).float().cpu().numpy()

    with torch.inference_mode():
        values = np.concatenate([part for _, part in batches.over(len(images), work)])
    check_finite(model, values)
    return values


def predictions(values: np.ndarray, images: pd.DataFrame) -> pd.DataFrame:
    """The table of predictions from logits: image_id, predicted, probability, label, correct, logits."""
    shifted = np.exp(values.astype(np.float64) - values.max(1, keepdims=True))
    probability = shifted / shifted.sum(1, keepdims=True)
    predicted = values.argmax(1)
    return pd.DataFrame(
        {
            "image_id": images["image_id"].to_numpy(),
            "predicted": predicted,
            "probability": probability.max(1),
            "label": images["label"].to_numpy(),
            "correct": predicted == images["label"].to_numpy(),
            "logits": list(values),
        }
    )
