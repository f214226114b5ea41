"""What an image is made into before a model sees it, and what that does to accuracy.

Three transforms are compared:

own: how the makers of the weights evaluate them. Most resize to more than the native size and keep
    the middle, so that the rim of an image is lost.
common: the same for all models. The whole image, squashed to the study's size, normalised with
    ImageNet's mean and standard deviation.
common_own_normalisation: the study's. The same pixels, normalised with the model's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.images.loading import load_images, open_image
from thinkalike.networks.compiler import compiler_deferred
from thinkalike.networks.model import Model
from thinkalike.networks.predict import labels, logits

with compiler_deferred():
    from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD, create_transform


def own_images(paths: Sequence[str], header: Mapping[str, Any]) -> np.ndarray:
    """Images resized and cropped as the makers of weights do it, not yet normalised.

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


def correct_by_transform(
    own: Model,
    study: Model,
    header: Mapping[str, Any],
    paths: Sequence[str],
    class_names: Sequence[str],
) -> dict[str, np.ndarray]:
    """Which images a model gets right under each transform.

    An image is right if the largest of all logits is that of the output with its class's name.

    Args:
        own: the model, for its native size.
        study: the same, for the study's.
        header: of its weights.
        paths: of the images.
        class_names: of the images.

    Returns:
        Transform → (N,) bool, `own` first.

    Raises:
        InputError: the model does not know one of the classes, or an image cannot be read.
    """
    label = labels(class_names, study)
    # first: it names every file that cannot be read
    squashed = load_images(paths, study.size)
    right = {
        "own": _right(own, own_images(paths, header), label),
        "common_own_normalisation": _right(study, squashed, label),
    }
    common = replace(study, mean=IMAGENET_DEFAULT_MEAN, std=IMAGENET_DEFAULT_STD)
    same = (common.mean, common.std) == (study.mean, study.std)
    right["common"] = right["common_own_normalisation"] if same else _right(common, squashed, label)
    return right


def _right(model: Model, pixels: np.ndarray, label: np.ndarray) -> np.ndarray:
    return logits(model, pixels).argmax(1) == label


def accuracy_table(right: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Accuracy under every transform, and how it differs from that under `own`.

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
            "correct": [int(here.sum()) for here in right.values()],
            "images": len(own),
            "accuracy": [float(here.mean()) for here in right.values()],
            "gained": [int((here & ~own).sum()) for here in right.values()],
            "lost": [int((own & ~here).sum()) for here in right.values()],
        }
    )
