"""A run that fails leaves what there was: see thinkalike/workflow/rollback.py. No rules."""

import json

from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence

from thinkalike.workflow import rollback

JOURNALS = Path(".snakemake/rollback")
run_journal = None


class SnakemakeRecords:
    """Snakemake's memory of files, as `rollback.Records`."""

    def __init__(self, persistence):
        self.persistence = persistence
        persistence._clear_cache()

    def read(self, path):
        record = self.persistence._read_record(path)
        return plain(dict(record.items())) if record else None

    def write(self, path, record):
        if record is None:
            self.persistence._delete_record(path)
        else:
            self.persistence._write_record(path, MetadataRecord.model_validate(record))
        # what was read before would be read again
        self.persistence._clear_cache()

    def is_begun(self, path):
        return bool(self.persistence._filter_incomplete_keys([path]))

    def set_begun(self, path, begun):
        if begun:
            self.persistence._mark_incomplete(path, None)
        else:
            self.persistence._unmark_incomplete(path)


def plain(record):
    """A record as it comes back from a journal."""
    return json.loads(json.dumps(record))


def record_of(job, persistence):
    """What Snakemake remembers of a job that has ended, without times and checksums."""
    record = {
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
    return plain(record)


def tell(restored, why):
    if restored:
        more = f" and {len(restored) - 3} more" if len(restored) > 3 else ""
        logger.info(f"{why}, as they were before: {', '.join(restored[:3])}{more}")


def settle_broken_off():
    """Put in order what killed runs have left, unless a run may still be at work."""
    if workflow.is_main_process and not any(Path(".snakemake/locks").glob("*.lock")):
        for journal in rollback.broken_off(JOURNALS):
            try:
                restored = rollback.settle(journal, SnakemakeRecords(FilePersistence()), None)
            except OSError as error:
                raise WorkflowError(
                    f"A run was broken off, and what it has left cannot be put in order ({error}); "
                    "mend that and start again"
                ) from None
            tell(restored, "Put back after a run that was broken off")


def begin_run():
    """Keep what the jobs of this run are about to remove."""
    global run_journal
    # a job of the run is a Snakemake of its own on a cluster; --touch removes nothing
    if not workflow.is_main_process or workflow.touch:
        return
    if not isinstance(workflow.persistence, FilePersistence):
        logger.warning(
            "Files of jobs that fail are lost; they are kept with --persistence-backend file."
        )
        return
    jobs = [
        rollback.Planned(
            [*map(str, job.output)],
            [*map(str, job.input)],
            [*map(str, job.log)],
            record_of(job, workflow.persistence),
        )
        for job in workflow.dag.needrun_jobs()
        if job.output
    ]
    try:
        run_journal = rollback.begin(jobs, SnakemakeRecords(workflow.persistence), JOURNALS)
    except InputError as error:
        raise WorkflowError(str(error)) from None


def end_run():
    """Put back what belongs to jobs that did not finish."""
    if run_journal:
        done = {str(file) for job in workflow.dag.finished_jobs for file in job.output}
        restored = rollback.settle(
            run_journal,
            SnakemakeRecords(workflow.persistence),
            lambda job: done.issuperset(job.outputs),
        )
        tell(restored, "Put back the files of jobs that did not finish")


settle_broken_off()


onstart:
    begin_run()


onsuccess:
    end_run()


onerror:
    end_run()
