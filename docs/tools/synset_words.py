"""Make thinkalike/synset_words.csv, a word for a class of ImageNet: `python -m docs.tools.synset_words`."""

import csv
from importlib.resources import files

from thinkalike.images.synsets import TABLE

SOURCE = "data/_info/imagenet_synset_to_lemma.txt"


def words() -> dict[str, str]:
    """Synset → first of its words, as timm has them."""
    lines = files("timm").joinpath(SOURCE).read_text("utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {synset: lemmas.split(",")[0].strip() for synset, lemmas in pairs}


def main() -> None:
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["synset", "word"])
        table.writerows(sorted(words().items()))


if __name__ == "__main__":
    main()
