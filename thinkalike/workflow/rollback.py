"""A job that fails, or is broken off, leaves its files as they were before the run.

Snakemake removes the outputs of a job before it starts it, and records its parameters even if it
fails. So before the first job of a run starts, `begin` gives every file that is to be made again a
second name (a hard link, which takes no space), and writes a journal with Snakemake's record of the
file. After the run, `settle` restores what belongs to jobs that did not finish: the file with its time
stamp, and its record. For Snakemake it is then as if these jobs had never been started. A run that is
killed leaves its journal, which the next run settles (`leases` says whether it goes on). So does one
whose power is cut: what one step relies on is on the disk before the step is done.

Nothing here imports Snakemake: its records come in as `Records`.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from thinkalike.errors import InputError
from thinkalike.stores.atomic import NO_LINKS, atomic, temporaries
from thinkalike.stores.checksums import SECOND
from thinkalike.stores.damage import brief
from thinkalike.stores.durable import flush, flush_all
from thinkalike.stores.folders import OLD, clear_beside, home, restore_folder


class UnreadableJournalError(InputError):
    """A journal that does not say any more what its run was about to make."""


Stamp = list[int] | None
"""Time of a file's last change in nanoseconds, and its size in bytes; None if there is no file."""


class Records(Protocol):
    """Snakemake's records of files, by their paths."""

    def read(self, path: str) -> dict[str, Any] | None:
        """Parameters and inputs that the file was made with, and when; None if there is no record."""

    def write(self, path: str, record: dict[str, Any] | None) -> None:
        """Replace the record; None deletes it."""

    def is_incomplete(self, path: str) -> bool:
        """Whether a job that makes the file was started and has not ended."""

    def set_incomplete(self, path: str, incomplete: bool) -> None:
        """Mark the file, or take the mark away; the next run makes a marked file anew."""

    def flush(self, paths: Iterable[str]) -> None:
        """Wait until the records and marks of the files are on the disk."""


@dataclass
class Output:
    """The state of an output before the run.

    Attributes:
        kept: second name of the file; None if there was no complete file.
        stamp: time stamp and size of the file.
        record: Snakemake's record of it.
    """

    kept: str | None
    stamp: Stamp
    record: dict[str, Any] | None


@dataclass
class Job:
    """A job of the run.

    Attributes:
        outputs: path → state before the run.
        inputs: path → stamp before the run.
        logs: paths of the job's logs.
        record: what Snakemake will record of the outputs, without times.
    """

    outputs: dict[str, Output]
    inputs: dict[str, Stamp]
    logs: list[str]
    record: dict[str, Any]


class Planned(NamedTuple):
    """A job that is about to run: paths, and what Snakemake will record of the outputs."""

    outputs: Sequence[str]
    inputs: Sequence[str]
    logs: Sequence[str]
    record: dict[str, Any]


def begin(planned: Iterable[Planned], records: Records, folder: Path, run: str) -> Path:
    """Keep what the jobs of a run are about to remove; returns the journal, `<run>.json`.

    Args:
        planned: the jobs.
        records: Snakemake's records.
        folder: where the journal is written.
        run: a name that no other run has.

    Raises:
        InputError: a file cannot be kept, or a folder is read-only. Nothing has been removed then.
    """
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
    kept = {path: old.kept for job in jobs for path, old in job.outputs.items() if old.kept}
    path = str(journal)
    try:
        # the journal first: nobody would remove a second name that no journal has
        with atomic(journal, checksum=False) as temporary:
            temporary.write_text(json.dumps([asdict(job) for job in jobs]))
        for path, name in kept.items():
            _link(Path(path), Path(name))
        flush_all(kept.values())
    except OSError as error:
        for name in kept.values():
            Path(name).unlink(missing_ok=True)
        journal.unlink(missing_ok=True)
        raise InputError(
            f"{path} cannot be kept while it is made anew ({error.strerror}); nothing has been "
            "removed; see that its folder can be written to and has space, and run again"
        ) from None
    return journal


