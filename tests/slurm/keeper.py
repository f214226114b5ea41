"""Ends a SLURM of the tests when the tests are gone: `python keeper.py ROOT` waits for its input's end.

Its input is a pipe that the tests' process alone writes to, and that closes with it, however it ends: by
SIGTERM, SIGKILL or a crash, where no `finally` runs. Processes of the cluster are those that have its
folder, a fresh one, in their arguments or environment: daemons, their steps, and jobs.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 5.0
"""Seconds that processes have to end by themselves."""


@contextmanager
def kept(root: Path) -> Iterator[None]:
    """Have the processes that belong to a folder ended, and the folder removed, should this process die."""
    keeper = subprocess.Popen(
        [sys.executable, __file__, str(root)],
        stdin=subprocess.PIPE,
        # what is sent to the group of the tests is not for it
        start_new_session=True,
        env={"PATH": os.environ["PATH"]},
    )
    try:
        yield
    finally:
        keeper.stdin.close()
        keeper.wait()


def processes_of(root: str) -> list[int]:
    """Ids of processes that have a folder in their arguments or environment, but for this one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        number = int(folder.name)
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes() + b"\0" + (folder / "environ").read_bytes()
            if number != os.getpid() and root.encode() in words:
                found.append(number)
    return found


def end(root: str) -> None:
    """End these processes: kindly, then not, until none is left."""
    start = time.monotonic()
    while numbers := processes_of(root):
        late = time.monotonic() - start
        if late > 4 * PATIENCE:
            print(f"{root}: still there: {numbers}", file=sys.stderr)
            return
        for number in numbers:
            with suppress(OSError):
                os.kill(number, signal.SIGKILL if late > PATIENCE else signal.SIGTERM)
        time.sleep(0.1)


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end(sys.argv[1])
    shutil.rmtree(sys.argv[1], ignore_errors=True)
