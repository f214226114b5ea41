"""Contents of a folder, for planning: read without opening its files."""

import hashlib
import json
from pathlib import Path


def folder_listing(path: str | Path) -> str:
    """Hash of the names and sizes of a folder's files; files that are added or replaced change it."""
    root = Path(path)
    files = sorted(f for f in root.rglob("*") if f.is_file())
    listing = [(f.relative_to(root).as_posix(), f.stat().st_size) for f in files]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]
