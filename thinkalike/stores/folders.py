"""Folders that are replaced as a whole, and put back where the job that did it is undone.

A run that makes a file anew gives the older one a second name in the same folder. Where a folder is
replaced that has such a name in it, the older folder stays, as `.<name>.old`, until the run has ended:
then `restore_folder` puts it back, or `clear_beside` deletes it.
"""

import os
import re
import shutil
from pathlib import Path

from thinkalike.stores.atomic import check_guards
from thinkalike.stores.checksums import SECOND
from thinkalike.stores.durable import flush, flush_tree

OLD = ".old"
"""End of the names of folders that have been replaced."""


def unfinished(folder: Path) -> Path:
    """Folder beside another in which this process makes what is to take its place."""
    return folder.with_name(f".{folder.name}.{os.getpid()}.new")


def older(folder: Path) -> Path:
    """Folder that has been replaced, until it is decided which of the two stays."""
    return folder.with_name(f".{folder.name}{OLD}")


def home(kept: Path) -> Path:
    """Where a file with a second name is, once the folder that it is in has its own name again."""
    folder = kept.parent.name
    is_older = folder.startswith(".") and folder.endswith(OLD)
    return kept.parent.with_name(folder[1 : -len(OLD)]) / kept.name if is_older else kept


def replace_folder(folder: Path, new: Path) -> None:
    """Put a freshly made folder in the place of an older one.

    Killed in between, or after a power cut, the folder is the older one, the new one, or not there;
    where a run has kept a file of the older one, that is in its place or in `older`.

    Raises:
        InputError: a guard refuses (`atomic.guarded`); the older folder is in its place.
        OSError: the disk does not take the new folder; the older folder is in its place.
    """
    flush_tree(new)
    check_guards()
    # A run may make it a second time: then the older one has gone to its place before.
    is_kept = any(folder.glob(f".*{SECOND}"))
    aside = older(folder) if is_kept else _dropped(folder)
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        folder.rename(aside)
    new.rename(folder)
    flush(folder.parent)
    if not is_kept:
        shutil.rmtree(aside, ignore_errors=True)


def restore_folder(kept: Path) -> None:
    """Put the folder back in which a file was kept, if it has been replaced.

    Args:
        kept: second name of the file, where the folder was before.
    """
    folder = kept.parent
    if _is_replaced(folder, kept):
        if folder.exists():
            folder.rename(_dropped(folder))
        older(folder).rename(folder)
        flush(folder.parent)


def clear_beside(folder: Path, kept: Path | None) -> None:
    """Delete what a job has left beside a folder: the older one, and what was not finished.

    Args:
        folder: that may have been replaced.
        kept: second name of a file in the older one; None if no file was kept.
    """
    if kept and _is_replaced(folder, kept):
        # deleted by half, it must not look like one that can be put back
        older(folder).rename(_dropped(folder))
    left = re.compile(rf"\.{re.escape(folder.name)}\.\d+\.(new|dropped)")
    for beside in folder.parent.glob(f".{folder.name}.*"):
        if left.fullmatch(beside.name):
            shutil.rmtree(beside)


def _is_replaced(folder: Path, kept: Path) -> bool:
    # the working directory itself has no name, and is not replaced
    return bool(folder.name) and (older(folder) / kept.name).exists()


def _dropped(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.{os.getpid()}.dropped")
