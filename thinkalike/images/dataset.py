"""A data set that has been laid out: an ImageFolder, and the manifest that lists its images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from thinkalike.images.loading import load_images
from thinkalike.images.selection import MANIFEST, select, select_class
from thinkalike.stores.tables import read_table


@dataclass(frozen=True)
class Dataset:
    """Images in folders by split and class.

    Attributes:
        images: image_id, path (from `folder`), split, label, class_name.
        folder: that the images are in.
    """

    images: pd.DataFrame
    folder: Path

    @classmethod
    def read(cls, manifest: str | Path) -> "Dataset":
        """The data set that a manifest lies in.

        Raises:
            InputError: the manifest is missing, damaged, or lacks a column.
        """
        return cls(read_table(manifest, MANIFEST), Path(manifest).parent)

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of their labels."""
        first = self.images.drop_duplicates("label").sort_values("label")
        return first["class_name"].astype(str).tolist()

    def examples(self, split: str, size: int) -> tuple[np.ndarray, np.ndarray]:
        """All images of a split as uncropped squares, (N, size, size, 3) uint8, and their labels (N,).

        Raises:
            InputError: images that cannot be read; all are named.
        """
        part = self.images[self.images["split"] == split]
        images = load_images([str(self.folder / path) for path in part["path"]], size)
        return images, part["label"].to_numpy()

    def selected(self, *, split: str, count: int, seed: int, order: str) -> pd.DataFrame:
        """The first images of a split in an order (`select`), with paths that can be opened.

        Raises:
            InputError: the split has fewer images, or the order is unknown.
        """
        chosen = select(self.images, split=split, count=count, seed=seed, order=order)
        return chosen.assign(path=[str(self.folder / path) for path in chosen["path"]])

    def selected_class(
        self, *, class_name: str | None, split: str, most: int, seed: int
    ) -> pd.DataFrame:
        """Images of one class, or of all (`select_class`), with paths that can be opened.

        Raises:
            InputError: there is no such class, or it has no image in the split.
        """
        chosen = select_class(self.images, class_name=class_name, split=split, most=most, seed=seed)
        return chosen.assign(path=[str(self.folder / path) for path in chosen["path"]])
