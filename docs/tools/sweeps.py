"""Rows about many architectures: made in several processes, kept line by line, gone on with later."""

import ctypes
import fnmatch
import gc
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zlib import crc32

LIMIT, MEMORY = 600, 7
"""Seconds, and GB, that an architecture may take."""

BATCH = 100
"""Architectures after which the processes are replaced by new ones."""

SLOW = ("giant", "gigantic", "enormous", "huge", "large", "xl", "so400m", "1b", "3b", "7b", "8b")
"""Words in the names of architectures that take long, which come last."""

Row = dict[str, Any]

KILLED = {"error": "the process was killed; is there too little memory?"}


def sweep(
    names: Sequence[str],
    work: Callable[[str], Row],
    journal: Path,
    processes: int,
    only: str = "*",
    anew: bool = False,
) -> dict[str, Row]:
    """Row of each name, from the journal where it has one, else from `work`.

    An architecture that fails has a row with `error`; it is tried again by a later call.

    Args:
        names: of architectures.
        work: makes the row of one; a function at the top of a module.
        journal: file of JSON lines, to which every row is added when it is ready.
        processes: at a time.
        only: pattern of the names to work on.
        anew: work on those in the journal, too.
    """
    rows = read(journal)
    wanted = fnmatch.filter(names, only)
    todo = [name for name in wanted if anew or "error" in rows.get(name, {"error": ""})]
    # mixed, so that the first rows tell of all kinds; what is called large, or has failed, last
    todo.sort(
        key=lambda name: (
            name in rows,
            any(word in name for word in SLOW),
            crc32(name.encode()),
        )
    )
    journal.parent.mkdir(parents=True, exist_ok=True)
    with journal.open("a") as lines:
        for number, (name, row) in enumerate(_made(todo, work, processes), 1):
            rows[name] = row
            lines.write(json.dumps({"name": name, **row}) + "\n")
            lines.flush()
            print(
                f"{number}/{len(todo)} {name} {row.get('error', '')}", file=sys.stderr, flush=True
            )
    return {name: rows[name] for name in names if name in rows}


def read(journal: Path) -> dict[str, Row]:
    """Rows of a journal; of several of one name the last."""
    if not journal.exists():
        return {}
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    return {row.pop("name"): row for row in rows}


def _made(
    names: Sequence[str], work: Callable[[str], Row], processes: int
) -> Iterator[tuple[str, Row]]:
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        lost = []
        for name, row in _together(batch, work, processes):
            if row == KILLED:  # with one process all of its pool are lost
                lost.append(name)
            else:
                yield name, row
        for name in lost:
            yield from _together([name], work, 1)


def _together(
    names: Sequence[str], work: Callable[[str], Row], processes: int
) -> Iterator[tuple[str, Row]]:
    """Rows of names from new processes, so that the memory of those before is given back."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        running = {pool.submit(_limited, work, name): name for name in names}
        for future in as_completed(running):
            try:
                yield running[future], future.result()
            except BrokenProcessPool:
                yield running[future], KILLED


def _limited(work: Callable[[str], Row], name: str) -> Row:
    """A row, or the error that stopped it, which is also too much time or memory."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGUSR1, _too_large)
    signal.alarm(LIMIT)
    done = threading.Event()
    threading.Thread(target=_watch_memory, args=(done,), daemon=True).start()
    try:
        return work(name)
    except Exception as error:  # whatever a network of timm raises
        return {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}
    finally:
        done.set()
        signal.alarm(0)
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # what is free goes back, and is not the next one's


def _watch_memory(done: threading.Event) -> None:
    while not done.wait(0.2):
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
        if resident > MEMORY * 2**30:
            os.kill(os.getpid(), signal.SIGUSR1)
            return


def _too_long(*_: object) -> None:
    raise TimeoutError(f"it took more than {LIMIT} seconds")


def _too_large(*_: object) -> None:
    raise MemoryError(f"it took more than {MEMORY} GB")
