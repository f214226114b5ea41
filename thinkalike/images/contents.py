"""Images and classes of a data set, as far as they are known before it is laid out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError
from thinkalike.images.listing import class_files, split_files, split_folders

DIGITS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
"""Images of every digit in scikit-learn's data set."""

SYNSETS = (
    "n01440764 n02102040 n02979186 n03000684 n03028079 "
    "n03394916 n03417042 n03425413 n03445777 n03888257"
)
CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
IMAGENETTE = (9469, 3925, SYNSETS)

PUBLISHED = {
    "pieces": (300, 150, "astronaut camera cat coffee coins galaxies gravel retina rocket tissue"),
    "samples": (60, 80, SYNSETS),
    "imagenette": IMAGENETTE,
    "imagenette_320": IMAGENETTE,
    "imagenette_160": IMAGENETTE,
    "cifar10": (50000, 10000, CIFAR10),
}
"""Kind of data set with a split of its own → images to learn from, images held out, classes."""


@dataclass(frozen=True)
class Contents:
    """Number of images to learn from and held out, and names of the classes.

    Attributes:
        train, val: number of images.
        classes: names, in the order of their labels.
    """

    train: int
    val: int
    classes: tuple[str, ...]


def contents(dataset: Mapping[str, Any]) -> Contents | None:
    """Contents of a data set, or None for an archive, which has to be fetched first.

    Args:
        dataset: kind and validation, and of a folder its path.

    Raises:
        InputError: of a folder: what `class_files` and `split_files` refuse, or a single image of a
            class, which cannot be split.
    """
    kind = dataset["kind"]
    if kind == "archive":
        return None
    if kind in PUBLISHED:
        train, val, names = PUBLISHED[kind]
        return Contents(train, val, tuple(names.split()))
    if kind in ("digits", "planted_digits"):
        return _divided({str(k): n for k, n in enumerate(DIGITS)}, dataset["validation"])
    folder = Path(dataset["path"])
    if splits := split_folders(folder):
        parts = [path.split("/")[:2] for path, _ in split_files(splits)]
        train = sum(split == "train" for split, _ in parts)
        return Contents(train, len(parts) - train, tuple(sorted({name for _, name in parts})))
    sizes = {name: len(files) for name, files in class_files(folder).items()}
    return _divided(sizes, dataset["validation"])


def _divided(sizes: Mapping[str, int], validation: float) -> Contents:
    val = sum(held_out(name, size, validation) for name, size in sizes.items())
    return Contents(sum(sizes.values()) - val, val, tuple(sizes))


def held_out(name: object, size: int, validation: float) -> int:
    """Number of a class's images that are held out: a share of them, but at least one, and not all.

    Raises:
        InputError: the class has a single image, which cannot be in both splits.
    """
    if size < 2:
        raise InputError(
            f"class {name} has a single image, which cannot be both trained on and "
            "held out; add images to it, or lay them out as train/ and val/ yourself"
        )
    return min(max(round(validation * size), 1), size - 1)
