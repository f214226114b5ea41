"""What is said when the disk of a run is full: one sentence, where there were tracebacks.

Snakemake writes locks, marks, records, scripts and logs, and expects none of it to fail.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any

from thinkalike.stores.space import FULL, no_space


def full_disk(error: BaseException | None, default: object) -> str:
    """The sentence for an error that comes from a full disk; empty for any other error.

    Args:
        error: the system's error may be its cause, or in its group.
        default: the path to name where the system's error has none.
    """
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in FULL:
            return str(no_space(cause.filename or default))
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        for part in getattr(error, "exceptions", ()):
            yield from _causes(part)
        error = error.__cause__ or error.__context__


def _saying_once(handle: Callable[[Any, logging.LogRecord], None]) -> Callable[..., None]:
    """A logging handler's `handleError` that says once that a log ends; other errors go to `handle`."""

    @wraps(handle)
    def handled(self: Any, record: logging.LogRecord) -> None:
        if not full_disk(sys.exc_info()[1], ""):
            handle(self, record)
        elif not hasattr(self, "has_said"):
            self.has_said = True
            path = getattr(self, "baseFilename", "a log")
            print(f"there is no space left to write {path}; it ends here", file=sys.stderr)

    return handled


def say_when_full() -> None:
    """Have Snakemake say in one sentence that its disk is full, and do without its log.

    With a Snakemake that formats errors elsewhere, the system's own words stand below a traceback.
    """
    import snakemake.exceptions as exceptions

    name = "format_exception_to_string"
    format_error = getattr(exceptions, name, None)
    if format_error is None or hasattr(format_error, "__wrapped__"):
        return

    @wraps(format_error)
    def formatted(error: BaseException, *arguments: Any, **options: Any) -> str:
        return full_disk(error, ".snakemake") or format_error(error, *arguments, **options)

    setattr(exceptions, name, formatted)
    logging.Handler.handleError = _saying_once(logging.Handler.handleError)  # type: ignore[method-assign]


class JobLog(logging.FileHandler):
    """A log file that ends, and says so once, where the disk is full; the job goes on."""

    handleError = _saying_once(logging.FileHandler.handleError)  # noqa: N815

    def close(self) -> None:
        """Close the file, without what there was no space for."""
        with suppress(OSError):
            super().close()
