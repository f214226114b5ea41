"""Images and classes of a data set: from its manifest, or as they are known of its kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thinkalike.images.contents import Contents, contents

UNKNOWN = Contents(0, 0, ("",) * 10)
"""Stands for the contents of an archive that is not laid out: no image to learn from, a few classes."""


def known_contents(dataset: Mapping[str, Any], manifest: str | Path) -> Contents:
    """Contents of a study's data set: from its manifest, where it is laid out already, else by its kind.

    Args:
        dataset: kind, validation and, of a folder, path.
        manifest: path of the manifest, whether or not it exists.
    """
    if Path(manifest).is_file():
        return manifest_contents(manifest)
    return contents(dataset) or UNKNOWN


def manifest_contents(manifest: str | Path) -> Contents:
    """Contents of the data set that a manifest lists."""
    table = pd.read_parquet(manifest, columns=["split", "class_name"])
    train = int((table["split"] == "train").sum())
    return Contents(train, len(table) - train, tuple(sorted(table["class_name"].unique())))
