"""The exceptions for what a user can mend."""

from pathlib import Path


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one sentence: what is wrong, where, and what to do. A job that ends with it
    writes that sentence to its log and to the terminal, without a traceback.
    """


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
