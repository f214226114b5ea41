"""A fault in one job: Python imports this at its start from a folder in PYTHONPATH.

`FAULT=<what>:<end of a path>` names the file, or the folder, at whose writing it happens, when its
content is whole under a temporary name and not yet in its place: `fail`, `kill`, or `wait` until a file
`go` is in the folder FAULT_FOLDER, where the job leaves its number as `waiting`. `full` lets the job
write no file of more than 2,000 bytes, as on a disk with no more space.
"""

import os
import resource
import signal
import sys
import time
from functools import partialmethod
from pathlib import Path

what, _, target = os.environ.get("FAULT", "").partition(":")
# Snakemake itself runs without
in_job = any(".snakemake/scripts/" in argument for argument in sys.orig_argv)


def faulty(path, new, put=Path.replace):
    if str(new).endswith(target):
        if what == "fail":
            raise RuntimeError("a fault that was asked for")
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        folder = Path(os.environ["FAULT_FOLDER"])
        (folder / "waiting").write_text(str(os.getpid()))
        while not (folder / "go").exists():
            time.sleep(0.05)
    return put(path, new)


if in_job and what == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
elif in_job and what:
    Path.replace = faulty
    Path.rename = partialmethod(faulty, put=Path.rename)
