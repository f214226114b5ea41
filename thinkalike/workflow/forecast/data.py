"""How large a data set is: from its manifest, its folder, or what is published."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

PUBLISHED_SIZES = {
    "digits": (1797, 0, 10),
    "samples": (60, 80, 10),
    "imagenette": (9469, 3925, 10),
    "imagenette_320": (9469, 3925, 10),
    "imagenette_160": (9469, 3925, 10),
    "cifar10": (50000, 10000, 10),
}
"""Kind of data set → images to learn from, images held out (0: a share of them), classes."""


@dataclass(frozen=True)
class DatasetSize:
    """Size of a data set.

    Attributes:
        train: images to learn from.
        val: images held out.
        classes: number of classes.
    """

    train: int
    val: int
    classes: int


def dataset_size(dataset: Mapping[str, Any], manifest: str | Path) -> DatasetSize:
    """Size of a study's data set: from its manifest, where it is laid out already, else by its kind.

    Args:
        dataset: kind, validation and, of a folder, path.
        manifest: path of the manifest, whether or not it exists.
    """
    if Path(manifest).is_file():
        return manifest_size(manifest)
    if dataset["kind"] == "folder":
        train, val, classes = _folder_size(Path(dataset["path"]))
    else:
        train, val, classes = PUBLISHED_SIZES.get(dataset["kind"], (0, 0, 10))
    if not val:
        val = round(train * dataset["validation"])
        train -= val
    return DatasetSize(train, val, classes)


def manifest_size(manifest: str | Path) -> DatasetSize:
    """Size of the data set that a manifest lists."""
    table = pd.read_parquet(manifest, columns=["split", "label"])
    train = int((table["split"] == "train").sum())
    return DatasetSize(train, len(table) - train, table["label"].nunique())


def _folder_size(path: Path) -> tuple[int, int, int]:
    """Images to learn from, images held out (0 where the folder is not divided), classes."""
    train, val = path / "train", path / "val"
    if train.is_dir() and val.is_dir():
        return _files(train), _files(val), _folders(train)
    return _files(path), 0, _folders(path)


def _files(path: Path) -> int:
    return sum(file.is_file() for file in path.rglob("*"))


def _folders(path: Path) -> int:
    return sum(entry.is_dir() for entry in path.iterdir())
