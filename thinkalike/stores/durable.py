"""What has been written is on the disk: it survives a power cut, and a system that crashes."""

import errno
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NO_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES)
"""System errors where a folder cannot be opened, or its file system does not flush folders."""

AT_ONCE = 8
"""Files that are flushed at the same time: journals of file systems write several in one go."""


def flush(path: str | Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk.

    A folder is left as it is where the system cannot flush folders.

    Raises:
        OSError: the disk does not take it, or there is no such file; the error has the path.
    """
    is_folder = Path(path).is_dir()
    try:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    except OSError as error:
        if not (is_folder and error.errno in NO_FLUSH):
            error.filename = os.fspath(path)
            raise


def flush_all(paths: Iterable[str | Path]) -> None:
    """Wait until files, and the names of files in their folders, are on the disk.

    Of a file that is missing its folder is flushed, if there is one: the file was removed or renamed.

    Raises:
        OSError: the disk does not take a file; the error has its path.
    """
    files = [Path(path) for path in paths]
    folders = {file.parent for file in files}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for group in (files, folders):
            list(threads.map(flush, (path for path in group if path.exists())))


def flush_tree(folder: str | Path) -> None:
    """Wait until a folder is on the disk with all that is in it; what links lead to is not its own.

    Raises:
        OSError: the disk does not take a file; the error has its path.
    """
    below = [
        Path(root, name) for root, folders, files in os.walk(folder) for name in (*folders, *files)
    ]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(flush, (path for path in below if not path.is_symlink())))
    flush(folder)