def settle(journal: Path, records: Records, finished: Callable[[Job], bool] | None) -> list[str]:
    """Restore what the jobs of a run removed and did not make, and delete the journal.

    A settlement that is itself broken off can be done again.

    Args:
        journal: returned by `begin`.
        records: Snakemake's records.
        finished: whether a job has finished; None for a run that was broken off, where the records
            decide.

    Returns:
        The files that were restored.

    Raises:
        UnreadableJournalError: the journal is damaged; `restore_kept` does without it.
        OSError: a file cannot be restored, or the disk does not take it.
    """
    jobs = _read(journal)
    restored, ended, undone = [], [], []
    for job in jobs:
        done = finished(job) if finished else _is_recorded(job, records)
        if finished is None and _has_ended_unseen(job, records):
            for path in job.outputs:
                made = Path(path).stat().st_mtime
                records.write(path, job.record | {"starttime": made, "endtime": made})
            done = True
        if done:
            ended.append(job)
            continue
        if finished is None and any(map(records.is_incomplete, job.outputs)):
            _take_logs_away(job)
        restored += [path for path, old in job.outputs.items() if _restore(path, old, records)]
        undone.append(job)
    for job in filter(_has_hidden_change, undone):
        for path in job.outputs:
            records.set_incomplete(path, True)
    # what replaces the older files, with its record, before their last names and the journal go
    outputs = [path for job in jobs for path in job.outputs]
    flush_all(outputs)
    records.flush(outputs)
    for path, old in (item for job in ended for item in job.outputs.items()):
        _let_go(path, old)
    _remove(journal)
    return restored


def restore_kept(journal: Path, records: Records, folder: Path) -> list[str]:
    """Restore older files by their second names alone, and delete their journal, which is damaged.

    A file that was made anew stays if Snakemake's record is of it. An older file whose record is
    another's is marked, so that the next run makes it anew.

    Args:
        journal: returned by `begin`; only its name is used.
        records: Snakemake's records.
        folder: second names are looked for below it, though not in hidden folders.

    Returns:
        The files that were restored.

    Raises:
        OSError: a file cannot be restored, or the disk does not take it.
    """
    ending = _ending(journal.stem)
    restored, paths = [], []
    for found in list(_kept_below(folder, ending)):
        kept = home(found)
        target = kept.with_name(kept.name[1 : -len(ending)])
        path = str(target)
        for temporary in temporaries(target):
            temporary.unlink(missing_ok=True)
        unchanged = _stamp(path) == _stamp(str(found))
        if not unchanged and (
            records.is_incomplete(path) or not _has_record(target, path, records)
        ):
            restore_folder(kept)
            records.set_incomplete(path, not _has_record(kept, path, records))
            records.flush([path])
            kept.replace(target)
            restored.append(path)
        paths.append((path, kept))
    flush_all(path for path, _ in paths)
    for path, kept in paths:
        kept.unlink(missing_ok=True)
        clear_beside(Path(path).parent, kept)
    _remove(journal)
    return restored


