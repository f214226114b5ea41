"""How far long work has come: a bar on a terminal, lines in a log."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

log = logging.getLogger("thinkalike")

T = TypeVar("T")


def progress(
    items: Iterable[T], *, what: str, total: int, size: Callable[[T], int] = lambda _: 1
) -> Iterator[T]:
    """Iterate with a bar on a terminal or in a notebook, or a log line for each tenth; and the rate.

    Args:
        items: what is iterated over.
        what: name of the units that are counted.
        total: the sum of the items' sizes.
        size: the size of an item in these units, by default 1.
    """
    start = time.monotonic()
    on_terminal = sys.stderr.isatty() or "ipykernel" in sys.modules
    tenth = done = 0
    with tqdm(desc=what, total=total, disable=not on_terminal) as bar:
        for item in items:
            yield item
            done += size(item)
            bar.update(size(item))
            if not on_terminal and done * 10 // total > tenth:
                tenth = done * 10 // total
                log.info("%s: %d of %d", what, done, total)
    seconds = time.monotonic() - start
    log.info("%s: %.1f a second (%d in %.1f s)", what, total / max(seconds, 1e-9), total, seconds)
