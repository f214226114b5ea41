"""Where the picture is: how far every pixel of an image is from the baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thinkalike.images.loading import load_images


class Pictures:
    """Distance of every pixel from the baseline, of some of the images of a study at a time.

    Args:
        paths: of the images.
        size: they are resized to, in pixels.
        baseline: RGB, from 0 to 1.
    """

    def __init__(self, paths: Sequence[str], size: int, baseline: Sequence[float]) -> None:
        self.paths, self.size, self.baseline = paths, size, np.asarray(baseline)

    def __call__(self, part: slice) -> np.ndarray:
        """Mean of |image − baseline| over the colours, (n, size, size) float64 from 0 to 1."""
        return distance_from(load_images(self.paths[part], self.size), self.baseline)


def distance_from(images: np.ndarray, baseline: Sequence[float] | np.ndarray) -> np.ndarray:
    """Mean of |image − baseline| over the colours, (N, size, size), of images (N, size, size, 3) uint8."""
    distance: np.ndarray = np.abs(images / 255 - np.asarray(baseline)).mean(3)
    return distance


def pictures_of(paths: Sequence[str], picture: Mapping[str, Any]) -> Pictures | None:
    """Pictures of images by the `size` and `baseline` of `picture`; None where it has none."""
    return Pictures(list(paths), **picture) if picture else None
