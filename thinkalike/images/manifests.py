"""Checksums of the images of a data set, in its manifest: each image is checked when it is read."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

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
    # by text: an image is read in a millisecond, of which paths would take as much as the hash
    folder, *names = os.fspath(path).rsplit(os.sep, 3)
    if len(names) < 3:
        return None
    try:
        status = os.stat(f"{folder}/{NAME}")  # noqa: PTH116
    except OSError:
        return None
    return _known(folder, status.st_mtime_ns, status.st_size).get("/".join(names))


def listed_checksums(manifest: str | Path) -> dict[Path, str]:
    """Image of a data set → its checksum; empty where there is no manifest, or one of an older version.

    Raises:
        InputError: the manifest is damaged.
    """
    folder = Path(manifest).parent
    if not Path(manifest).exists():
        return {}
    return {folder / path: checksum for path, checksum in _read(folder).items()}


@lru_cache(maxsize=4)
def _known(folder: str, *_: int) -> dict[str, str]:
    return _read(Path(folder))


def _read(folder: Path) -> dict[str, str]:
    """Checksums of the images of a data set by their paths."""
    table = read_table(folder / NAME)
    if not {"path", "checksum"} <= set(table.columns):
        return {}
    return dict(zip(table["path"].astype(str), table["checksum"], strict=True))
