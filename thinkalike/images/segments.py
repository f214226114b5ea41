"""Superpixels, computed once per image on its RGB pixels and shared by all models of a study."""

import numpy as np
from skimage.segmentation import slic

from thinkalike.errors import InputError


def superpixels(image: np.ndarray, *, count: int, compactness: float) -> np.ndarray:
    """SLIC superpixels of one image.

    Args:
        image: (height, width, 3) uint8 RGB.
        count: about how many; SLIC gives fewer where colours do not differ.
        compactness: how much nearness in the image counts against nearness in (Lab) colour.

    Returns:
        (height, width) int16 labels 0, 1, …, without gaps.

    Raises:
        InputError: fewer than two segments; there is nothing to share a score among.

    Source: Achanta et al., SLIC superpixels, TPAMI 2012; scikit-image's implementation.
    """
    labels = slic(image, n_segments=count, compactness=compactness, start_label=0, channel_axis=-1)
    labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    if labels.max() < 1:
        raise InputError(
            f"segments.count: {count} gives a single segment on an image of "
            f"{image.shape[0]} x {image.shape[1]} pixels; ask for more"
        )
    return labels.astype(np.int16)
