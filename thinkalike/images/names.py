"""Names of files and folders: which are nobody's images, and which are taken for one another."""

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from thinkalike.errors import InputError, printable

ADDED = (
    "thumbs.db",
    "desktop.ini",
    "@eadir",
    "__macosx",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "lost+found",
)
"""Files and folders that Windows, macOS and network storages add, in lower case."""


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden, or one that a system added for itself."""
    return name.startswith(".") or name.casefold() in ADDED


def composed(name: str) -> str:
    """Name in Unicode's form NFC; macOS writes an é as two characters, other systems as one."""
    return unicodedata.normalize("NFC", name)


def is_text(name: str) -> bool:
    """Whether a name is valid UTF-8; the bytes of others cannot be written into a table."""
    try:
        return os.fsencode(name).decode("utf-8") == name
    except UnicodeError:
        return False


def refuse_alike(where: str | Path, names: Iterable[str], *, ignoring_case: bool) -> None:
    """Refuse names that are written differently and are the same to a reader.

    Args:
        where: they stand, for the message.
        names: of files or folders; one that is given twice is no fault.
        ignoring_case: whether names that differ by capitals alone are the same, too.

    Raises:
        InputError: two names that differ by their Unicode form (`composed`), or by capitals.
    """
    first: dict[str, str] = {}
    for name in names:
        key = composed(name).casefold() if ignoring_case else composed(name)
        other = first.setdefault(key, name)
        if other == name:
            continue
        same = composed(other) == composed(name)
        how, shown = ("Unicode form", ascii) if same else ("capitals", printable)
        raise InputError(
            f"{printable(where)}: {shown(other)} and {shown(name)} differ by their {how} alone; "
            "rename one, or put both together"
        )


def ignores_case(folder: Path) -> bool:
    """Whether the file system of an existing folder takes `a` and `A` for one name."""
    other = folder.with_name(folder.name.swapcase())
    return other.name != folder.name and other.exists() and other.samefile(folder)
