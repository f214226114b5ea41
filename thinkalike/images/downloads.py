"""Downloads: fetched whole, and verified against a checksum."""

import hashlib
import re
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote, urlsplit

from tqdm import tqdm

from thinkalike.errors import InputError, printable
from thinkalike.images.web import CHUNK, OtherPartError, UnfinishedError, opened
from thinkalike.progress import log
from thinkalike.stores.space import room_for

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before the second attempt, the third, …; the last attempt follows the last pause."""

LONGEST = 240
"""Bytes of the name of a file, at most: file systems take 255, and `.part` and the like come on top."""

DIGITS = {"md5": 32, "sha256": 64}


class OtherContentError(InputError):
    """A whole file with another checksum than it should have.

    Attributes:
        checksum: that it has, `md5:<hex>` or `sha256:<hex>`.
    """

    def __init__(self, message: str, checksum: str) -> None:
        super().__init__(message)
        self.checksum = checksum


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
        InputError: the address is not one of http or https, or ends in no name that a file can have.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    name = PurePosixPath(unquote(parts.path)).name
    is_printable = printable(url + name) == url + name
    usable = name not in ("", "..") and is_printable and len(name.encode()) <= LONGEST
    if parts.scheme not in ("http", "https") or not parts.netloc or not usable:
        raise InputError(f"{url!r} is not the address of a file; give http(s)://<host>/<file>")
    return name


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
        except UnfinishedError as error:
            problem = str(error)
    kept = part.stat().st_size if part.exists() else 0
    again = f"run again to go on from {kept} bytes, " if kept else ""
    raise InputError(
        f"{url} could not be fetched: {problem}; {again}name a mirror (a folder or an address that "
        f"has {file_name(url)}), or copy the file to {path} by hand"
    )


def _attempt(url: str, part: Path) -> None:
    start = part.stat().st_size if part.exists() else 0
    try:
        with opened(url, start) as body:
            total = body.total
            _write(body.chunks, part, start=body.start, total=total)
    except OtherPartError:
        part.unlink(missing_ok=True)
        raise
    size = part.stat().st_size
    if total is not None and size < total:
        host = urlsplit(url).netloc
        raise UnfinishedError(f"{host} cut the connection after {size} of {total} bytes")


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
