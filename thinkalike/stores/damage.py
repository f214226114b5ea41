"""Sentences about files that cannot be read."""

import os
from pathlib import Path

from thinkalike.errors import DamagedError, InputError
from thinkalike.stores.atomic import _number

AGAIN = "delete it and run again, the workflow makes it anew"


def _unreadable(path: str | Path, kind: str, error: Exception) -> InputError:
    # What the system says (no permission, a disk that does not answer) is not the file's fault, and
    # may be otherwise tomorrow. The errors of the formats' libraries have no number.
    number = _number(error)
    if number is not None:
        return InputError(f"{path} cannot be read ({os.strerror(number)}); mend that and run again")
    return DamagedError(path, f"{path} is not a readable {kind} ({_brief(error)})")


def _brief(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
