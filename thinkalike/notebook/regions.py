"""Regions of images in memory, by the functions that a study's job calls."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from thinkalike.defaults import default_study
from thinkalike.errors import InputError, did_you_mean
from thinkalike.images.segments import superpixels
from thinkalike.notebook.images import Images


def complete_settings(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Settings of regions, what is not given from config.yaml.

    Raises:
        InputError: a setting that there is not, or that is no number above 0.
    """
    usual = default_study()["segments"]
    given = dict(settings or {})
    for name, value in given.items():
        if name not in usual:
            hint = did_you_mean(name, usual)
            raise InputError(f"segments: has no {name!r}, only {', '.join(usual)}{hint}")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            raise InputError(f"segments: {name} is {value!r}; give a number above 0")
    return {**usual, **given}


def regions_of(images: Images, settings: Mapping[str, Any] | None) -> np.ndarray:
    """Regions of every image, (N, size, size) int16: see `thinkalike.api.segment`."""
    options = complete_settings(settings)
    return np.stack([superpixels(image, **options) for image in images.pixels])


def checked_regions(images: Images, labels: Any) -> np.ndarray:
    """Regions that are given, numbered in each image from 0 without gaps, (N, size, size) int16.

    Raises:
        InputError: not a whole number for every pixel of every image.
    """
    array = np.asarray(labels)
    shape = (len(images), images.size, images.size)
    if array.shape != shape or array.dtype.kind not in "iu":
        raise InputError(
            f"segments: an array {array.shape} of {array.dtype} is not (images, size, size) = {shape} of "
            "whole numbers; give one label for every pixel"
        )
    numbered = [np.unique(each, return_inverse=True)[1].reshape(each.shape) for each in array]
    return np.stack(numbered).astype(np.int16)
