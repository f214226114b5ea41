"""Exceptions for what a user can fix, and hints."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, ends of lines, and marks of the direction of writing."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence: what is wrong, where, and what to do. A job that ends with it
    writes that sentence to its log and to the terminal, without a traceback.
    """


class ImageError(InputError):
    """One image of those given cannot be used.

    Attributes:
        number: of the image, from 0.
        sentence: with {image} where the image is named.
    """

    def __init__(self, number: int, sentence: str) -> None:
        self.number, self.sentence = number, sentence
        super().__init__(self.called(f"image number {number}"))

    def called(self, name: str) -> str:
        """The sentence with the name of the image in it."""
        return self.sentence.replace("{image}", name)


@contextmanager
def counting_from(start: int) -> Iterator[None]:
    """Count the image that an `ImageError` is about from the first of all, `start` before those given.

    Raises:
        ImageError: with its number among all.
    """
    try:
        yield
    except ImageError as error:
        raise ImageError(start + error.number, error.sentence) from None


@contextmanager
def naming(images: Sequence[str]) -> Iterator[None]:
    """Name the image that an `ImageError` is about, instead of counting it among those given.

    Raises:
        InputError: with its name.
    """
    try:
        yield
    except ImageError as error:
        raise InputError(error.called(images[error.number])) from None


class DamagedError(InputError):
    """A file that the workflow has made is no longer what it was.

    A job moves it aside, so that the next run makes it anew.

    Attributes:
        path: of the file.
        problem: the sentence without what to do.
    """

    def __init__(self, path: str | Path, problem: str) -> None:
        super().__init__(f"{problem}; delete it and run again, the workflow makes it anew")
        self.path = Path(path)
        self.problem = problem


def printable(name: str | Path) -> str:
    """Name of a file, or what a server says, as text that can be printed on a terminal.

    Bytes that are no UTF-8 are escaped (`\\xe9`), and so are control characters (`\\x1b`), ends of lines
    and what turns the direction of writing, which could make a terminal show something else.
    """
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """`; did you mean 'gradcam'?`, for a word near to one that is known, else nothing.

    Case, blanks and signs do not count, and initials stand for a name (`ig` for integrated_gradients).
    Other words are compared by the longest runs of letters they share (`difflib`), and those with the
    same beginning are nearer (as in Winkler's distance, a tenth of the rest for each of four letters).
    """
    scored = {str(name): _nearness(str(word), str(name)) for name in known}
    best = max(scored, key=scored.__getitem__, default="")
    return f"; did you mean {best!r}?" if scored.get(best, 0) >= 0.5 else ""


def joined(*parts: str) -> str:
    """Parts of a sentence with `; ` between them, and a blank alone behind a question."""
    text = ""
    for part in parts:
        text += part if not text else f" {part}" if text.endswith("?") else f"; {part}"
    return text


def _nearness(word: str, name: str) -> float:
    """Between 0 and 1: 1 for a word that is the name in another spelling."""
    first, second = (re.sub(r"\W|_", "", text).lower() for text in (word[:100], name))
    if first in (second, "".join(part[0] for part in name.split("_") if part)):
        return 1
    shared = difflib.SequenceMatcher(None, first, second).ratio()
    pairs = zip(first[:4], second[:4], strict=False)
    prefix = len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
    return shared + prefix / 10 * (1 - shared)
