"""Predictions of models compared: agreement of pairs, accuracy, and what both have to do with maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.compare.matrices import correlation
from thinkalike.compare.subsets import matching
from thinkalike.errors import InputError


def agreement(predicted: np.ndarray) -> np.ndarray:
    """Number of images for which two models predict the same class, (M, M), from classes (N, M).

    Classes are names, as models may differ in their outputs.
    """
    # numbers are faster to compare than names
    return matching(pd.factorize(predicted.ravel())[0].reshape(predicted.shape)).sum(0)


def accuracy_table(
    models: Sequence[str],
    predictions: Sequence[pd.DataFrame],
    headers: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Accuracy of every model on the images of the study and, where it is known, on all of val.

    Args:
        models: in order.
        predictions: of each model, with a column `correct`.
        headers: of the weights of each model; those that come from elsewhere have no accuracy.

    Returns:
        model, correct, images, accuracy, val_accuracy (NaN if unknown), val_images (0 if unknown).
    """
    return pd.DataFrame(
        {
            "model": models,
            "correct": [int(table["correct"].sum()) for table in predictions],
            "images": len(predictions[0]),
            "accuracy": [float(table["correct"].mean()) for table in predictions],
            "val_accuracy": [header.get("accuracy", np.nan) for header in headers],
            "val_images": [header.get("images", 0) for header in headers],
        }
    )


def accuracy_reached(model: str, header: Mapping[str, Any], at_least: float) -> pd.DataFrame:
    """Accuracy of a model that was trained here, beside the one that it must have.

    Args:
        model: key.
        header: of its weights, with its accuracy on val.
        at_least: the accuracy that it must have.

    Returns:
        One row: model, accuracy, images, accuracy_at_least.

    Raises:
        InputError: the accuracy is lower.
    """
    accuracy = header["accuracy"]
    if accuracy < at_least:
        raise InputError(
            f"{model} reaches an accuracy of {accuracy:.3f} on val, under accuracy_at_least, "
            f"{at_least}; its weights are kept: lower the bar, or give it more epochs or another "
            "learning rate"
        )
    row = {"model": model, "accuracy": accuracy, "images": header["images"]}
    return pd.DataFrame([{**row, "accuracy_at_least": at_least}])


def correlations(
    agreed: pd.DataFrame,
    pairs: pd.DataFrame,
    similarity: pd.DataFrame,
    untrained: Sequence[str] = (),
) -> dict[str, float]:
    """Correlate agreement of predictions with dissimilarity and mean similarity of maps.

    Over pairs of different models: the diagonal is not data, and a missing pair is left out. Once
    with and once without untrained controls (`…_trained`): these agree with nobody and are explained
    like nobody, which makes a correlation by itself.

    `pearson_with_diagonal` is the experiment log's, to be compared with: over all cells of the two
    square matrices, every pair twice, and each model with itself. These agree on all images and are
    most similar by construction, which makes a correlation by itself as well.

    Args:
        agreed: model_a, model_b, same, different: numbers of images.
        pairs: model_a, model_b, mean, dissimilarity.
        similarity: square, the mean similarities with their diagonal.
        untrained: the controls.

    Returns:
        Number of pairs, and Pearson's and Spearman's coefficients; NaN where one side is constant or
        there are fewer than three pairs.

    """
    both = agreed.merge(pairs, on=["model_a", "model_b"]).dropna(subset=["dissimilarity"])
    trained = both[~both["model_a"].isin(untrained) & ~both["model_b"].isin(untrained)]
    return {
        **_coefficients(both, ""),
        **_coefficients(trained, "_trained"),
        "pearson_with_diagonal": _with_diagonal(agreed, similarity),
    }


def _coefficients(pairs: pd.DataFrame, suffix: str) -> dict[str, float]:
    same, distance, mean = pairs["same"], pairs["dissimilarity"], pairs["mean"]
    return {
        f"pairs{suffix}": len(pairs),
        f"pearson{suffix}": correlation(same, distance, "pearson"),
        f"spearman{suffix}": correlation(same, distance, "spearman"),
        f"pearson_similarity{suffix}": correlation(same, mean, "pearson"),
        f"spearman_similarity{suffix}": correlation(same, mean, "spearman"),
    }


def _with_diagonal(agreed: pd.DataFrame, similarity: pd.DataFrame) -> float:
    models = list(similarity.columns)
    images = agreed["same"].iloc[0] + agreed["different"].iloc[0]
    counts = pd.DataFrame(np.eye(len(models)) * images, index=models, columns=models)
    for a, b, count in zip(agreed["model_a"], agreed["model_b"], agreed["same"], strict=True):
        counts.loc[a, b] = counts.loc[b, a] = count
    x, y = (pd.Series(square.to_numpy().ravel()) for square in (counts, similarity))
    return correlation(x, y, "pearson")
