"""Files that are written whole or not at all."""

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from thinkalike.errors import InputError
from thinkalike.stores.checksums import beside, seal, write_beside
from thinkalike.stores.durable import flush
from thinkalike.stores.space import FULL, no_space

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


def check_guards() -> None:
    """Call the guards that are open (`guarded`), before something takes its place."""
    for guard in _GUARDS:
        guard()


@contextmanager
def atomic(path: str | Path, *, checksum: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends without an error.

    A killed or failing job leaves the old file, or none; never half of one. So does a power cut: when
    the block has ended, the new file is on the disk. Its mode is that of any new file there, whatever
    library has written it.

    Args:
        path: of the file.
        checksum: whether it carries its checksum (`stores.checksums`), inside or beside it.

    Raises:
        InputError: there is no more space, the disk fails, or a guard refuses (`guarded`).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        mode = _mode_of_new(temporary)
        yield temporary
        outside = seal(temporary) if checksum else ""
        temporary.chmod(mode)
        check_guards()
        flush(temporary)
        if outside:
            write_beside(path, outside)
        temporary.replace(path)
        flush(path.parent)
    except Exception as error:
        number = system_error(error)
        if number == errno.EIO:
            raise InputError(
                f"a disk failed while {path} was written ({os.strerror(number)}); look after it, and "
                "run again"
            ) from error
        if number not in FULL:
            raise
        # with its cause: HDF5 does not outlive an unfinished file, and this is to be said before
        raise no_space(path) from error
    finally:
        temporary.unlink(missing_ok=True)


def _mode_of_new(path: Path) -> int:
    """The mode that a new file gets at a path, by the umask or by what its folder sets."""
    path.touch()
    mode = path.stat().st_mode
    path.unlink()  # a block that writes nothing is not to leave an empty file
    return stat.S_IMODE(mode)


def system_error(error: Exception) -> int | None:
    """Number of a system error, None for any other error; safetensors has it in words."""
    number: int | None = getattr(error, "errno", None)
    words = re.search(r"\(os error (\d+)\)", str(error))
    return int(words[1]) if words else number


def temporaries(path: Path) -> list[Path]:
    """Temporary files of `atomic` for a path that killed jobs have left behind."""
    name = re.compile(rf"\.{re.escape(path.stem)}\.\d+{re.escape(path.suffix)}")
    hidden = re.compile(rf"{re.escape(beside(path).name)}\.\d+")
    return [
        file
        for file in path.parent.glob(".*")
        if name.fullmatch(file.name) or hidden.fullmatch(file.name)
    ]
