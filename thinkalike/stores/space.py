"""Space on a disk: whether a file fits, and what is said where there is none left."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thinkalike.errors import InputError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""System errors where a disk or a quota is full, or a file would be too large."""


def no_space(path: object) -> InputError:
    """The error to raise when there is no space left to write a file."""
    return InputError(
        f"there is no space left to write {path}; make room there and run again, older files are as "
        "they were"
    )


@contextmanager
def room_for(path: Path, size: int | None) -> Iterator[None]:
    """Check that a file fits on its disk before it is written, and say so if the disk fills meanwhile.

    Args:
        path: of the file, in a folder that is there; what is there of it already counts as its own.
        size: of the whole file in bytes; None if nobody has said it.

    Raises:
        InputError: it does not fit; what has been written stays.
    """
    own = path.stat().st_size if path.exists() else 0
    free = shutil.disk_usage(path.parent).free
    if size is not None and size - own > free:
        raise InputError(
            f"there is no space left to write {path}: {(size - own) / 1e6:.1f} MB are to come and "
            f"{free / 1e6:.1f} MB are free; make room there and run again"
        )
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise no_space(path) from error
        raise
