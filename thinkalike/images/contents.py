"""Images and classes of a data set, as far as they are known before it is laid out."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError
from thinkalike.images.imagenet import bears_training_name
from thinkalike.images.listing import class_files, split_files, split_folders

OF_DIGITS = ("digits", "planted_digits")
"""Kinds of data sets that show digits."""

DIGITS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
"""Images of every digit in scikit-learn's data set."""

SYNSETS = (
    "n01440764 n02102040 n02979186 n03000684 n03028079 "
    "n03394916 n03417042 n03425413 n03445777 n03888257"
)
CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
IMAGENETTE = (9469, 3925, SYNSETS)
SEEN = (9103, 3791)
"""Images of Imagenette's train and val that are training images of ImageNet; the other 366 and 134 are
those of its validation set.
"""

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
        seen_train, seen_val: how many of them bear names of ImageNet's training images; at least, where the
            split has still to be drawn.
    """

    train: int
    val: int
    classes: tuple[str, ...]
    seen_train: int = 0
    seen_val: int = 0

    def images(self, split: str, exclude: str | None = None) -> int:
        """Number of images of train, val or both, without those that are excluded."""
        if split == "both":
            return self.images("train", exclude) + self.images("val", exclude)
        number, seen = {
            "train": (self.train, self.seen_train),
            "val": (self.val, self.seen_val),
        }[split]
        return number - seen if exclude else number


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
        seen = SEEN if PUBLISHED[kind] is IMAGENETTE else (0, 0)
        return Contents(train, val, tuple(names.split()), *seen)
    if kind in OF_DIGITS:
        return _divided({str(k): n for k, n in enumerate(DIGITS)}, dataset["validation"])
    folder = Path(dataset["path"])
    if splits := split_folders(folder):
        return listed_contents([path for path, _ in split_files(splits)])
    classes = class_files(folder)
    sizes = {name: len(files) for name, files in classes.items()}
    named = sum(bears_training_name(file.name) for files in classes.values() for file in files)
    held = _divided(sizes, dataset["validation"])
    return replace(held, seen_train=max(named - held.val, 0), seen_val=max(named - held.train, 0))


def listed_contents(paths: Iterable[str]) -> Contents:
    """Contents of a data set whose images are listed.

    Args:
        paths: `<split>/<class>/<name>`; splits other than train and val do not count.
    """
    parts = [path.split("/") for path in paths]
    numbers = Counter((split, bears_training_name(name)) for split, _, name in parts)
    train, val = (numbers[split, True] + numbers[split, False] for split in ("train", "val"))
    names = tuple(sorted({name for _, name, _ in parts}))
    return Contents(train, val, names, numbers["train", True], numbers["val", True])


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
