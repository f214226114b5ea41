"""All files of a study checked in one go."""

import re
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from thinkalike.errors import InputError, printable
from thinkalike.stores.checksums import ChecksumError, check, digest
from thinkalike.stores.damage import brief

AT_ONCE = 8
"""Files that are read at the same time: hashing waits for the disk."""

NOT_OURS = ("logs", "benchmarks", "report", "report.zip", "report.html")
"""What Snakemake writes into the folder of a study, and no job reads."""

_ASIDE = re.compile(r"\.damaged\d*$")


@dataclass(frozen=True)
class Verification:
    """What checking files has found.

    Attributes:
        files: number of files that have a checksum.
        bytes: in these.
        seconds: that it took.
        unknown: files without a checksum.
        damaged: one line for each file that is damaged, missing, or cannot be read.
    """

    files: int
    bytes: int
    seconds: float
    unknown: list[Path]
    damaged: list[str]

    def __str__(self) -> str:
        rest = f"; {len(self.unknown)} have no checksum" if self.unknown else ""
        return (
            f"{self.files} files, {self.bytes / 1e6:.1f} MB, checked in {self.seconds:.1f} s: "
            f"{len(self.damaged) or 'none'} damaged{rest}"
        )


def files_of(folder: str | Path) -> Iterator[Path]:
    """Files of a study's results: not hidden, not set aside, and not of `NOT_OURS`."""
    for path in sorted(Path(folder).rglob("*")):
        inside = path.relative_to(folder).parts
        is_ours = inside[0] not in NOT_OURS and not any(part.startswith(".") for part in inside)
        if is_ours and not _ASIDE.search(path.name) and path.is_file():
            yield path


def verify(paths: Iterable[Path], listed: Mapping[Path, str]) -> Verification:
    """Check files against the checksums in or beside them, and others against those of a list.

    Args:
        paths: files with checksums of their own.
        listed: file → its checksum (`checksums.digest`).
    """
    start = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        own = [*threads.map(_own, paths)]
        others = [*threads.map(_listed, listed, listed.values())]
    known = [each for each in own + others if each.size is not None]
    return Verification(
        len(known),
        sum(each.size or 0 for each in known),
        time.monotonic() - start,
        [each.path for each in own if each.size is None and not each.problem],
        [each.problem for each in own + others if each.problem],
    )


def refuse_damaged(found: Verification) -> None:
    """Refuse a study with damaged files.

    Raises:
        InputError: there are some; how many, and what to do.
    """
    if found.damaged:
        raise InputError(
            f"{found}; delete what is named above and run again: results are made anew, and the data set "
            "is laid out again with -R download_dataset"
        )


@dataclass(frozen=True)
class _Checked:
    """A file, its bytes where it has a checksum, and what is wrong with it."""

    path: Path
    size: int | None = None
    problem: str = ""


def _own(path: Path) -> _Checked:
    try:
        return _Checked(path, path.stat().st_size if check(path) else None)
    except (ChecksumError, OSError) as error:
        return _problem(path, error)


def _listed(path: Path, expected: str) -> _Checked:
    try:
        content = path.read_bytes()
        if digest(content) != expected:
            raise ChecksumError("in the manifest")
        return _Checked(path, len(content))
    except (ChecksumError, OSError) as error:
        return _problem(path, error)


def _problem(path: Path, error: Exception) -> _Checked:
    reason = (error.strerror or brief(error)) if isinstance(error, OSError) else brief(error)
    return _Checked(path, problem=f"{printable(path)}: {reason}")
