"""A job that fails, or is broken off, leaves its files as they were before the run.

Snakemake removes the outputs of a job before it starts it, and notes its parameters even if it fails.
So before the first job of a run starts, `begin` gives every file that is to be made again a second
name (a hard link, which takes no space), and writes down what Snakemake knows of it, in a journal.
After the run `settle` puts back what belongs to jobs that did not finish: the file with its old time
stamp, and Snakemake's record of it. For Snakemake it is then as if these jobs had never been started.
A run that is killed leaves its journal, which the next one settles.

The library knows nothing of Snakemake; its memory comes in as `Records`.
"""

import errno
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from thinkalike.errors import InputError

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What file systems without hard links answer, or without another one for this file."""


class Records(Protocol):
    """What Snakemake remembers of files, by their paths."""

    def read(self, path: str) -> dict[str, Any] | None:
        """The parameters and inputs that the file was made with, and when; or None."""

    def write(self, path: str, record: dict[str, Any] | None) -> None:
        """Remember that instead; None forgets."""

    def is_begun(self, path: str) -> bool:
        """Has a job that makes the file been started, and not ended?"""

    def set_begun(self, path: str, begun: bool) -> None:
        """Remember that instead: a file that is begun is made anew by the next run."""


@dataclass
class Output:
    """A file that a job of the run makes, as it was before.

    Attributes:
        kept: its second name; None if there was no whole file.
        stamp: time of its last change, in nanoseconds, and size.
        record: Snakemake's record of it.
    """

    kept: str | None
    stamp: tuple[int, int] | None
    record: dict[str, Any] | None


@dataclass
class Job:
    """A job of the run.

    Attributes:
        outputs: what it makes, as it was before.
        inputs: their stamps before.
        logs: of the job.
        record: what Snakemake will remember of the outputs, without the time.
    """

    outputs: dict[str, Output]
    inputs: dict[str, tuple[int, int] | None]
    logs: list[str]
    record: dict[str, Any]


class Planned(NamedTuple):
    """A job that is about to run."""

    outputs: Sequence[str]
    inputs: Sequence[str]
    logs: Sequence[str]
    record: dict[str, Any]


def begin(planned: Iterable[Planned], records: Records, folder: Path) -> Path:
    """Keep what the jobs of a run are about to remove.

    Args:
        planned: the jobs.
        records: Snakemake's memory.
        folder: where the journal goes.

    Returns:
        The journal.

    Raises:
        InputError: a file cannot be kept, or a folder not be written to. Nothing has been removed then.
    """
    # not at the top: its packages take a while, and every start of Snakemake imports this module
    from thinkalike.stores.atomic import atomic

    run = f"{socket.gethostname()}.{os.getpid()}"
    journal = folder / f"{run}.json"
    jobs = [
        Job(
            outputs={path: _before(path, run, records) for path in job.outputs},
            inputs={path: _stamp(path) for path in job.inputs},
            logs=list(job.logs),
            record=job.record,
        )
        for job in planned
    ]
    for target in {Path(path).parent for job in jobs for path in job.outputs}:
        _check_writable(target)
    # the journal first: a second name that it does not know would stay for ever
    path = str(journal)
    try:
        with atomic(journal) as temporary:
            temporary.write_text(json.dumps([asdict(job) for job in jobs]))
        for job in jobs:
            for path, old in job.outputs.items():
                if old.kept:
                    _link(Path(path), Path(old.kept))
    except OSError as error:
        for job in jobs:
            for old in job.outputs.values():
                if old.kept:
                    Path(old.kept).unlink(missing_ok=True)
        journal.unlink(missing_ok=True)
        raise InputError(
            f"{path} cannot be kept while it is made anew ({error.strerror}); nothing has been "
            "removed; see that its folder can be written to and has space, and run again"
        ) from None
    return journal


def settle(journal: Path, records: Records, finished: Callable[[Job], bool] | None) -> list[str]:
    """Put back what the jobs of a run removed and did not make, and forget the run.

    It may itself be broken off at any point, and be done again.

    Args:
        journal: of `begin`.
        records: Snakemake's memory.
        finished: whether a job has finished; None for a run that was broken off, where Snakemake's
            records say so.

    Returns:
        The files that were put back.
    """
    jobs = [
        Job(
            outputs={
                path: Output(old["kept"], _pair(old["stamp"]), old["record"])
                for path, old in job["outputs"].items()
            },
            inputs={path: _pair(stamp) for path, stamp in job["inputs"].items()},
            logs=job["logs"],
            record=job["record"],
        )
        for job in json.loads(journal.read_text())
    ]
    restored, undone = [], []
    for job in jobs:
        done = finished(job) if finished else _is_recorded(job, records)
        if finished is None and _has_ended_unseen(job, records):
            for path in job.outputs:
                made = Path(path).stat().st_mtime
                records.write(path, job.record | {"starttime": made, "endtime": made})
            done = True
        if done:
            for old in job.outputs.values():
                if old.kept:
                    Path(old.kept).unlink(missing_ok=True)
            continue
        if finished is None and any(map(records.is_begun, job.outputs)):
            _take_over(job)
        restored += [path for path, old in job.outputs.items() if _put_back(path, old, records)]
        undone.append(job)
    for job in filter(_is_hidden_change, undone):
        for path in job.outputs:
            records.set_begun(path, True)
    journal.unlink()
    return restored


def broken_off(folder: Path) -> list[Path]:
    """Journals in a folder whose run is no longer alive, as far as can be seen from here."""
    return [path for path in sorted(folder.glob("*.json")) if not _is_alive(path.stem)]


def _check_writable(folder: Path) -> None:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK):
        raise InputError(
            f"{there} cannot be written to, and jobs of this run write there; make it writable, or ask "
            "for targets that do not need it (snakemake -n says what would run)"
        )


def _is_alive(run: str) -> bool:
    host, _, number = run.rpartition(".")
    if host != socket.gethostname() or int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # someone else's, and there
        return True
    return True


def _before(path: str, run: str, records: Records) -> Output:
    stamp = _stamp(path)
    # what an older job has begun and not ended is not worth keeping
    whole = stamp is not None and not records.is_begun(path)
    kept = str(Path(path).with_name(f".{Path(path).name}.{run}.before")) if whole else None
    return Output(kept, stamp if whole else None, records.read(path))


def _link(path: Path, kept: Path) -> None:
    kept.unlink(missing_ok=True)
    try:
        kept.hardlink_to(path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        shutil.copy2(path, kept)


def _put_back(path: str, old: Output, records: Records) -> bool:
    """Make a file and what is known of it what they were; was it another file, or gone?"""
    from thinkalike.stores.atomic import temporaries

    target = Path(path)
    for temporary in temporaries(target):
        temporary.unlink(missing_ok=True)
    kept = Path(old.kept) if old.kept else None
    changed = old.stamp is None or _stamp(path) != old.stamp
    # the record first: until the file is there, it is of no consequence
    if records.read(path) != old.record:
        records.write(path, old.record)
    if changed and kept and kept.exists():
        kept.replace(target)
    elif target.exists() and changed:
        target.unlink()
    if kept:
        # two names of the same file: replacing one by the other leaves both
        kept.unlink(missing_ok=True)
    records.set_begun(path, False)
    return changed and target.exists()


def _is_recorded(job: Job, records: Records) -> bool:
    """Did Snakemake see the end of the job? It notes that last, and anew for each."""
    return all(
        Path(path).exists()
        and not records.is_begun(path)
        and records.read(path) not in (None, old.record)
        for path, old in job.outputs.items()
    )


def _has_ended_unseen(job: Job, records: Records) -> bool:
    """Did the job end well after its run was killed?

    On a cluster it may. The Snakemake inside it then says that nothing is begun any more, and leaves
    the record to the one that was killed.
    """
    return all(
        Path(path).exists()
        and not records.is_begun(path)
        and records.read(path) == old.record
        and _stamp(path) != old.stamp
        for path, old in job.outputs.items()
    )


def _take_over(job: Job) -> None:
    """Take the log away from a job that may outlive its run, which then drops what it makes.

    See `jobs.wanted`.
    """
    for log in map(Path, job.logs):
        if log.exists():
            log.replace(log.with_name(f"{log.name}.broken_off"))


def _is_hidden_change(job: Job) -> bool:
    """Has an input changed in the run, but by its time stamp before the outputs?

    Clocks go back, and differ between machines. Snakemake would take the outputs for newer.
    """
    made = [stamp[0] for stamp in map(_stamp, job.outputs) if stamp]
    changed = [
        now[0] for path, before in job.inputs.items() if (now := _stamp(path)) and now != before
    ]
    return bool(made and changed) and min(changed) <= min(made)


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


def _pair(values: list[int] | None) -> tuple[int, int] | None:
    return (values[0], values[1]) if values else None
