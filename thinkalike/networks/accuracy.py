"""Transforms of an image before a model sees it, and what they do to accuracy.

Three transforms are compared:

* own: how the makers of the weights evaluate them. Most resize to more than the native size and keep
  the middle, so that the rim of an image is lost.
* common: the same for all models. The whole image, squashed to the study's size, normalised with
  ImageNet's mean and standard deviation.
* common_own_normalisation: the study's. The same pixels, normalised with the model's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.images.listing import SPLITS
from thinkalike.images.loading import load_images, open_image
from thinkalike.images.selection import select
from thinkalike.networks.compiler import compiler_deferred
from thinkalike.networks.model import Model
from thinkalike.networks.predict import labels, logits
from thinkalike.progress import log

with compiler_deferred():
    from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, create_transform


def own_images(paths: Sequence[str], header: Mapping[str, Any]) -> np.ndarray:
    """Images resized and cropped as the makers of the weights do it, not yet normalised.

    The shorter side becomes size/crop_pct, by the weights' interpolation, and the middle is kept.
    Weights that do not say so were trained here, on whole images: those are squashed to a square.

    Args:
        paths: of the images.
        header: of the weights: size, and, of weights from elsewhere, crop_pct and interpolation.

    Returns:
        (N, size, size, 3) uint8.

    Raises:
        InputError: an image cannot be read (`open_image`).
    """
    cropping = "crop_pct" in header
    transform = create_transform(
        int(header["size"]),
        interpolation=header["interpolation"] if cropping else "bilinear",
        crop_pct=header["crop_pct"] if cropping else 1.0,
        crop_mode="center" if cropping else "squash",
        normalize=False,
    )
    images = np.empty((len(paths), int(header["size"]), int(header["size"]), 3), np.uint8)
    for index, path in enumerate(paths):
        images[index] = transform(open_image(path)).permute(1, 2, 0).numpy()
    return images


def accuracy_by_transform(
    own: Model,
    common: Model,
    header: Mapping[str, Any],
    images: pd.DataFrame,
    *,
    count: int,
    order: str,
    seed: int,
) -> pd.DataFrame:
    """Accuracy of a model under each transform, on the first images of either split.

    Args:
        own, common, header: as for `correct_by_transform`.
        images: of the data set, as `images.dataset.read_dataset` gives them.
        count: images of each split, or as many as there are.
        order, seed: of the images (`select`).

    Returns:
        model, split, and the columns of `accuracy_table`.

    Raises:
        InputError: as `correct_by_transform`.
    """
    parts = []
    for split in SPLITS:
        number = min(count, int((images["split"] == split).sum()))
        chosen = select(images, split=split, count=number, seed=seed, order=order)
        right = correct_by_transform(
            own, common, header, list(chosen["path"]), list(chosen["class_name"])
        )
        part = accuracy_table(right)
        for row in part.itertuples():
            log.info("%s, %s: %d of %d correct", split, row.transform, row.correct, row.images)
        part.insert(0, "model", own.name)
        part.insert(1, "split", split)
        parts.append(part)
    return pd.concat(parts)


def correct_by_transform(
    own: Model,
    common: Model,
    header: Mapping[str, Any],
    paths: Sequence[str],
    class_names: Sequence[str],
) -> dict[str, np.ndarray]:
    """Correctly classified images under each transform.

    An image is correct if the largest of all logits is that of the output with its class's name.

    Args:
        own: the model, for its native size.
        common: the same model, for the size that all models of a study share.
        header: of its weights.
        paths: of N images.
        class_names: of the images.

    Returns:
        Transform → (N,) bool, `own` first.

    Raises:
        InputError: the model does not know one of the classes, or an image cannot be read.
    """
    label = labels(class_names, common)
    # first: it names every file that cannot be read
    squashed = load_images(paths, common.size)
    right = {
        "own": _right(own, own_images(paths, header), label),
        "common_own_normalisation": _right(common, squashed, label),
    }
    other = replace(common, mean=IMAGENET_DEFAULT_MEAN, std=IMAGENET_DEFAULT_STD)
    same = (other.mean, other.std) == (common.mean, common.std)
    right["common"] = right["common_own_normalisation"] if same else _right(other, squashed, label)
    return right


def _right(model: Model, pixels: np.ndarray, label: np.ndarray) -> np.ndarray:
    return logits(model, pixels).argmax(1) == label


def accuracy_table(right: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Accuracy under every transform, and its difference from that under `own`.

    Args:
        right: transform → (N,) bool, of the same images.

    Returns:
        transform, correct, images, accuracy = correct/images, gained (images right here, and wrong
        under `own`), lost (the other way round).
    """
    own = right["own"]
    return pd.DataFrame(
        {
            "transform": list(right),
            "correct": [int(correct.sum()) for correct in right.values()],
            "images": len(own),
            "accuracy": [float(correct.mean()) for correct in right.values()],
            "gained": [int((correct & ~own).sum()) for correct in right.values()],
            "lost": [int((own & ~correct).sum()) for correct in right.values()],
        }
    )
