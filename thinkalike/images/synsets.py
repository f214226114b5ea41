"""Words for classes that are called by synsets of WordNet, as those of ImageNet are."""

import csv
from functools import cache
from pathlib import Path

TABLE = Path(__file__).resolve().parents[1] / "synset_words.csv"
"""Synset and the first of its words in WordNet, for all classes of ImageNet, as timm has them (made by
`python -m docs.tools.synset_words`).
"""


@cache
def synset_words() -> dict[str, str]:
    """Synset → word: `n01440764` → `tench`. A word may stand for several: there are two cranes."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row["synset"]: row["word"] for row in csv.DictReader(file)}


def class_word(name: str) -> str:
    """Word for a class: of a synset its first word, else the name of the class itself."""
    is_like_one = len(name) == 9 and name.startswith("n")
    return synset_words().get(name, name) if is_like_one else name
