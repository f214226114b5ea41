"""Snakemake's records of files, through names that Snakemake does not promise to keep.

No other module uses such names. Where one has moved, `Rollback` warns, and the workflow runs without
restoring the files of jobs that fail.
"""

import json
import math
import os
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError
from thinkalike.stores.durable import flush_all
from thinkalike.workflow.leases import (
    OF_JOB,
    Lease,
    Place,
    State,
    deciding,
    run_has_ended,
    runs,
    take,
)
from thinkalike.workflow.rollback import (
    Job,
    Planned,
    UnreadableJournalError,
    begin,
    restore_kept,
    settle,
)

try:
    import snakemake.api  # noqa: F401  # first: Snakemake's modules import each other
    from snakemake.dag import DAG
    from snakemake.exceptions import WorkflowError
    from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
    from snakemake.persistence.file import FilePersistence
except ImportError as error:  # or there is no Snakemake, and the library is used without it
    IMPORT_PROBLEM = str(error)
else:
    IMPORT_PROBLEM = ""

RUNS = Path(".snakemake/rollback")
"""Leases and journals of runs."""

LOCKS = Path(".snakemake/locks")

UNREADABLE = "the record of this file cannot be read"
"""The only parameter of a record that stands for one that is damaged: no job has it."""

CANNOT_RESTORE = (
    "A run was broken off, and its files cannot be restored ({}); fix that and start again"
)

RECORD_METHODS = (
    "_clear_cache",
    "_delete_record",
    "_filter_incomplete_keys",
    "_mark_incomplete",
    "_read_record",
    "_record_path",
    "_unmark_incomplete",
    "_write_record",
    # parts of a record
    "_code",
    "_conda_env",
    "_input",
    "_log",
    "_params",
    "_software_stack_hash",
)


def missing_names(workflow: type) -> list[str]:
    """Names used here that this Snakemake does not have.

    Args:
        workflow: the class of Snakemake's `workflow`.
    """
    if IMPORT_PROBLEM:
        return [IMPORT_PROBLEM]
    needed = {
        FilePersistence: RECORD_METHODS,
        MetadataRecord: ("items", "model_validate"),
        DAG: ("finished_jobs", "jobs", "needrun_jobs"),
        workflow: ("dag", "is_main_process", "persistence", "touch"),
    }
    return [
        f"{owner.__name__}.{name}"
        for owner, names in needed.items()
        for name in names
        if not hasattr(owner, name)
    ]


class SnakemakeRecords:
    """Snakemake's records of files, as `rollback.Records`.

    Args:
        persistence: a `FilePersistence`.
    """

    def __init__(self, persistence: Any) -> None:
        self.persistence = persistence
        persistence._clear_cache()

    def read(self, path: str) -> dict[str, Any] | None:
        """Record of a file; None if there is none that can be read."""
        record = self.persistence._read_record(path)
        is_readable = record and record.params != [UNREADABLE]
        return plain(dict(record.items())) if is_readable else None

    def write(self, path: str, record: dict[str, Any] | None) -> None:
        """Replace the record of a file; None deletes it."""
        if record is None:
            self.persistence._delete_record(path)
        else:
            self.persistence._write_record(path, MetadataRecord.model_validate(record))
        # it would answer the next question with what it has read before
        self.persistence._clear_cache()

    def is_incomplete(self, path: str) -> bool:
        """Whether a job that makes the file was started and has not ended."""
        return bool(self.persistence._filter_incomplete_keys([path]))

    def set_incomplete(self, path: str, incomplete: bool) -> None:
        """Mark the file as incomplete, or take the mark away."""
        if incomplete:
            self.persistence._mark_incomplete(path, None)
        else:
            self.persistence._unmark_incomplete(path)

    def flush(self, paths: Iterable[str]) -> None:
        """Wait until the records and marks of the files are on the disk."""
        folders = _metadata(self.persistence), str(self.persistence.path / "incomplete")
        flush_all(
            self.persistence._record_path(folder, path) for path in paths for folder in folders
        )


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """A record with the types that it has after a journal was written and read."""
    copy: dict[str, Any] = json.loads(json.dumps(record))
    return copy


def future_record(job: Any, persistence: Any) -> dict[str, Any]:
    """What Snakemake will record of a job that ends well, without times and checksums."""
    return plain(
        {
            "rule": job.rule.name,
            "input": persistence._input(job),
            "log": persistence._log(job),
            "shellcmd": job.shellcmd,
            "params": persistence._params(job),
            "code": persistence._code(job.rule),
            "record_format_version": RECORD_FORMAT_VERSION,
            "conda_env": persistence._conda_env(job),
            "container_img_url": job.container_img_url,
            "software_stack_hash": persistence._software_stack_hash(job),
            "job_hash": hash(job),
            "incomplete": False,
        }
    )


def distrust_unreadable_records() -> None:
    """Have Snakemake plan files again whose records are empty or damaged.

    It takes them for files without a record, which are up to date by their time stamps.
    """
    read = FilePersistence._read_record
    if hasattr(read, "__wrapped__"):
        return

    @wraps(read)
    def read_record(self: Any, path: str) -> Any:
        try:
            record = read(self, path)
        except ValueError:
            record = None
        if record is None and Path(self._record_path(_metadata(self), path)).exists():
            return MetadataRecord(params=[UNREADABLE], record_format_version=RECORD_FORMAT_VERSION)
        return record

    FilePersistence._read_record = read_record


