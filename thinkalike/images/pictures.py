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
        images = load_images(self.paths[part], self.size) / 255
        distance: np.ndarray = np.abs(images - self.baseline).mean(3)
        return distance


def pictures_of(paths: Sequence[str], picture: Mapping[str, Any]) -> Pictures | None:
    """Pictures of images by the `size` and `baseline` of `picture`; None where it has none."""
    return Pictures(list(paths), **picture) if picture else None
