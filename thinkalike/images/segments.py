"""Regions of every image, computed once and shared by all models of a study.

They are SLIC's superpixels of the RGB pixels, cells of a grid, or masks of the user's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from skimage.segmentation import slic

from thinkalike.compare.bases import Cells
from thinkalike.errors import InputError
from thinkalike.images.blocks import blocks
from thinkalike.images.loading import load_images
from thinkalike.images.masks import Masks
from thinkalike.images.splitting import split_regions
from thinkalike.progress import log
from thinkalike.stores.arrays import create_arrays

RAISED = 7
"""Times that compactness is doubled at most: to 128 times what was given."""
NAMED = 20
"""Images that a line of the log names at most."""


@dataclass(frozen=True)
class Superpixels:
    """Superpixels of one image, and what it took to have enough of them.

    Attributes:
        labels: (height, width) int16, 0, 1, … without gaps.
        compactness: with which SLIC was run.
        splits: number of regions that were cut in two afterwards.
    """

    labels: np.ndarray
    compactness: float
    splits: int


def superpixels(
    image: np.ndarray, *, count: int, compactness: float, at_least: int = 2
) -> np.ndarray:
    """Labels of the superpixels of one image, (height, width) int16: see `slic_superpixels`."""
    found = slic_superpixels(image, count=count, compactness=compactness, at_least=at_least)
    return found.labels


def slic_superpixels(
    image: np.ndarray, *, count: int, compactness: float, at_least: int
) -> Superpixels:
    """SLIC superpixels of one image, of which there are never fewer than `at_least`.

    Where colours change from pixel to pixel, SLIC's clusters fall to pieces, and it merges these until
    few superpixels, or a single one, are left (scikit-image, issues 1745 and 5093). Compactness is then
    doubled until there are enough: nearness counts for more, and superpixels become cells of a grid.
    Where `RAISED` doublings do not suffice, as with very few pixels or a `count` of 2, the run with the
    most superpixels is taken, the first of several, and its largest regions are cut in two. Where
    SLIC gives enough at once, labels are SLIC's.

    Args:
        image: (height, width, 3) uint8 RGB.
        count: of superpixels, about; SLIC gives fewer where colours do not differ.
        compactness: weight of nearness in the image against nearness in (Lab) colour.
        at_least: number of superpixels, 2 or more.

    Raises:
        InputError: `at_least` is under 2 or more than the pixels.

    Source: Achanta et al., SLIC superpixels, TPAMI 2012; scikit-image's implementation.
    """
    if not 2 <= at_least <= image.shape[0] * image.shape[1]:
        raise InputError(
            f"at_least: {at_least} superpixels of an image of {image.shape[0]} x {image.shape[1]} "
            "pixels; give 2 at least, and no more than there are pixels"
        )
    best, used = _slic(image, count, compactness), compactness
    for doubling in range(1, RAISED + 1):
        if best.max() + 1 >= at_least:
            break
        raised = compactness * 2**doubling
        labels = _slic(image, count, raised)
        if labels.max() > best.max():
            best, used = labels, raised
    splits = max(at_least - int(best.max()) - 1, 0)
    return Superpixels(split_regions(best, at_least), used, splits)


def _slic(image: np.ndarray, count: int, compactness: float) -> np.ndarray:
    """SLIC's labels 0, 1, … without gaps, (height, width) int16."""
    labels = slic(image, n_segments=count, compactness=compactness, start_label=0, channel_axis=-1)
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int16)


