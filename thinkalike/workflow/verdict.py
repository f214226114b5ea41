"""The verdict of a study for the first page of its report."""

import json
import re
from pathlib import Path

from thinkalike.errors import InputError


def _plain(text: str) -> str:
    """Text in reStructuredText, with nothing in it that is markup."""
    return re.sub(r"([^\w\s]|_)", r"\\\1", text)


def read_verdict(path: str | Path) -> dict[str, list[str]]:
    """Topic → sentences of the verdict, from its JSON file; nothing where there is none yet.

    The page is reStructuredText, and sentences hold the display names of models: every sign in them stands
    for itself.

    Raises:
        InputError: the file is no verdict.
    """
    file = Path(path)
    if not file.exists():
        return {}
    topics: dict[str, list[str]] = {}
    try:
        for statement in json.loads(file.read_text(encoding="utf-8")):
            topics.setdefault(_plain(statement["topic"]), []).append(_plain(statement["text"]))
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{path} is damaged; delete it and run again") from None
    return topics
