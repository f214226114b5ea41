"""Settings of the regions of images, `segments` of a configuration: what follows where they say nothing."""

import math
from collections.abc import Mapping
from typing import Any

OPTIONS = {
    "slic": ("count", "compactness", "at_least"),
    "grid": ("cells",),
    "file": ("path", "count"),
}
"""Kind of regions → settings that it takes."""


def cells_a_side(segments: Mapping[str, Any]) -> int:
    """Cells a side of the kind `grid`: by default as many as fit into `count`, but two."""
    return int(segments["cells"] or max(math.isqrt(segments["count"]), 2))


def region_count(segments: Mapping[str, Any]) -> int:
    """Number of regions of an image: of a grid exactly, of superpixels about, of masks at most."""
    return cells_a_side(segments) ** 2 if segments["kind"] == "grid" else int(segments["count"])


def least_superpixels(segments: Mapping[str, Any], size: int) -> int:
    """Number of superpixels that an image has at least: by default half of `count`.

    More than there are pixels cannot be.
    """
    half = min(max(math.ceil(segments["count"] / 2), 2), size**2)
    return int(segments["at_least"] or half)


def completed(segments: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Settings with a value for whatever follows from the others, for images of this size."""
    return {
        **segments,
        "count": region_count(segments),
        "at_least": least_superpixels(segments, size),
        "cells": cells_a_side(segments),
    }


def options_of(segments: Mapping[str, Any]) -> dict[str, Any]:
    """Completed settings that the kind takes."""
    return {name: segments[name] for name in OPTIONS[segments["kind"]]}
