"""Results that a forecast keeps for the next one, each under the content that it follows from."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thinkalike.stores.atomic import atomic


class Kept:
    """Values as JSON, a file each, `<folder>/<kind>/<hash>.json`.

    Attributes:
        folder: of the files; it need not be there.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def value(self, kind: str, content: Any, compute: Callable[[], Any]) -> Any:
        """The value kept for a content, or, where none is, the computed one, which is kept.

        Args:
            kind: name of what is computed.
            content: all that the value follows from, as JSON has it.
            compute: the value, as JSON has it.
        """
        path = self._path(kind, content)
        if (value := _read(path)) is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            value = json.loads(json.dumps(compute()))
            with atomic(path, checksum=False) as temporary:
                Path(temporary).write_text(json.dumps(value))
        return value

    def has(self, kind: str, content: Any) -> bool:
        """Whether a value is kept for a content."""
        return _read(self._path(kind, content)) is not None

    def _path(self, kind: str, content: Any) -> Path:
        text = json.dumps(content, sort_keys=True)
        return self.folder / kind / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"


def _read(path: Path) -> Any:
    """Value of a file; None where there is none, or what is there is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
