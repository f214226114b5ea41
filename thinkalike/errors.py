"""Exceptions for what a user can mend."""

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence: what is wrong, where, and what to do. A job that ends with it
    writes that sentence to its log and to the terminal, without a traceback.
    """


class ImageError(InputError):
    """The same, of one image among those given.

    Attributes:
        number: of the image, from 0.
        sentence: with {image} where the image is named.
    """

    def __init__(self, number: int, sentence: str) -> None:
        self.number, self.sentence = number, sentence
        super().__init__(self.called(f"image number {number}"))

    def called(self, name: str) -> str:
        """The sentence, with the image called so."""
        return self.sentence.replace("{image}", name)


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


def did_you_mean(word: Any, known: Any) -> str:
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
