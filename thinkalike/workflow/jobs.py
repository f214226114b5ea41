"""How a job of the workflow runs: arguments by name, a log, an end in words, a check before it writes."""

import inspect
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from thinkalike.errors import DamagedError, InputError
from thinkalike.progress import log
from thinkalike.stores.atomic import guarded
from thinkalike.stores.checksums import beside
from thinkalike.workflow.full_disk import JobLog, full_disk
from thinkalike.workflow.leases import run_has_ended

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

OPTIONAL_PARAMS = ("code", "depends_on")
"""Parameters of rules that only decide whether a job runs again; a script takes them to store them."""


def run(main: Callable[..., None], snakemake: Any) -> None:
    """Run the `main` of a script as the job that Snakemake has started.

    Args:
        main: called with the inputs, outputs and params of the rule that its signature names, and with
            wildcards, `threads` and `device` where it names them.
        snakemake: the object that Snakemake gives to scripts.

    Raises:
        TypeError: rule and script do not have the same names.
    """
    with job_log(snakemake):
        main(**arguments(main, snakemake))


def arguments(main: Callable[..., None], snakemake: Any) -> dict[str, Any]:
    """Arguments of `main` from a job, by name.

    Every named input, output and param must be a parameter of `main`; of `OPTIONAL_PARAMS`, wildcards,
    named logs, `threads` and `device` it gets those that it names. An input that is an empty list is
    not given, so that the default of the parameter counts. A list of files is a plain list.

    Raises:
        TypeError: a name that one side has is not known to the other, or stands for two things.
    """
    parameters = inspect.signature(main).parameters
    given = _named(snakemake.input, snakemake.output, snakemake.params)
    optional = _named(snakemake.wildcards, snakemake.log)
    optional |= {"threads": snakemake.threads}
    clash = given.keys() & optional.keys() & parameters.keys()
    unknown = given.keys() - parameters.keys() - set(OPTIONAL_PARAMS)
    given = {
        name: value
        for name, value in (optional | given).items()
        if name in parameters
        and (value != [] or parameters[name].default is inspect.Parameter.empty)
    }
    if "device" in parameters:
        from thinkalike.networks.devices import device_for

        try:
            given["device"] = device_for(snakemake.resources.get("gpu", 0), snakemake.threads)
        except InputError as error:
            hint = f"--set-resources {snakemake.rule}:gpu=0"
            raise InputError(f"resources.gpu: {error} ({hint})") from None
    missing = {
        name
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in given
    }
    problems = [
        f"{', '.join(sorted(names))} {what}"
        for names, what in (
            (unknown, "of the rule is not a parameter of main"),
            (missing, "of main is not given by the rule"),
            (clash, "is both a wildcard and an input, output or param"),
        )
        if names
    ]
    if problems:
        raise TypeError(
            f"rule and script {snakemake.rule} do not fit: {'; '.join(problems)}; use the same names"
        )
    return given


def _named(*sources: Any) -> dict[str, Any]:
    """Everything that has a name in inputs, outputs, params, wildcards or logs."""
    values: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items():
            if name in values:
                raise TypeError(f"{name} stands for two things in one rule; rename one of them")
            is_files = isinstance(value, list) and type(value) is not list
            values[name] = list(value) if is_files else value
    return values


@contextmanager
def job_log(snakemake: Any) -> Iterator[None]:
    """Log a job to its rule log and to the terminal, and end it in words a user can act on.

    An `InputError` becomes one line and exit status 1, and so does a full disk; any other exception
    keeps its traceback, in the log as well. The last line gives wall time, CPU time of the process since
    its start, and peak memory. Hubs are set offline: weights and data are files by the time a job
    starts. An input that is damaged is moved aside, so that Snakemake makes it anew.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_DATASETS_OFFLINE"] = "1"
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")
    path = Path(snakemake.log[0])
    try:
        file = JobLog(path, mode="w")
    except OSError as error:
        if sentence := full_disk(error, path):
            sys.exit(f"{snakemake.rule}: {sentence}")
        raise
    file.setFormatter(formatter)
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.setFormatter(logging.Formatter(f"{snakemake.rule}: %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    handlers = (file, terminal)
    own = path.stat()
    for handler in handlers:
        root.addHandler(handler)
    logging.captureWarnings(True)
    wildcards = ", ".join(f"{key}={value}" for key, value in snakemake.wildcards.items())
    log.info("%s(%s), %s threads", snakemake.rule, wildcards, snakemake.threads)
    start = time.monotonic()
    try:
        with guarded(lambda: _refuse_if_taken_over(path, own)):
            yield
    except DamagedError as error:
        log.error("%s", _set_aside(error) if str(error.path) in snakemake.input else error)
        sys.exit(1)
    except InputError as error:
        log.error("%s", error)
        sys.exit(1)
    except Exception as error:
        if sentence := full_disk(error, [*snakemake.output, path][0]):
            log.error("%s", sentence)
            sys.exit(1)
        # Python prints the traceback on the terminal; only the log still needs it.
        root.removeHandler(terminal)
        log.exception("%s stopped on an error that is not the input's", snakemake.rule)
        raise
    else:
        log.info(
            "%.1f s, %.1f s of CPU, peak memory %.0f MB",
            time.monotonic() - start,
            time.process_time(),
            peak_memory_mb(),
        )
    finally:
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
        if beside(error.path).exists():
            beside(error.path).rename(beside(aside))
    except OSError:  # a folder that is not ours, or another job was first
        return str(error)
    return f"{error.problem}; it is now {aside.name}, and the next run that needs it makes it anew"


def _refuse_if_taken_over(path: Path, own: os.stat_result) -> None:
    """Make sure that what this process makes is still asked for.

    A job can outlive a run that is killed. The next run takes its lease and the job's log away, or
    starts the same job with a log of its own; what the older one makes must not replace what the newer
    has made. On a cluster the lease may not be known to the job.

    Raises:
        InputError: another run has taken over.
    """
    if run_has_ended() or not (path.exists() and os.path.samestat(path.stat(), own)):
        raise InputError(
            "another run has taken over while this job was at work (its run has ended, or its log "
            f"{path} is no longer there, or no longer its own), and what it has made is dropped; run "
            "again if a file is missing"
        )


def peak_memory_mb() -> float:
    """The largest resident set of this process so far, in MB (10⁶ bytes); NaN if the system says none."""
    if resource is None:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6
