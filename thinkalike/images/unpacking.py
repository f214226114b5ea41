"""Archives unpacked safely: plain files and folders below one folder, whatever the archive says."""

import errno
import io
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from thinkalike.errors import InputError, printable
from thinkalike.images.names import ignores_case, is_text, refuse_alike

STEP = 1 << 16
"""Bytes of a tar archive that are read at a time, at most; the headers of a member are shorter."""

DEEPEST = 100
"""Folders in one another, at most."""

SHOWN = 100
"""Characters of a name, or of another's words, in a message, at most."""

UNNAMED = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
"""System errors where a file system cannot have a name."""

CLASHING = (errno.EEXIST, errno.EISDIR, errno.ENOTDIR)
"""System errors where a file stands in the place of a folder, or a folder in that of a file."""


def extract(archive: Path, folder: Path) -> None:
    """Unpack a tar (plain or compressed) or zip archive into a folder.

    Only plain files and folders below `folder` are written: an archive is refused at the first
    member that is something else, has a name that leads out, is not UTF-8 or cannot be had in this
    file system, or does not fit on the disk; and where two names are one for the file system.

    Raises:
        InputError: a member is refused, or the archive is damaged or of another format.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open("rb") as file:
            tar = _opened_tar(file)
            if tar is None:
                _extract_zip(archive, file, folder)
            else:
                with tar:
                    _extract_tar(archive, tar, folder)
    except InputError:
        raise
    except UnicodeDecodeError as error:
        raise _not_text(archive, error.object.decode("utf-8", "surrogateescape")) from None
    # what a damaged archive makes its reader raise is of any kind: struct.error, ValueError, …
    except Exception as error:
        # those of gzip and bz2, unlike the system's, have no number
        if isinstance(error, OSError) and error.errno is not None:
            raise
        words = _short(str(error).partition("\n")[0] or type(error).__name__)
        if isinstance(error, RuntimeError) and not isinstance(error, RecursionError):
            raise InputError(
                f"{archive} cannot be unpacked ({words}); pack it as .tar.gz or .zip without a password"
            ) from None
        raise InputError(
            f"{archive} is damaged or no tar or zip archive ({words}); delete it and fetch it again"
        ) from None


class _Stepwise:
    """A file of which no more than `STEP` bytes are read at a time.

    tarfile takes a header into memory as a whole, of as many bytes as it says that it has.

    Attributes:
        last: the bytes that were read last.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= STEP:
            raise tarfile.ReadError(f"a header of {size} bytes")
        self.last = self._file.read(size)
        return self.last

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return cast("int", self._file.seek(offset, whence))

    def tell(self) -> int:
        return cast("int", self._file.tell())

    def close(self) -> None:
        self._file.close()


class _Tar(tarfile.TarFile):
    """A tar archive that does not end before its end, lead back, or take endless memory."""

    def __init__(self, name: Any, mode: Any, fileobj: Any, **more: Any) -> None:
        self._steps = _Stepwise(fileobj)
        super().__init__(name, mode, cast("IO[bytes]", self._steps), **more)

    def next(self) -> tarfile.TarInfo | None:
        member = super().next()
        if member is None and self._steps.last.strip(b"\0"):
            # tarfile takes a header that it cannot read for the end
            raise tarfile.ReadError("a header that is none")
        if member is not None and member.size < 0:
            raise tarfile.ReadError(f"a member of {member.size} bytes")
        return member


def _opened_tar(file: IO[bytes]) -> _Tar | None:
    """The tar archive in a file; None if it is none."""
    try:
        return _Tar.open(fileobj=file)
    except tarfile.TarError:
        return None


def _extract_tar(archive: Path, tar: _Tar, folder: Path) -> None:
    _refuse_merged(archive, tar.getnames, folder)
    room = shutil.disk_usage(folder).free
    for member in tar:
        _refuse_unsafe(archive, member.name, member.isfile() or member.isdir())
        room = _room_after(archive, member.size, room)
        with _refusing(archive, member.name):
            _write(folder / member.name, None if member.isdir() else tar.extractfile(member))
    # the checksum of a compressed tar stands behind the last member
    while cast("IO[bytes]", tar.fileobj).read(STEP):
        pass


def _extract_zip(archive: Path, file: IO[bytes], folder: Path) -> None:
    # names that are not said to be UTF-8 are all the same, on every system but old ones
    with zipfile.ZipFile(file, metadata_encoding="utf-8") as zipped:
        _refuse_merged(archive, zipped.namelist, folder)
        room = shutil.disk_usage(folder).free
        for entry in zipped.infolist():
            # zipfile would write a link as a file holding its target, and cut a name at a NUL
            kind = entry.external_attr >> 28
            _refuse_unsafe(archive, entry.orig_filename, kind in (0, 0o04, 0o10))
            room = _room_after(archive, entry.file_size, room)
            with _refusing(archive, entry.filename):
                _write(folder / entry.filename, None if entry.is_dir() else zipped.open(entry))


def _write(path: Path, source: IO[bytes] | None) -> None:
    """Write a file, or a folder without a source, with no owner, mode or time of the archive's."""
    if source is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target, STEP)


@contextmanager
def _refusing(archive: Path, name: str) -> Iterator[None]:
    """Say of a member that its name cannot be had where the file system says so."""
    try:
        yield
    except OSError as error:
        if error.errno in UNNAMED:
            raise InputError(
                f"{archive}: {_short(name)} is too long, or no name in this file system; rename it and "
                "pack it anew"
            ) from None
        if error.errno in CLASHING:
            raise InputError(
                f"{archive}: {_short(name)} is a file and a folder in one; take another archive"
            ) from None
        raise


def _refuse_merged(archive: Path, names: Callable[[], list[str]], folder: Path) -> None:
    """Refuse members of which one would overwrite the other, or be put into its folder."""
    if ignores_case(folder):
        paths = map(PurePosixPath, names())
        each = (str(part) for path in paths for part in (path, *path.parents))
        refuse_alike(archive, each, ignoring_case=True)


def _refuse_unsafe(archive: Path, name: str, plain: bool) -> None:
    path, shown = PurePosixPath(name), _short(name)
    if not is_text(name):
        raise _not_text(archive, name)
    if "\0" in name:
        raise InputError(f"{archive}: {shown} has a NUL in its name; take another archive")
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{archive}: {shown} leads out of the folder; take another archive")
    if len(path.parts) > DEEPEST:
        raise InputError(
            f"{archive}: {shown} lies more than {DEEPEST} folders deep; take another archive"
        )
    if not plain:
        raise InputError(
            f"{archive}: {shown} is neither a file nor a folder; pack what it stands for instead"
        )


def _not_text(archive: Path, name: str) -> InputError:
    return InputError(f"{archive}: {_short(name)} is not UTF-8; rename it and pack it anew")


def _short(words: str) -> str:
    """A name or another's words, as they can be printed."""
    text = printable(words)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _room_after(archive: Path, size: int, room: int) -> int:
    """Bytes that are free when a member has been written; a small archive may hold endless zeros."""
    if size > room:
        raise InputError(
            f"{archive} does not fit on the disk, unpacked; make room, or take another archive"
        )
    return room - size
