"""Pictures, superpixels and predictions of images, as the explorer's page has them."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from scipy.special import softmax

from thinkalike.explorer.blocks import Blocks
from thinkalike.images.loading import load_image
from thinkalike.images.synsets import class_word
from thinkalike.stores.arrays import open_arrays

LARGEST = 224
"""Pixels of a side of a picture, at most."""
LOSSLESS = 96
"""Pixels of a side up to which a picture is kept as it is."""
QUALITY = 70
"""Quality of larger pictures in WebP, of 100."""


class Classes:
    """Names of classes, each with its number in the page, in the order in which they come."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.titles: list[str] = []

    def number(self, name: str, title: str = "") -> int:
        """Number of a class.

        Args:
            name: of the class in the data set.
            title: for readers; by default `images.synsets.class_word` of the name.
        """
        if name not in self._numbers:
            self._numbers[name] = len(self.titles)
            self.titles.append(title or class_word(name))
        return self._numbers[name]


def add_pictures(blocks: Blocks, name: str, paths: Sequence[str], frame: tuple[int, int]) -> str:
    """Add images in WebP, resized to the frame of the maps, or to a smaller one.

    Raises:
        InputError: an image is missing or cannot be read.
    """
    side = min(max(frame), LARGEST)
    return blocks.add_files(name, [_encoded(path, side) for path in paths], "image/webp")


def _encoded(path: str, side: int) -> bytes:
    picture, file = Image.fromarray(load_image(path, side)), BytesIO()
    picture.save(file, "WEBP", lossless=side <= LOSSLESS, quality=QUALITY, method=6)
    return file.getvalue()


def add_segments(
    blocks: Blocks, name: str, path: Path, rows: Sequence[int] | slice = slice(None)
) -> tuple[str, list[int]]:
    """Add the superpixels of images, a row of height × width labels for each.

    Args:
        blocks: of the page.
        name: of the block.
        path: of the file of superpixels.
        rows: which images.

    Returns:
        Name of the block; height and width.
    """
    with open_arrays(path, ["labels"]) as file:
        labels = file["labels"][rows].to_numpy()
    kind = np.uint8 if labels.max(initial=0) < 256 else np.uint16
    flat = labels.reshape(len(labels), -1).astype(kind)
    return blocks.add_numbers(name, flat), [int(side) for side in labels.shape[1:]]


def predictions(table: pd.DataFrame, classes: Classes) -> dict[str, Any] | None:
    """Predictions of a model as `Predictions` of `page/types.js`; None of a model without classes.

    Args:
        table: of predictions, a row for each image.
        classes: of the page.
    """
    if "predicted_name" not in table:
        return None
    names = zip(
        table["predicted_class"].astype(str), table["predicted_name"].astype(str), strict=True
    )
    return {
        "classes": [classes.number(name, title) for name, title in names],
        "probabilities": _rounded(table["probability"].to_numpy(float)),
        "truth": _rounded(_truth(table)),
    }


def _truth(table: pd.DataFrame) -> np.ndarray:
    """Probability of the class of each image; NaN where it is none of the model's.

    It is the softmax of the logits, where that is how the model's own probability follows from them.
    """
    unknown = np.full(len(table), np.nan)
    if "label" not in table or "logits" not in table or not len(table):
        return unknown
    shares = softmax(np.stack(table["logits"].to_list()).astype(float), axis=1)
    rows, labels = np.arange(len(table)), table["label"].to_numpy()
    predicted = shares[rows, table["predicted"].to_numpy(int)]
    if not np.allclose(predicted, table["probability"].to_numpy(float), atol=1e-3):
        return unknown
    known = (labels >= 0) & (labels < shares.shape[1])
    return np.where(known, shares[rows, np.where(known, labels, 0).astype(int)], np.nan)


def _rounded(values: np.ndarray) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
