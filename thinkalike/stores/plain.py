"""Plain files, and what only looks like one: reading a pipe may never end."""

import stat
from pathlib import Path

from thinkalike.errors import InputError, printable

SPECIAL = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""Type of what has a path, and is no file → how it is called."""


def refuse_special(path: str | Path) -> None:
    """Refuse a pipe, a socket or a device in the place of a file; other things are left to the reader.

    Raises:
        InputError: it is one.
    """
    try:
        kind = SPECIAL.get(stat.S_IFMT(Path(path).stat().st_mode))
    except (OSError, ValueError):  # there is none, or no path is called so
        return
    if kind:
        raise InputError(f"{printable(path)} is {kind}, and no file; give a file in its place")
