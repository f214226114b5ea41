"""Superpixels, computed once per image on its RGB pixels and shared by all models of a study."""

import numpy as np
import pandas as pd
from skimage.segmentation import slic

from thinkalike.errors import InputError
from thinkalike.images.blocks import blocks
from thinkalike.images.loading import load_images
from thinkalike.progress import log
from thinkalike.stores.arrays import create_arrays


def superpixels(image: np.ndarray, *, count: int, compactness: float) -> np.ndarray:
    """SLIC superpixels of one image.

    Args:
        image: (height, width, 3) uint8 RGB.
        count: of superpixels, about; SLIC gives fewer where colours do not differ.
        compactness: weight of nearness in the image against nearness in (Lab) colour.

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
            f"count: {count} superpixels give a single segment on an image of "
            f"{image.shape[0]} x {image.shape[1]} pixels; give more"
        )
    return labels.astype(np.int16)


def write_superpixels(
    path: str, images: pd.DataFrame, *, size: int, count: int, compactness: float, code: str
) -> None:
    """Write the superpixels of image files: labels (image, y, x), of all images one block at a time.

    Args:
        path: of the file.
        images: image_id and path of each.
        size: of the square that images are resized to, in pixels.
        count, compactness: as for `superpixels`.
        code: fingerprint of the code, an attribute of the file.

    Raises:
        InputError: an image cannot be read, or has fewer than two segments.
    """
    paths, counts = list(images["path"]), []
    with create_arrays(
        path,
        {"labels": (("image", "y", "x"), np.int16)},
        sizes={"y": size, "x": size},
        coordinates={"image": list(images["image_id"])},
        attributes={
            "algorithm": "slic",
            "count": count,
            "compactness": compactness,
            "code": code,
        },
    ) as file:
        for block in blocks(len(paths)):
            pixels = load_images(paths[block], size)
            labels = [superpixels(image, count=count, compactness=compactness) for image in pixels]
            file.append(labels=labels)
            counts += [int(each.max()) + 1 for each in labels]
    log.info(
        "%d to %d segments an image, %.1f on average", min(counts), max(counts), np.mean(counts)
    )
