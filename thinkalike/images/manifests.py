"""Checksums of the images of a data set, in its manifest: each image is checked when it is read."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import pandas as pd

from thinkalike.stores.checksums import digest
from thinkalike.stores.tables import read_table

NAME = "manifest.parquet"
"""Name of the manifest of a data set, which lies beside its folders `<split>/<class>`."""

AT_ONCE = 8
"""Images that are read at the same time: a disk is waited for more than the hash."""


def image_checksums(paths: Iterable[Path]) -> list[str]:
    """Checksums of the bytes of image files, as of `stores.checksums.digest`."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda path: digest(path.read_bytes()), paths))


def known_checksum(path: Path) -> str | None:
    """Checksum that an image had when its data set was laid out; None for an image of no data set.

    Args:
        path: `<data set>/<split>/<class>/<name>`; a manifest that lies in the data set is read once.

    Raises:
        InputError: the manifest is damaged.
    """
    if len(path.parts) < 4:
        return None
    folder = path.parents[2]
    try:
        status = (folder / NAME).stat()
    except OSError:
        return None
    known = _known(folder, status.st_mtime_ns, status.st_size)
    return known.get(path.relative_to(folder).as_posix())


def listed_checksums(manifest: str | Path) -> dict[Path, str]:
    """Image of a data set → its checksum; empty where there is no manifest, or one of an older version.

    Raises:
        InputError: the manifest is damaged.
    """
    folder = Path(manifest).parent
    if not Path(manifest).exists():
        return {}
    return {folder / str(path): checksum for path, checksum in _read(folder).items()}


@lru_cache(maxsize=4)
def _known(folder: Path, *_: int) -> pd.Series:
    return _read(folder)


def _read(folder: Path) -> pd.Series:
    """Checksums of the images of a data set by their paths."""
    table = read_table(folder / NAME)
    if not {"path", "checksum"} <= set(table.columns):
        return pd.Series(dtype=str)
    return table.set_index("path")["checksum"]
