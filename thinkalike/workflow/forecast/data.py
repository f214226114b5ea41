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
    """Images to learn from and held out, and classes."""

    train: int
    val: int
    classes: int


def dataset_size(dataset: Mapping[str, Any], manifest: str | Path) -> DatasetSize:
    """The size of a study's data set: from its manifest, where that is made already, else from its kind.

    Args:
        dataset: kind, validation and, of a folder, path.
        manifest: its path, whether or not it is there.
    """
    if Path(manifest).is_file():
        table = pd.read_parquet(manifest, columns=["split", "label"])
        train = int((table["split"] == "train").sum())
        return DatasetSize(train, len(table) - train, table["label"].nunique())
    if dataset["kind"] == "folder":
        return _folder_size(Path(dataset["path"]), dataset["validation"])
    train, val, classes = PUBLISHED_SIZES.get(dataset["kind"], (0, 0, 10))
    return _divided(train, val, classes, dataset["validation"])


def _folder_size(path: Path, validation: float) -> DatasetSize:
    if (path / "train").is_dir() and (path / "val").is_dir():
        train, val = (_files(path / split) for split in ("train", "val"))
        return DatasetSize(train, val, _folders(path / "train"))
    return _divided(_files(path), 0, _folders(path), validation)


def _divided(train: int, val: int, classes: int, validation: float) -> DatasetSize:
    if not val:
        val = round(train * validation)
        train -= val
    return DatasetSize(train, val, classes)


def _files(path: Path) -> int:
    return sum(file.is_file() for file in path.rglob("*"))


def _folders(path: Path) -> int:
    return sum(entry.is_dir() for entry in path.iterdir())
