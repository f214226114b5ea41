"""Published tables put in their place: from a folder of copies, or from the network."""

import hashlib
from pathlib import Path

from replication.published import HOST, Table
from thinkalike.errors import InputError
from thinkalike.images.downloads import fetch
from thinkalike.stores.atomic import atomic


def place(table: Table, path: str | Path, *, folder: str | None, host: str = HOST) -> bool:
    """Put a published table at `path`, checked by its sha256.

    Args:
        table: the published table.
        path: file that is written; empty if the folder lacks the table.
        folder: copies made by hand, as `<folder>/<experiment>/<file>` or
            `<folder>/<experiment>_<file>`, used instead of the network; None to download.
        host: address that serves the log's repository.

    Returns:
        Whether the table is there.

    Raises:
        InputError: the folder does not exist, the network does not give the table, or the file has
            another checksum.
    """
    path = Path(path)
    if folder is None:
        try:
            fetch(f"{host}/{table.path}", path, checksum=f"sha256:{table.sha256}")
        except InputError as error:
            raise InputError(
                f"{error} (here: into a folder, named in replication.folder)"
            ) from None
        return True
    source = _copy_of(table, Path(folder))
    content = source.read_bytes() if source else b""
    if source and hashlib.sha256(content).hexdigest() != table.sha256:
        raise InputError(
            f"{source} is not the published table (its sha256 is not {table.sha256}); copy it again "
            "byte for byte, with its line ends as they are, or take it away"
        )
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    return source is not None


def _copy_of(table: Table, folder: Path) -> Path | None:
    if not folder.is_dir():
        raise InputError(
            f"replication.folder: {folder} is not a folder; name one with copies of the published "
            "tables, or null to fetch them"
        )
    for name in (table.key, f"{table.experiment}_{table.file}"):
        if (folder / name).is_file():
            return folder / name
    return None
