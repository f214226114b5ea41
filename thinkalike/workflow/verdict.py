"""The verdict of a study for the first page of its report."""

import json
from pathlib import Path

from thinkalike.errors import InputError


def read_verdict(path: str | Path) -> dict[str, list[str]]:
    """Topic → sentences of the verdict, from its JSON file; nothing where there is none yet.

    Raises:
        InputError: the file is no verdict.
    """
    file = Path(path)
    if not file.exists():
        return {}
    topics: dict[str, list[str]] = {}
    try:
        for statement in json.loads(file.read_text(encoding="utf-8")):
            topics.setdefault(statement["topic"], []).append(statement["text"])
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{path} is damaged; delete it and run again") from None
    return topics
