"""Errors about files that a job cannot use: unreadable, damaged, or about other images."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thinkalike.errors import DamagedError, InputError
from thinkalike.stores.atomic import system_error
from thinkalike.stores.checksums import check, checked_bytes
from thinkalike.stores.plain import refuse_special

AGAIN = "delete it and run again, the workflow makes it anew"


def same_images(
    path: str | Path, images: Iterable[str], reference: str | Path, expected: Iterable[str]
) -> None:
    """Check that a file is about the images that another file is about, in the same order.

    Args:
        path: of the file.
        images: ids of its images, a list or a column of a table.
        reference: path of the other file.
        expected: ids of the images there.

    Raises:
        InputError: it is not.
    """
    _same("images", path, list(images), reference, list(expected))


def same_models(
    path: str | Path, models: Iterable[str], reference: str | Path, expected: Iterable[str]
) -> None:
    """Check that a file is about the models that another file is about, in any order.

    Raises:
        InputError: it is not.
    """
    _same("models", path, sorted(models), reference, sorted(expected))


def _same(
    what: str, path: str | Path, names: list[str], reference: str | Path, expected: list[str]
) -> None:
    if names != expected:
        raise InputError(f"{path} is about other {what} than {reference}; {AGAIN}")


@contextmanager
def opening(path: str | Path, kind: str) -> Iterator[None]:
    """Check a file before the block reads it; whatever fails there is said of the file.

    Args:
        path: of the file.
        kind: what it is, such as `table`.

    Raises:
        InputError: the file is missing, or the system does not give it.
        DamagedError: it is not what was written, or not of this kind.
    """
    is_whole = False
    try:
        refuse_special(path)
        is_whole = check(Path(path))
        yield
    except Exception as error:
        raise _sentence(path, kind, error, is_whole) from None


@contextmanager
def content(path: str | Path, kind: str) -> Iterator[bytes]:
    """Give the bytes of a file, checked, to the block that reads them; for the rest as `opening`."""
    is_whole = False
    try:
        refuse_special(path)
        read, is_whole = checked_bytes(Path(path))
        yield read
    except Exception as error:
        raise _sentence(path, kind, error, is_whole) from None


def read_text(path: str | Path, kind: str = "text") -> str:
    """Text of a file in UTF-8, checked.

    Raises:
        InputError: as of `opening`.
    """
    with content(path, kind) as read:
        return read.decode("utf-8")


def read_json(path: str | Path) -> Any:
    """Value in a JSON file, checked.

    Raises:
        InputError: as of `opening`.
    """
    with content(path, "JSON file") as read:
        return json.loads(read)


def _sentence(path: str | Path, kind: str, error: Exception, is_whole: bool) -> Exception:
    """The error to raise when a block could not read a file."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path} does not exist; run the workflow, which makes it")
    # a damaged file may ask for any amount of memory, one that is whole for what it takes
    if isinstance(error, InputError) or (isinstance(error, MemoryError) and is_whole):
        return error
    return unreadable(path, kind, error)


def unreadable(path: str | Path, kind: str, error: Exception) -> InputError:
    """The error to raise when a file of some kind could not be read.

    What the system says (no permission, a disk that does not answer) is not the file's fault, and may
    be otherwise tomorrow. The errors of the formats' libraries have no number: the file is damaged.
    """
    number = system_error(error)
    if number is not None:
        return InputError(f"{path} cannot be read ({os.strerror(number)}); fix that and run again")
    return DamagedError(path, f"{path} is not a readable {kind} ({brief(error)})")


def brief(error: BaseException) -> str:
    """The first line of what an error says, 120 letters at most; its type if it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0][:120] if text else type(error).__name__
