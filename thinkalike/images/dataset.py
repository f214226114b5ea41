"""A data set that has been laid out: an ImageFolder, and the manifest that lists its images."""

from pathlib import Path

import numpy as np
import pandas as pd

from thinkalike.images.loading import load_images
from thinkalike.images.selection import MANIFEST
from thinkalike.stores.tables import read_table


def read_dataset(manifest: str | Path) -> pd.DataFrame:
    """Images of the data set that a manifest lies in: its columns, with paths that can be opened.

    Raises:
        InputError: the manifest is missing, damaged, or lacks a column.
    """
    images, folder = read_table(manifest, MANIFEST), Path(manifest).parent
    return images.assign(path=[str(folder / path) for path in images["path"]])


def classes_of(images: pd.DataFrame) -> list[str]:
    """Names of the classes, in the order of their labels."""
    first = images.drop_duplicates("label").sort_values("label")
    return first["class_name"].astype(str).tolist()


def examples(images: pd.DataFrame, split: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """All images of a split as uncropped squares, (N, size, size, 3) uint8, and their labels (N,).

    Raises:
        InputError: images that cannot be read; all are named.
    """
    part = images[images["split"] == split]
    return load_images(part["path"].tolist(), size), part["label"].to_numpy()
