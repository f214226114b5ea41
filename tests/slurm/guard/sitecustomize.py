"""No way out: Python that is started with this folder on its path reaches this machine alone.

Each process leaves a file in $GUARD, named after its job, and one more where it wanted to go elsewhere.
"""

import os
import sys
from pathlib import Path

_NOTES = Path(os.environ["GUARD"])
_JOB = os.environ.get("SLURM_JOB_ID", "none")


def _refuse(event: str, arguments: tuple) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"  # a socket file
    elif event == "socket.getaddrinfo":
        host = arguments[0] or "localhost"
    else:
        return
    if not str(host).startswith(("127.", "localhost", "::1")):
        (_NOTES / f"{_JOB}.refused").write_text(f"{sys.argv} wanted {host}\n")
        raise OSError(f"{host} must not be reached from a job")


(_NOTES / f"{_JOB}.guarded").touch()
sys.addaudithook(_refuse)
