"""What every job needs around its work: a log, seeds, a device, progress."""

import logging
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from thinkalike.errors import DamagedError, InputError
from thinkalike.progress import log

_LOGS: list[tuple[Path, os.stat_result]] = []
"""The log of the job that this process is, and which file that was when it started."""


@contextmanager
def job_log(snakemake: Any) -> Iterator[None]:
    """Log a job to its rule log and to the terminal, and end it in words a user can act on.

    An `InputError` becomes one line and exit status 1; any other exception keeps its traceback, in
    the log as well. The last line gives wall time and peak memory. Hubs are set offline: weights
    and data are files by the time a job starts. An input that is damaged is moved aside, so that
    Snakemake makes it anew.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_DATASETS_OFFLINE"] = "1"
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    file = logging.FileHandler(snakemake.log[0], mode="w")
    file.setFormatter(formatter)
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.setFormatter(logging.Formatter(f"{snakemake.rule}: %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    handlers = (file, terminal)
    own = Path(snakemake.log[0]), Path(snakemake.log[0]).stat()
    _LOGS.append(own)
    for handler in handlers:
        root.addHandler(handler)
    logging.captureWarnings(True)
    wildcards = ", ".join(f"{key}={value}" for key, value in snakemake.wildcards.items())
    log.info("%s(%s), %s threads", snakemake.rule, wildcards, snakemake.threads)
    start = time.monotonic()
    try:
        yield
    except DamagedError as error:
        log.error("%s", _set_aside(error) if str(error.path) in snakemake.input else error)
        sys.exit(1)
    except InputError as error:
        log.error("%s", error)
        sys.exit(1)
    except Exception:
        # Python prints the traceback on the terminal; only the log still needs it.
        root.removeHandler(terminal)
        log.exception("%s stopped on an error that is not the input's", snakemake.rule)
        raise
    else:
        log.info("%.1f s, peak memory %.0f MB", time.monotonic() - start, peak_memory_mb())
    finally:
        _LOGS.remove(own)
        logging.captureWarnings(False)
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def _set_aside(error: DamagedError) -> str:
    # Not deleted: a disk or its server may have been wrong, and the file whole.
    names = (error.path.with_name(f"{error.path.name}.damaged{n or ''}") for n in count())
    aside = next(name for name in names if not name.exists())
    try:
        error.path.rename(aside)
    except OSError:  # a folder that is not ours, or another job was first
        return str(error)
    return f"{error.problem}; it is now {aside.name}, and the next run that needs it makes it anew"


def wanted() -> None:
    """Make sure that what this process makes is still asked for.

    A job can outlive a run that is killed. The next run takes its log away, or starts the same job
    with a log of its own; what the older one makes must not replace what the newer has made. Outside
    a job everything is wanted.

    Raises:
        InputError: another run has taken over.
    """
    for path, own in _LOGS:
        if not (path.exists() and os.path.samestat(path.stat(), own)):
            raise InputError(
                f"another run has taken over while this job was at work (its log {path} is no longer "
                "there, or no longer its own), and what it has made is dropped; let one run at a time "
                "be at work, and run again if a file is missing"
            )


def peak_memory_mb() -> float:
    """The largest resident set of this process so far, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6