def write_segments(
    path: str,
    images: pd.DataFrame,
    *,
    size: int,
    kind: str,
    options: Mapping[str, Any],
    code: str,
) -> None:
    """Write the regions of image files: labels (image, y, x), of all images one block at a time.

    Of superpixels the file also says, image by image, the `compactness` with which there were enough,
    and how many regions were `split`; the log names the images where SLIC alone gave too few.

    Args:
        path: of the file.
        images: image_id and path of each.
        size: of the square that images are resized to, in pixels.
        kind: `slic`; `grid`, cells of one size; or `file`, masks of the user's own.
        options: what the kind takes: count, compactness and at_least as for `superpixels`; cells, their
            number a side; path and count as for `images.masks.Masks`.
        code: fingerprint of the code, an attribute of the file.

    Raises:
        InputError: an image cannot be read; a mask is missing or cannot be used; or there are more
            cells than pixels.
    """
    paths = list(images["path"])
    cut = _KINDS[kind](images, lambda part: load_images(paths[part], size), size, options)
    variables: dict[str, tuple[tuple[str, ...], Any]] = {"labels": (("image", "y", "x"), np.int16)}
    if kind == "slic":
        variables |= {"compactness": (("image",), np.float64), "split": (("image",), np.int32)}
    counts: list[int] = []
    with create_arrays(
        path,
        variables,
        sizes={"y": size, "x": size},
        coordinates={"image": list(images["image_id"])},
        attributes={"algorithm": kind, **options, "code": code},
    ) as file:
        for block in blocks(len(images)):
            rows = cut(block)
            file.append(**rows)
            counts += [int(labels.max()) + 1 for labels in rows["labels"]]
    log.info(
        "%d to %d segments an image, %.1f on average", min(counts), max(counts), np.mean(counts)
    )


def regions(
    images: pd.DataFrame, pixels: np.ndarray, *, kind: str, options: Mapping[str, Any]
) -> np.ndarray:
    """Regions of images in memory, as `write_segments` writes them: labels (N, size, size) int16.

    Args:
        images: image_id of each, and the path of its file, which masks of the user's own are found by.
        pixels: (N, size, size, 3) uint8.
        kind, options: as for `write_segments`.

    Raises:
        InputError: a mask is missing or cannot be used; or there are more cells than pixels.
    """
    cut = _KINDS[kind](images, lambda part: pixels[part], pixels.shape[1], options)
    return np.concatenate([cut(block)["labels"] for block in blocks(len(pixels))])


Read = Callable[[slice], np.ndarray]
"""Images → their pixels, (n, size, size, 3) uint8."""

Cut = Callable[[slice], dict[str, Any]]
"""Images → rows of the variables of a file of segments."""


def _slic_of(images: pd.DataFrame, read: Read, size: int, options: Mapping[str, Any]) -> Cut:
    names = np.asarray(images["image_id"], str)

    def cut(block: slice) -> dict[str, Any]:
        found = [slic_superpixels(image, **options) for image in read(block)]
        compactness = [each.compactness for each in found]
        splits = [each.splits for each in found]
        _report(names[block], np.array(compactness), np.array(splits), options)
        return {
            "labels": [each.labels for each in found],
            "compactness": compactness,
            "split": splits,
        }

    return cut


def _report(
    names: np.ndarray, compactness: np.ndarray, splits: np.ndarray, options: Mapping[str, Any]
) -> None:
    """Say for which images SLIC alone gave too few superpixels, and what was done."""
    raised, split = compactness > options["compactness"], splits > 0
    if (raised | split).any():
        log.warning(
            "SLIC gives fewer than %d segments for %d images: compactness was raised for %s; regions "
            "were split for %s",
            options["at_least"],
            (raised | split).sum(),
            _listed(
                [f"{n} ({c:g})" for n, c in zip(names[raised], compactness[raised], strict=True)]
            ),
            _listed([f"{n} ({s})" for n, s in zip(names[split], splits[split], strict=True)]),
        )


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return (", ".join(words[:NAMED]) or "none") + more


def _grid_of(images: pd.DataFrame, read: Read, size: int, options: Mapping[str, Any]) -> Cut:
    side = options["cells"]
    if not 2 <= side <= size:
        raise InputError(
            f"cells: {side} a side do not suit images of {size} pixels; give 2 to {size}"
        )
    labels = Cells(side, side, size, size).labels.astype(np.int16)
    return lambda block: {"labels": [labels] * len(images[block])}


def _masks_of(images: pd.DataFrame, read: Read, size: int, options: Mapping[str, Any]) -> Cut:
    masks = Masks.open(options["path"], images, most=options["count"])
    return lambda block: {"labels": list(masks.labels(block, size))}


_KINDS: Mapping[str, Callable[[pd.DataFrame, Read, int, Mapping[str, Any]], Cut]] = {
    "slic": _slic_of,
    "grid": _grid_of,
    "file": _masks_of,
}
