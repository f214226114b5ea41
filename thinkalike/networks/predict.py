"""Logits and features of images, and predictions in a model's own label space."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch

from thinkalike.errors import ImageError, InputError, naming
from thinkalike.images.blocks import blocks
from thinkalike.images.loading import load_images
from thinkalike.networks.batches import Batches, fitting
from thinkalike.networks.model import Model, penultimate, with_penultimate
from thinkalike.progress import log
from thinkalike.stores.features import KEPT

ROUNDING = 16 * float(np.finfo(np.float32).eps)
"""Share of a score that the order of additions in float32 may change."""


def logits(model: Model, images: np.ndarray, *, batch_size: int | None = None) -> np.ndarray:
    """Logits (N, classes) float32 of images (N, size, size, 3) uint8.

    Batches are of the given size, or of one that fits.

    Raises:
        InputError: a logit is not finite.
    """
    return _outputs(model, images, model.network, batch_size)


def features(model: Model, images: np.ndarray, *, batch_size: int | None = None) -> np.ndarray:
    """Penultimate features (N, D) float32 of images (N, size, size, 3) uint8.

    Raises:
        InputError: a feature is not finite, or the network has none (`model.penultimate`).
    """
    return _outputs(model, images, lambda x: penultimate(model.network, x), batch_size)


def logits_and_features(
    model: Model, images: np.ndarray, *, batch_size: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, classes) and penultimate features (N, D) float32 from one pass of each image.

    The logits are those of `logits`, bit by bit; (N, 0) features where the network has none.

    Args:
        model: to run.
        images: (N, size, size, 3) uint8.
        batch_size: by default one that fits.

    Raises:
        InputError: a logit is not finite.
    """
    parts = _passes(model, images, partial(with_penultimate, model.network), batch_size)
    values, points = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    check_finite(model, values)
    return values, points


def _outputs(
    model: Model,
    images: np.ndarray,
    run: Callable[[torch.Tensor], torch.Tensor],
    batch_size: int | None,
) -> np.ndarray:
    parts = _passes(model, images, lambda inputs: (run(inputs),), batch_size)
    values = np.concatenate([part for (part,) in parts])
    check_finite(model, values)
    return values


def _passes(
    model: Model,
    images: np.ndarray,
    run: Callable[[torch.Tensor], tuple[torch.Tensor, ...]],
    batch_size: int | None,
) -> list[tuple[np.ndarray, ...]]:
    """Outputs of `run` for one batch of images after the other, in float32."""
    batches = Batches(batch_size or fitting(model, gradients=False))

    def work(part: slice) -> tuple[np.ndarray, ...]:
        outputs = run(model.normalise(images[part]))
        return tuple(output.float().cpu().numpy() for output in outputs)

    with torch.inference_mode():
        return [values for _, values in batches.over(len(images), work)]


def check_finite(model: Model, scores: np.ndarray, what: str = "{image}") -> None:
    """Refuse scores that are not finite numbers.

    Args:
        model: whose scores they are.
        scores: (N, …), a row for each image.
        what: what the scores belong to; by default the image of the row.

    Raises:
        ImageError: a row has a score that is NaN or infinite.
    """
    bad = np.flatnonzero(~np.isfinite(scores.reshape(len(scores), -1)).all(1))
    if len(bad):
        raise ImageError(
            int(bad[0]),
            f"{model.name} gives a score that is not finite for {what}; its weights are "
            "damaged or its training diverged",
        )


def check_spread(model: Model, scores: np.ndarray) -> None:
    """Refuse a model that gives the same scores for all images, to the rounding of float32.

    That is what is left where a signal dies out in an untrained network, or its head is zero.

    Args:
        model: whose scores they are.
        scores: (N, classes) of different images; a single one says nothing.

    Raises:
        InputError: no score differs from one image to another by more than `ROUNDING` of its size.
    """
    if len(scores) > 1 and (np.ptp(scores, 0) <= ROUNDING * np.abs(scores).max(0)).all():
        raise InputError(
            f"{model.name} gives the same scores for all {len(scores)} images, so that there is nothing "
            "to explain; train it (training.epochs of its catalogue entry), or leave it out of models"
        )


def check_head(model: Model) -> None:
    """Refuse a backbone without a head, which predicts no classes.

    Raises:
        InputError: the model has no classes.
    """
    if not model.classes:
        raise InputError(
            f"{model.name} has no head: what it gives are features and no scores of classes; write `head: "
            "probe` (or means) in its catalogue entry, or weights: finetuned; or explain its embedding "
            "(target 'embedding' of a notebook)"
        )


def predict_files(model: Model, images: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Predictions for image files, read one block after the other, and features from the same passes.

    Args:
        model: to predict with.
        images: N rows with image_id, path and class_name.

    Returns:
        A `prediction_table`, and the penultimate features (n, D) float32 of the first images, at most
        `KEPT` of them; D = 0 where the network has none.

    Raises:
        InputError: an image cannot be read, has a logit that is not finite (it is named), or is of a
            class that the model does not know; all images have the same logits; the model has no head.
    """
    check_head(model)
    paths, parts = images["path"].tolist(), []
    for block in blocks(len(paths)):
        with naming(images["image_id"].tolist()[block]):
            parts.append(logits_and_features(model, load_images(paths[block], model.size)))
    values, points = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    check_spread(model, values)
    table = prediction_table(values, images, model)
    log.info("%d of %d correct", table["correct"].sum(), len(table))
    return table, points[:KEPT]


def prediction_table(values: np.ndarray, images: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Predictions from logits, a row for each image.

    Args:
        values: logits, (N, classes).
        images: N rows with image_id and class_name.
        model: whose logits they are.

    Returns:
        image_id; predicted, the output with the largest logit, by index; predicted_class, its name in
        the model's label space; predicted_name, what people call it; its probability; label, the output
        that stands for the image's class; correct, whether label and predicted are the same; logits.

    Raises:
        InputError: a class of the images is not in the model's label space.
    """
    label = labels(images["class_name"], model)
    table = predicted_table(values, images["image_id"].tolist(), model)
    # before the logits, its last column
    table.insert(table.shape[1] - 1, "label", label)
    table.insert(table.shape[1] - 1, "correct", table["predicted"].to_numpy() == label)
    return table


def predicted_table(values: np.ndarray, image_ids: Sequence[str], model: Model) -> pd.DataFrame:
    """Predictions from logits (N, classes), whatever the images show: `prediction_table` without labels."""
    probability = model.probabilities(torch.from_numpy(values.astype(np.float64))).numpy()
    predicted = values.argmax(1)
    return pd.DataFrame(
        {
            "image_id": image_ids,
            "predicted": predicted,
            "predicted_class": np.array(model.classes)[predicted],
            "predicted_name": np.array(model.class_titles)[predicted],
            "probability": probability.max(1),
            "logits": list(values),
        }
    )


def labels(class_names: Iterable[object], model: Model) -> np.ndarray:
    """The output of a model that stands for each image's class, by name and not by position.

    Args:
        class_names: of N images: names of their folders.
        model: with its label space.

    Returns:
        (N,) integers.

    Raises:
        InputError: the model has no output of that name.
    """
    names = [str(name) for name in class_names]
    position = {name: index for index, name in enumerate(model.classes)}
    missing = sorted(set(names) - set(position))
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise InputError(
            f"{model.name} has no output for the images' class {', '.join(missing[:5])}{more} "
            f"({len(model.classes)} outputs: {', '.join(model.classes[:3])}, …); fine-tune it "
            "(weights: finetuned), or name the class folders as the outputs"
        )
    return np.array([position[name] for name in names], np.int64)
