"""How large a data set is: from its manifest, or from what is known of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from thinkalike.images.contents import contents


@dataclass(frozen=True)
class DatasetSize:
    """Size of a data set.

    Attributes:
        train: images to learn from; 0 if that is not known before it is laid out.
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
    known = contents(dataset)
    if known is None:
        return DatasetSize(0, 0, 10)
    return DatasetSize(known.train, known.val, len(known.classes))


def manifest_size(manifest: str | Path) -> DatasetSize:
    """Size of the data set that a manifest lists."""
    table = pd.read_parquet(manifest, columns=["split", "label"])
    train = int((table["split"] == "train").sum())
    return DatasetSize(train, len(table) - train, table["label"].nunique())