def _metadata(persistence: Any) -> str:
    return str(persistence.path / "metadata")


class Rollback:
    """Keeps runs apart, and restores the files of jobs that fail; rules/rollback.smk calls it.

    Args:
        workflow: Snakemake's `workflow`.
        logger: Snakemake's logger.
    """

    def __init__(self, workflow: Any, logger: Any) -> None:
        self.workflow = workflow
        self.logger = logger
        self.lease: Lease | None = None
        self.journal: Path | None = None
        missing = missing_names(type(workflow))
        # a job of the run is a Snakemake of its own on a cluster
        is_main = getattr(workflow, "is_main_process", True)
        self.works = is_main and not missing
        if not is_main and run_has_ended():
            # before anything: its Snakemake would remove what has been put back
            raise WorkflowError(
                "The run that has started this job has ended; the job does not begin."
            )
        if is_main and missing:
            logger.warning(
                "The older files of jobs that fail are not restored: this Snakemake is not one that "
                f"thinkalike knows ({', '.join(missing)}); requirements.lock names one."
            )
        if not missing:
            distrust_unreadable_records()

    def settle_broken_off(self) -> None:
        """Restore what killed runs have removed.

        Raises:
            WorkflowError: a file cannot be restored.
        """
        # by a late clock: the file system's is known only to those who write there
        if not self.works or not self._ended(math.inf):
            return
        try:
            with deciding(RUNS) as now:
                for run in self._ended(now):
                    # first, so that jobs which are still at work drop what they make
                    (RUNS / f"{run}.lease").unlink(missing_ok=True)
                    journal = RUNS / f"{run}.json"
                    if journal.exists():
                        restored = self._settle(journal, SnakemakeRecords(FilePersistence()), None)
                        self._report(restored, "Put back after a run that was broken off")
                if any(LOCKS.glob("*.lock")) and not any(RUNS.glob("[!.]*.lease")):
                    self.logger.info(
                        "A run that was broken off has left a lock of this folder: see that no job of it "
                        "is at work any more (on a cluster: scancel), then snakemake --unlock takes the "
                        "lock away"
                    )
        except (InputError, OSError) as error:
            raise WorkflowError(CANNOT_RESTORE.format(error)) from None

    def _ended(self, now: float) -> list[str]:
        """Names of runs that have ended and left a lease or a journal."""
        # first: a run that begins now is not among them
        left = {
            path.stem for pattern in ("[!.]*.json", "[!.]*.lease") for path in RUNS.glob(pattern)
        }
        known = runs(RUNS, now, Place.here())
        going_on = {run.path.stem for run in known if run.state is not State.DEAD}
        return sorted(left - going_on)

    def begin(self) -> None:
        """Take a lease for this run, and keep what its jobs are about to remove.

        Raises:
            WorkflowError: another run works on the same files, or a file cannot be kept.
        """
        if not self.works:
            return
        dag, persistence = self.workflow.dag, self.workflow.persistence
        planned = [job for job in dag.needrun_jobs() if job.output]
        try:
            self.lease = take(
                RUNS,
                makes={str(file) for job in planned for file in job.output},
                reads={str(file) for job in dag.jobs for file in job.input},
            )
            os.environ[OF_JOB] = str(self.lease.path)  # for its jobs
            if self.workflow.touch:  # --touch removes nothing
                return
            if not isinstance(persistence, FilePersistence):
                self.logger.warning(
                    "Files of jobs that fail are lost; they are kept with --persistence-backend file."
                )
                return
            self.journal = begin(
                (
                    Planned(
                        [*map(str, job.output)],
                        [*map(str, job.input)],
                        [*map(str, job.log)],
                        future_record(job, persistence),
                    )
                    for job in planned
                ),
                SnakemakeRecords(persistence),
                RUNS,
                self.lease.run,
            )
        except (InputError, OSError) as error:
            if self.lease:
                self.lease.release()
            raise WorkflowError(f"This run does not begin: {error}") from None

    def end(self) -> None:
        """Restore what belongs to jobs of this run that did not finish, and give its lease up.

        Raises:
            WorkflowError: a file cannot be restored.
        """
        if self.journal:
            made = {str(file) for job in self.workflow.dag.finished_jobs for file in job.output}
            records = SnakemakeRecords(self.workflow.persistence)
            restored = self._settle(self.journal, records, lambda job: made.issuperset(job.outputs))
            self._report(restored, "Put back the files of jobs that did not finish")
        if self.lease:
            self.lease.release()
            del os.environ[OF_JOB]

    def _settle(
        self, journal: Path, records: SnakemakeRecords, finished: Callable[[Job], bool] | None
    ) -> list[str]:
        try:
            try:
                return settle(journal, records, finished)
            except UnreadableJournalError as error:
                restored = restore_kept(journal, records, Path())
                self.logger.warning(
                    f"{error}; older files were put back by their second names, and the next run "
                    "makes anew what may not be up to date: run again"
                )
                return restored
        except OSError as error:
            raise WorkflowError(CANNOT_RESTORE.format(error)) from None

    def _report(self, restored: list[str], why: str) -> None:
        if restored:
            more = f" and {len(restored) - 3} more" if len(restored) > 3 else ""
            names = ", ".join(restored[:3])
            self.logger.info(f"{why}, as they were before: {names}{more}")
