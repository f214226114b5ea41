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
from thinkalike.images.merging import merge_regions
from thinkalike.images.splitting import split_regions
from thinkalike.progress import log
from thinkalike.stores.arrays import create_arrays

RAISED = 7
"""Times that compactness is doubled at most: to 128 times what was given."""
TRIES = 4
"""Runs of SLIC with one compactness at most: what an image costs."""
NEAR = 0.05
"""Share of the number by which a run may miss it and is taken at once."""
FINEST = 4
"""Times the number that SLIC is asked for at most."""
NAMED = 20
"""Images that a line of the log names at most."""


@dataclass(frozen=True)
class Superpixels:
    """Superpixels of one image, and what it took to have as many as there should be.

    Attributes:
        labels: (height, width) int16, 0, 1, … without gaps.
        compactness: with which SLIC was run.
        hint: number of superpixels that SLIC was asked for.
        merged: number of regions that were joined to a neighbour afterwards.
        splits: number of regions that were cut in two afterwards.
    """

    labels: np.ndarray
    compactness: float
    hint: int
    merged: int
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
    """SLIC superpixels of one image: about `count`, never more, and never fewer than `at_least`.

    For SLIC a number is a hint, and on photographs it gives two thirds of it. It is asked for more, or
    for fewer, in proportion, `TRIES` times at most, and the run that comes nearest to `count` is taken;
    where that has more, the smallest regions are joined to the neighbour of the most similar colour.

    Where colours change from pixel to pixel, SLIC's clusters fall to pieces, and it merges these until
    few superpixels, or a single one, are left (scikit-image, issues 1745 and 5093). Compactness is then
    doubled until there are `at_least`: nearness counts for more, and superpixels become cells of a grid.
    Where `RAISED` doublings do not suffice, as with very few pixels or a `count` of 2, the run with the
    most superpixels is taken, the first of several, and its largest regions are cut in two.

    Args:
        image: (height, width, 3) uint8 RGB.
        count: of superpixels, about and at most.
        compactness: weight of nearness in the image against nearness in (Lab) colour.
        at_least: number of superpixels, 2 or more.

    Raises:
        InputError: `at_least` is under 2, or more than `count` or the pixels.

    Source: Achanta et al., SLIC superpixels, TPAMI 2012; scikit-image's implementation.
    """
    if not 2 <= at_least <= min(count, image.shape[0] * image.shape[1]):
        raise InputError(
            f"at_least: {at_least} superpixels of {count} and an image of {image.shape[0]} x "
            f"{image.shape[1]} pixels; give 2 at least, and no more than count and the pixels"
        )
    best, hint = _nearest(image, count, compactness)
    used = compactness
    for doubling in range(1, RAISED + 1):
        if best.max() + 1 >= at_least:
            break
        labels, asked = _nearest(image, count, compactness * 2**doubling)
        if labels.max() > best.max():
            best, hint, used = labels, asked, compactness * 2**doubling
    found = int(best.max()) + 1
    merged = merge_regions(best, image, count)
    return Superpixels(
        split_regions(merged, at_least),
        used,
        hint,
        merged=max(found - count, 0),
        splits=max(at_least - found, 0),
    )


def _nearest(image: np.ndarray, count: int, compactness: float) -> tuple[np.ndarray, int]:
    """Labels of the run of SLIC whose number is nearest to `count`, and what it was asked for."""
    most = min(FINEST * count, image.shape[0] * image.shape[1])
    runs: dict[int, np.ndarray] = {}
    hint = nearest = min(count, most)
    while len(runs) < TRIES and hint not in runs:
        runs[hint] = _slic(image, hint, compactness)
        nearest = min(runs, key=lambda asked: (abs(_number(runs[asked]) - count), asked))
        if abs(_number(runs[nearest]) - count) <= NEAR * count:
            break
        # in proportion to the nearest; where that was tried, to the last
        steps = [
            min(round(asked * count / _number(runs[asked])), most) for asked in (nearest, hint)
        ]
        hint = next((step for step in steps if step not in runs), steps[0])
    return runs[nearest], nearest


def _number(labels: np.ndarray) -> int:
    return int(labels.max()) + 1


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

    Of superpixels the file also says, image by image, the `compactness` with which there were enough, the
    number that SLIC was asked for (`hint`), and how many regions were `merged` and `split` afterwards. The
    log says how many there are, and names the images where SLIC alone gave too few.

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
        variables["compactness"] = (("image",), np.float64)
        variables |= dict.fromkeys(("hint", "merged", "split"), (("image",), np.int32))
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
        "segments an image: %g in the median, %d at least, %d at most%s",
        np.median(counts),
        min(counts),
        max(counts),
        f" (count: {options['count']})" if "count" in options else "",
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
            "hint": [each.hint for each in found],
            "merged": [each.merged for each in found],
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
