"""Downloads: fetched whole, verified against a checksum, and unpacked safely."""

import hashlib
import http.client
import lzma
import re
import shutil
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, cast
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from tqdm import tqdm

from thinkalike.errors import InputError, printable
from thinkalike.images.names import ignores_case, is_text, refuse_alike
from thinkalike.progress import log
from thinkalike.stores.space import room_for

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before the second attempt, the third, …; the last attempt follows the last pause."""

TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as cut."""

CHUNK = 1 << 18

DIGITS = {"md5": 32, "sha256": 64}


class OtherContentError(InputError):
    """A whole file with another checksum than it should have.

    Attributes:
        checksum: that it has, `md5:<hex>` or `sha256:<hex>`.
    """

    def __init__(self, message: str, checksum: str) -> None:
        super().__init__(message)
        self.checksum = checksum


class _UnfinishedError(Exception):
    """An attempt that failed, where another one may succeed."""


def fetch(url: str, path: Path, *, checksum: str, mirror: str | None = None) -> None:
    """Put the file at an address to `path`, unless it is there already.

    The download goes to `<path>.part`, which is kept when the connection fails: the next attempt,
    and the next call, asks for the rest only. A file that is at `path` with another checksum is
    replaced when the right one is whole.

    Args:
        url: http or https, ending in a file name.
        path: where the file goes.
        checksum: `md5:<hex>` or `sha256:<hex>` of the whole file.
        mirror: where to take the file from instead: a folder that holds it under the name it has in
            `url`, or an address that replaces all before that name.

    Raises:
        InputError: the address or the checksum is none, the mirror lacks the file, or the host cannot
            be reached or does not give the file.
        OtherContentError: the file has another checksum; what was fetched is deleted, and the file of a
            folder stays as it is.
    """
    name = file_name(url)
    algorithm, expected = _parsed(checksum, url)
    if path.is_file():
        actual = _digest(path, algorithm)
        if actual == expected:
            return
        log.warning(
            "%s has %s %s and should have %s; fetching it anew", path, algorithm, actual, expected
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    source = url
    if mirror:
        ending = urlsplit(url).path.rsplit("/", 1)[1] if "://" in mirror else name
        source = f"{mirror.rstrip('/')}/{ending}"
    # whole already, if a job was killed between the last byte and the new name
    if not part.is_file() or _digest(part, algorithm) != expected:
        if "://" in source:
            file_name(source)
            _download(source, part, path)
        else:
            _copy(Path(source), part)
    actual = _digest(part, algorithm)
    if actual != expected:
        part.unlink()
        deleted, again = (
            ("what was downloaded was deleted", "run again, or take the file from elsewhere")
            if "://" in source
            else ("only the copy of it was deleted", "put the right file there")
        )
        raise OtherContentError(
            f"{source} has {algorithm} {actual} instead of {expected}; {deleted}; {again}",
            f"{algorithm}:{actual}",
        )
    part.replace(path)


def file_name(url: str) -> str:
    """File name at the end of an address.

    Raises:
        InputError: the address is not one of http or https, or ends in no name.
    """
    parts = urlsplit(url)
    name = PurePosixPath(unquote(parts.path)).name
    if parts.scheme not in ("http", "https") or not parts.netloc or name in ("", ".."):
        raise InputError(f"{url!r} is not the address of a file; give http(s)://<host>/<file>")
    return name


def extract(archive: Path, folder: Path) -> None:
    """Unpack a tar (plain or compressed) or zip archive into a folder.

    Only plain files and folders below `folder` are written: an archive is refused at the first
    member that is something else, has a name that leads out or is not UTF-8, or does not fit on the
    disk; and where two names are one for the file system.

    Raises:
        InputError: a member is refused, or the archive is damaged or of another format.
    """
    folder.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(folder).free
    try:
        if tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                _refuse_merged(archive, tar.getnames, folder)
                for member in tar:
                    _refuse_unsafe(archive, member.name, member.isfile() or member.isdir())
                    room = _room_after(archive, member.size, room)
                    _write_member(tar, member, folder / member.name)
                # the checksum of a compressed tar stands behind the last member
                for _ in _read(cast("IO[bytes]", tar.fileobj)):
                    pass
        else:
            with zipfile.ZipFile(archive) as zipped:
                _refuse_merged(archive, zipped.namelist, folder)
                for entry in zipped.infolist():
                    # zipfile would write a link as a file holding its target
                    kind = entry.external_attr >> 28
                    _refuse_unsafe(archive, entry.filename, kind in (0, 0o04, 0o10))
                    room = _room_after(archive, entry.file_size, room)
                    zipped.extract(entry, folder)
    except RuntimeError as error:
        raise InputError(
            f"{archive} cannot be unpacked ({error}); pack it as .tar.gz or .zip without a password"
        ) from None
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
        raise _damaged(archive, error) from None
    except OSError as error:
        # those of gzip and bz2, unlike the system's, have no number
        if error.errno is not None:
            raise
        raise _damaged(archive, error) from None


def _damaged(archive: Path, error: Exception) -> InputError:
    return InputError(
        f"{archive} is damaged or no tar or zip archive ({error}); delete it and fetch it again"
    )


def _refuse_merged(archive: Path, names: Callable[[], list[str]], folder: Path) -> None:
    """Refuse members of which one would overwrite the other, or be put into its folder."""
    if ignores_case(folder):
        paths = map(PurePosixPath, names())
        each = (str(part) for path in paths for part in (path, *path.parents))
        refuse_alike(archive, each, ignoring_case=True)


def _write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write a file or folder of a tar archive, with no owner, mode or time of the archive's.

    `TarFile.extract` does so with its filter `data`, which Python has from 3.11.4 on.
    """
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with cast("IO[bytes]", tar.extractfile(member)) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)


def _refuse_unsafe(archive: Path, name: str, plain: bool) -> None:
    path = PurePosixPath(name)
    if not is_text(name):
        raise InputError(f"{archive}: {printable(name)} is not UTF-8; rename it and pack it anew")
    if path.is_absolute() or ".." in path.parts:
        raise InputError(f"{archive}: {name} leads out of the folder; take another archive")
    if not plain:
        raise InputError(
            f"{archive}: {name} is neither a file nor a folder; pack what it stands for instead"
        )


def _room_after(archive: Path, size: int, room: int) -> int:
    """Bytes that are free when a member has been written; a small archive may hold endless zeros."""
    if size > room:
        raise InputError(
            f"{archive} does not fit on the disk, unpacked; make room, or take another archive"
        )
    return room - size


def _parsed(checksum: str, url: str) -> tuple[str, str]:
    algorithm, _, digits = checksum.partition(":")
    if len(digits) != DIGITS.get(algorithm) or not re.fullmatch("[0-9a-fA-F]+", digits):
        raise InputError(
            f"the checksum {checksum!r} of {url} is none; give md5:<32 hexadecimal digits> or "
            "sha256:<64 hexadecimal digits>"
        )
    return algorithm, digits.lower()


def _digest(path: Path, algorithm: str) -> str:
    # hosts in FIPS mode refuse an MD5 that is not said to be for other ends than security
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(algorithm, usedforsecurity=False)
        ).hexdigest()


def _copy(source: Path, part: Path) -> None:
    if not source.is_file():
        raise InputError(f"{source} is missing on the mirror; put it there or name another mirror")
    with source.open("rb") as file:
        _write(_read(file), part, start=0, total=source.stat().st_size)


def _download(url: str, part: Path, path: Path) -> None:
    """Download to `part` in several attempts; `path` is where the user may put the file by hand."""
    problem = ""
    for pause in (0.0, *PAUSES):
        if problem:
            log.warning("%s; trying again in %g s", problem, pause)
            time.sleep(pause)
        try:
            _attempt(url, part)
            return
        except _UnfinishedError as error:
            problem = str(error)
    kept = part.stat().st_size if part.exists() else 0
    again = f"run again to go on from {kept} bytes, " if kept else ""
    raise InputError(
        f"{url} could not be fetched: {problem}; {again}name a mirror (a folder or an address that "
        f"has {file_name(url)}), or copy the file to {path} by hand"
    )


def _attempt(url: str, part: Path) -> None:
    host = urlsplit(url).netloc
    start = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"User-Agent": "thinkalike"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        with error:
            if error.code == 416:
                part.unlink(missing_ok=True)
                raise _UnfinishedError(f"{host} has no more than {start} bytes of it") from None
            answer = f"{host} answers {error.code} {error.reason}"
            if error.code == 429 or error.code >= 500:
                raise _UnfinishedError(answer) from None
            raise InputError(
                f"{url} could not be fetched: {answer}; correct the address or name a mirror"
            ) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise _UnfinishedError(f"{host} cannot be reached ({reason})") from None
    with response:
        if response.status != 206:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink()
            raise _UnfinishedError(f"{host} sent another part of the file than asked for")
        expected = response.length
        total = None if expected is None else start + expected
        _write(_body(response, host), part, start=start, total=total)
    size = part.stat().st_size
    if total is not None and size < total:
        raise _UnfinishedError(f"{host} cut the connection after {size} of {total} bytes")


def _body(response: IO[bytes], host: str) -> Iterator[bytes]:
    # around the reading alone: an error in writing is not the network's
    try:
        yield from _read(response)
    except (OSError, http.client.HTTPException) as error:
        raise _UnfinishedError(f"{host} cut the connection ({error})") from None


def _read(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk


def _write(chunks: Iterable[bytes], part: Path, *, start: int, total: int | None) -> None:
    """Append chunks to the first `start` bytes of a file, telling how far it has got."""
    what = part.stem
    on_terminal = sys.stderr.isatty()
    done = start
    with (
        room_for(part, total),
        part.open("ab" if start else "wb") as file,
        tqdm(
            desc=what,
            total=total,
            initial=start,
            unit="B",
            unit_scale=True,
            disable=not on_terminal,
        ) as bar,
    ):
        for chunk in chunks:
            file.write(chunk)
            before, done = done, done + len(chunk)
            bar.update(len(chunk))
            if total and not on_terminal and done * 10 // total > before * 10 // total:
                log.info("%s: %.1f of %.1f MB", what, done / 1e6, total / 1e6)
