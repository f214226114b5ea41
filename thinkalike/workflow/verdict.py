"""What captions of a report say from finished tables: the verdict, and maps that did not converge."""

import csv
import json
import re
from io import StringIO
from pathlib import Path

from thinkalike.stores.damage import content


def _plain(text: str) -> str:
    """Text in reStructuredText, with nothing in it that is markup."""
    return re.sub(r"([^\w\s]|_)", r"\\\1", text)


def read_verdict(path: str | Path) -> list[dict[str, str | int]]:
    """Sentences of the verdict, from its JSON file; none where there is no such file yet.

    The page is reStructuredText, and sentences hold the display names of models: every sign in them stands
    for itself.

    Returns:
        For each sentence its `place` in the verdict (from 0), `rule`, `topic` and `text`.

    Raises:
        InputError: the file is damaged, or no verdict.
    """
    file = Path(path)
    if not file.exists():
        return []
    with content(path, "verdict") as read:
        return [
            {"place": place, "rule": each["rule"]}
            | {key: _plain(each[key]) for key in ("topic", "text")}
            for place, each in enumerate(json.loads(read))
        ]


def read_unconverged(path: str | Path) -> dict[str, str]:
    """Method → how many of its maps did not converge, in words, from the table of completeness.

    Methods without such maps are not in it; nothing is where there is no table yet.

    Raises:
        InputError: the file is damaged, or no such table.
    """
    file = Path(path)
    if not file.exists():
        return {}
    counts: dict[str, tuple[int, int]] = {}
    with content(path, "table") as read:
        for row in csv.DictReader(StringIO(read.decode("utf-8"), newline="")):
            missing, images = counts.get(row["method"], (0, 0))
            both = missing + int(row["not_converged"]), images + int(row["images"])
            counts[row["method"]] = both
    return {
        method: f"{missing} of {images}" for method, (missing, images) in counts.items() if missing
    }