def _read(journal: Path) -> list[Job]:
    try:
        jobs = json.loads(journal.read_text())
        if not isinstance(jobs, list):
            raise TypeError("it has no list of jobs")
        return [
            Job(**job | {"outputs": {path: Output(**old) for path, old in job["outputs"].items()}})
            for job in jobs
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableJournalError(
            f"{journal}, which says what a run that was broken off was about to make, cannot be read "
            f"({brief(error)})"
        ) from None


def _remove(journal: Path) -> None:
    """Delete a journal; one that came back would be settled again, over newer files."""
    journal.unlink()
    flush(journal.parent)


def _ending(run: str) -> str:
    """End of the second names that a run gives."""
    return f".{run}{SECOND}"


def _kept_below(folder: Path, ending: str) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." or name.endswith(OLD)]
        yield from (Path(root, name) for name in files if name.endswith(ending))


def _has_record(file: Path, path: str, records: Records) -> bool:
    """Whether the record of a path is of this file: it has the file's time stamp as the job's end."""
    record = records.read(path)
    return bool(file.exists() and record and record.get("endtime") == file.stat().st_mtime)


def _check_writable(folder: Path) -> None:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        raise InputError(
            f"{existing} cannot be written to, and jobs of this run write there; make it writable, or "
            "ask for targets that do not need it (snakemake -n says what would run)"
        )


def _before(path: str, run: str, records: Records) -> Output:
    stamp = _stamp(path)
    # an incomplete file of an earlier job is not worth keeping
    complete = stamp is not None and not records.is_incomplete(path)
    kept = str(Path(path).with_name(f".{Path(path).name}{_ending(run)}")) if complete else None
    return Output(kept, stamp if complete else None, records.read(path))


def _link(path: Path, kept: Path) -> None:
    kept.unlink(missing_ok=True)
    try:
        kept.hardlink_to(path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        shutil.copy2(path, kept)


def _let_go(path: str, old: Output) -> None:
    """Delete the older file, and the older folder if that was replaced as a whole."""
    kept = Path(old.kept) if old.kept else None
    if kept:
        kept.unlink(missing_ok=True)
    clear_beside(Path(path).parent, kept)


def _restore(path: str, old: Output, records: Records) -> bool:
    """Restore a file and its record; returns whether the file was another one, or missing."""
    target = Path(path)
    kept = Path(old.kept) if old.kept else None
    if kept:
        restore_folder(kept)
    for temporary in temporaries(target):
        temporary.unlink(missing_ok=True)
    changed = old.stamp is None or _stamp(path) != old.stamp
    # the record first: until the file is there, it is of no consequence; a newer one would say that
    # the older file is of its job
    if records.read(path) != old.record:
        records.write(path, old.record)
    if changed and kept and kept.exists():
        records.flush([path])
        kept.replace(target)
    elif target.exists() and changed:
        target.unlink()
    _let_go(path, old)  # two names of the same file: replacing one by the other leaves both
    records.set_incomplete(path, False)
    return changed and target.exists()


def _is_recorded(job: Job, records: Records) -> bool:
    """Whether Snakemake saw the end of the job: it writes the record last, and a new one each time."""
    return all(
        Path(path).exists()
        and not records.is_incomplete(path)
        and records.read(path) not in (None, old.record)
        for path, old in job.outputs.items()
    )


def _has_ended_unseen(job: Job, records: Records) -> bool:
    """Whether the job ended well after its run was killed.

    On a cluster it may. The Snakemake inside the job then takes the mark of incomplete files away, and
    leaves the record to the one that was killed.
    """
    return all(
        Path(path).exists()
        and not records.is_incomplete(path)
        and records.read(path) == old.record
        and _stamp(path) != old.stamp
        for path, old in job.outputs.items()
    )


def _take_logs_away(job: Job) -> None:
    """Rename the logs of a job that may outlive its run: without them it drops what it makes.

    `jobs.job_log` checks that.
    """
    for log in map(Path, job.logs):
        if log.exists():
            log.replace(log.with_name(f"{log.name}.broken_off"))


def _has_hidden_change(job: Job) -> bool:
    """Whether an input changed during the run, but by its time stamp before the outputs.

    Clocks go back, and differ between machines. Snakemake would take the outputs for newer.
    """
    made = [stamp[0] for stamp in map(_stamp, job.outputs) if stamp]
    changed = [
        now[0] for path, before in job.inputs.items() if (now := _stamp(path)) and now != before
    ]
    return bool(made and changed) and min(changed) <= min(made)


def _stamp(path: str) -> Stamp:
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return None
    return [status.st_mtime_ns, status.st_size]
