"""Regions of images in memory, by the functions that a study's job calls."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from thinkalike.defaults import default_study
from thinkalike.errors import InputError, did_you_mean
from thinkalike.images.region_settings import OPTIONS, completed, options_of
from thinkalike.images.segments import regions
from thinkalike.notebook.images import Images
from thinkalike.notebook.settings import choice


def complete_settings(settings: Mapping[str, Any] | None, size: int) -> dict[str, Any]:
    """Settings of regions of images of this size, what is not given from config.yaml.

    Raises:
        InputError: a setting that there is not, or that is no number above 0.
    """
    usual = default_study()["segments"]
    given = dict(settings or {})
    for name, value in given.items():
        if name not in usual:
            hint = did_you_mean(name, usual)
            raise InputError(f"segments: has no {name!r}, only {', '.join(usual)}{hint}")
        if name == "kind":
            choice("segments: kind", value, list(OPTIONS))
        elif name != "path" and (
            isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0
        ):
            raise InputError(f"segments: {name} is {value!r}; give a number above 0")
    whole = {**usual, **given}
    if whole["kind"] == "file" and not whole["path"]:
        raise InputError("segments: the kind 'file' needs the path of masks; give `path`")
    return completed(whole, size)


def regions_of(images: Images, settings: Mapping[str, Any] | None) -> np.ndarray:
    """Regions of every image, (N, size, size) int16: see `thinkalike.api.segment`."""
    complete = complete_settings(settings, images.size)
    if complete["kind"] == "file" and images.paths is None:
        raise InputError(
            "segments: masks go with files, and these images are from an array; give the labels themselves"
        )
    options = options_of(complete)
    return regions(images.table, images.pixels, kind=complete["kind"], options=options)


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
