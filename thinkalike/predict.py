"""Logits and predictions."""

import numpy as np
import pandas as pd
import torch

from thinkalike.errors import InputError
from thinkalike.models import Classifier


def logits(model: Classifier, images: np.ndarray, *, batch_size: int) -> np.ndarray:
    """Logits of images: (N, size, size, 3) uint8 → (N, classes) float32.

    Raises:
        InputError: a logit is not finite.
    """
    batches = []
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = model.normalise(images[start : start + batch_size])
            batches.append(model.network(batch).float().cpu().numpy())
    values = np.concatenate(batches)
    bad = np.flatnonzero(~np.isfinite(values).all(1))
    if len(bad):
        raise InputError(
            f"{model.entry['name']} gives a logit that is not finite for image number {bad[0]}; "
            "its weights are damaged or its training diverged"
        )
    return values


def predictions(values: np.ndarray, images: pd.DataFrame) -> pd.DataFrame:
    """The table of predictions from logits: image_id, predicted, probability, label, correct."""
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
        }
    )
