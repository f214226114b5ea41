"""Checksums of files: in the file where its format has room for one, else in a hidden file beside it.

The checksum is the 64 bits of XXH3 over all bytes of a file, as 16 hexadecimal digits. NetCDF, parquet
and safetensors files carry it inside, behind `MARK`: they are written with 16 zeros there, hashed, and the
zeros are replaced. Beside every other file lies a hidden one (`beside`), in the form of the program xxhsum:
the checksum of the file, then those of an older one that may come back to its place (a power cut, a job
that fails). Of a file without either nothing is known, and nothing is checked.
"""

import os
import re
from pathlib import Path
from typing import BinaryIO

import xxhash

from thinkalike.stores.durable import flush

ATTRIBUTE = "checksum"
"""Name of the entry of a file that carries its checksum inside."""

MARK = "thinkalike-xxh3:"
"""What stands before the digits inside a file."""

BLANK = "0" * 16

PLACEHOLDER = MARK + BLANK
"""Value of the entry while the file is written."""

FRONT = 2**16
"""Bytes at the beginning of a NetCDF file among which the entry is: `stores.arrays` writes it first."""

PIECE = 2**20
"""Bytes that are read and hashed at a time. Memory maps are a third faster, and end a process whose disk
fails, where reading raises an error that has a sentence."""

SECOND = ".before"
"""End of the second name, `.<name>.<run>.before`, of a file that a run makes anew and may put back."""

# damaged digits are digits that do not fit, and not none
_INSIDE = re.compile(re.escape(MARK.encode()) + rb"(.{16})", re.DOTALL)
_LINE = re.compile(rb"^XXH3_([0-9a-f]{16})  ", re.MULTILINE)

_WHOLE: set[tuple[str | int, ...]] = set()
"""Files that this process has checked already: some readers open a file several times."""


class ChecksumError(Exception):
    """The bytes of a file are not those that were written."""

    def __init__(self, where: str) -> None:
        super().__init__(f"its bytes are not those that were written, by the checksum {where}")


def beside(path: Path) -> Path:
    """Hidden file with the checksums of a file whose format has no room for its own."""
    return path.with_name(f".{path.name}.xxh3")


def digest(content: bytes) -> str:
    """Checksum of bytes, 16 hexadecimal digits."""
    return xxhash.xxh3_64_hexdigest(content)


def seal(file: Path) -> str:
    """Put the checksum of a new file into it, where its format has room for one.

    A copy of a sealed file is sealed already.

    Returns:
        The checksum, to be written beside the file where it has no room; else nothing.
    """
    with file.open("r+b", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        place, known = _inside(stream, file.suffix, size)
        if known == [BLANK]:
            found = _digest_of(stream, size, place)
            stream.seek(place)
            stream.write(found.encode())
        return "" if known else _digest_of(stream, size, size)


def write_beside(path: Path, found: str) -> None:
    """Write the checksum of a file that is about to take its place, and of what may come back there.

    It is there before the file is, so that it fits whichever has the name after a power cut, or after a
    run that failed. An older file that is damaged does not become a good one: its checksum is not
    written.
    """
    hidden = beside(path)
    kept = [
        file for file in path.parent.glob(f".*{SECOND}") if file.name.startswith(f".{path.name}.")
    ]
    older = [path, *kept]
    digests = [digest(file.read_bytes()) for file in older if file.exists()]
    known = _listed(hidden)
    digests = [each for each in digests if known is None or each in known]
    temporary = path.with_name(f"{hidden.name}.{os.getpid()}")
    name = os.fsencode(path.name)
    lines = (b"XXH3_%s  %s\n" % (each.encode(), name) for each in dict.fromkeys([found, *digests]))
    try:
        temporary.write_bytes(b"".join(lines))
        flush(temporary)
        temporary.replace(hidden)
    finally:
        temporary.unlink(missing_ok=True)


def check(path: Path) -> bool:
    """Check the bytes of a file against its checksum; once in a process, as long as it is the same file.

    Returns:
        Whether it has a checksum.

    Raises:
        ChecksumError: it has another.
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=0) as stream:
        status = os.fstat(stream.fileno())
        size = status.st_size
        state = (str(path), status.st_dev, status.st_ino, size, status.st_mtime_ns)
        if state in _WHOLE:
            return True
        place, known = _recorded(stream, path, size)
        if known and _digest_of(stream, size, place) not in known:
            raise ChecksumError(_where(path, size, place))
    if known:
        _WHOLE.add(state)
    return bool(known)


def checked_bytes(path: Path) -> tuple[bytes, bool]:
    """Bytes of a file, checked, and whether it has a checksum: what is used is what was checked.

    Raises:
        ChecksumError: it has another.
        OSError: the file cannot be read.
    """
    with path.open("rb", buffering=0) as stream:
        content = stream.read()
        place, known = _recorded(stream, path, len(content))
    if known:
        hashed = xxhash.xxh3_64(memoryview(content)[:place])
        if place < len(content):
            hashed.update(BLANK.encode())
            hashed.update(memoryview(content)[place + len(BLANK) :])
        if hashed.hexdigest() not in known:
            raise ChecksumError(_where(path, len(content), place))
    return content, bool(known)


def _recorded(stream: BinaryIO, path: Path, size: int) -> tuple[int, list[str]]:
    """Place of the digits in a file, its end where it has none, and the checksums that it may have."""
    place, known = _inside(stream, path.suffix, size)
    if known:
        return place, known
    listed = _listed(beside(path))
    # a list that is damaged itself fits no file
    return size, [] if listed is None else listed or [""]


def _where(path: Path, size: int, place: int) -> str:
    return "in it" if place < size else f"in {beside(path).name}"


def _inside(stream: BinaryIO, suffix: str, size: int) -> tuple[int, list[str]]:
    """Place of the digits in a file, its end where it has none, and the digits."""
    start, count = 0, 0
    if suffix == ".nc":
        count = FRONT
    elif suffix == ".safetensors":
        count = 8 + int.from_bytes(_part(stream, 0, 8), "little")
    elif suffix == ".parquet":
        count = 8 + int.from_bytes(_part(stream, max(size - 8, 0), 4), "little")
        start = max(size - count, 0)
    found = _INSIDE.search(_part(stream, start, min(count, size))) if count else None
    return (start + found.start(1), [found[1].decode("latin-1")]) if found else (size, [])


def _part(stream: BinaryIO, start: int, count: int) -> bytes:
    stream.seek(start)
    return stream.read(count)


def _listed(hidden: Path) -> list[str] | None:
    """Checksums in a hidden file; None if there is none."""
    try:
        with hidden.open("rb", buffering=0) as stream:
            return [digits.decode() for digits in _LINE.findall(stream.read())]
    except FileNotFoundError:
        return None


def _digest_of(stream: BinaryIO, size: int, place: int) -> str:
    """Checksum of a file, with zeros for the digits that it has at a place."""
    hashed, piece = xxhash.xxh3_64(), memoryview(bytearray(min(PIECE, size)))
    stream.seek(0)
    for start in range(0, size, PIECE):
        count = stream.readinto(piece)  # type: ignore[attr-defined]
        first, end = max(place - start, 0), min(place + len(BLANK) - start, count)
        if first < end:
            piece[first:end] = BLANK.encode()[: end - first]
        hashed.update(piece[:count])
    return hashed.hexdigest()
