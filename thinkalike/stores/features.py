"""Penultimate features of the images of a study, a file for each model."""

from collections.abc import Iterable

import numpy as np

from thinkalike.stores.arrays import open_arrays, write_arrays

KEPT = 2_000
"""Images, the first of a study, whose features are kept: how alike two models are is known from them."""


def write_features(
    path: str, features: np.ndarray, images: Iterable[str], *, model: str, code: str
) -> None:
    """Write the features (N, D) of N images as NetCDF, in float32; D = 0 for a network without any.

    Args:
        path: where to.
        features: of the images.
        images: ids.
        model: display name.
        code: fingerprint of what made them.
    """
    write_arrays(
        path,
        {"features": (("image", "feature"), features.astype(np.float32))},
        coordinates={"image": list(images)},
        attributes={"model": model, "units": "penultimate features", "code": code},
    )


def read_features(path: str) -> np.ndarray:
    """Read the features (N, D) float32 of a file.

    Raises:
        InputError: the file is missing, damaged, or has no features.
    """
    with open_arrays(path, ["features"]) as dataset:
        values: np.ndarray = dataset["features"].to_numpy()
    return values
