"""Errors about files that a job cannot use: unreadable, damaged, or about other images."""

import os
from collections.abc import Iterable
from pathlib import Path

from thinkalike.errors import DamagedError, InputError
from thinkalike.stores.atomic import system_error

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
