"""Files that are written whole or not at all."""

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from thinkalike.errors import InputError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""System errors where a disk or a quota is full, or a file would be too large."""

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""System errors of file systems that have no links, hard or symbolic, or no further one for a file."""

_GUARDS: list[Callable[[], None]] = []
"""Called before a file takes its place; one that raises keeps the older file."""


@contextmanager
def guarded(guard: Callable[[], None]) -> Iterator[None]:
    """While open, `guard` is called before any file is put in its place, and may refuse by raising."""
    _GUARDS.append(guard)
    try:
        yield
    finally:
        _GUARDS.remove(guard)


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends without an error.

    A killed or failing job leaves the old file, or none; never half of one.

    Raises:
        InputError: there is no more space, or a guard refuses (`guarded`).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        for guard in _GUARDS:
            guard()
        temporary.replace(path)
    except Exception as error:
        if system_error(error) not in FULL:
            raise
        # with its cause: HDF5 does not outlive an unfinished file, and this is to be said before
        raise InputError(
            f"there is no space left to write {path}; make room there and run again, older files are "
            "as they were"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def system_error(error: Exception) -> int | None:
    """Number of a system error, None for any other error; safetensors has it in words."""
    number: int | None = getattr(error, "errno", None)
    words = re.search(r"\(os error (\d+)\)", str(error))
    return int(words[1]) if words else number


def temporaries(path: Path) -> list[Path]:
    """Temporary files of `atomic` for a path that killed jobs have left behind."""
    name = re.compile(rf"\.{re.escape(path.stem)}\.\d+{re.escape(path.suffix)}")
    return [file for file in path.parent.glob(".*") if name.fullmatch(file.name)]
