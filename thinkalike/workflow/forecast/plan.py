"""Jobs that Snakemake would run for a study: a dry run in this process, through Snakemake's API."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from thinkalike.errors import InputError
from thinkalike.workflow.config.files import check_files

COMMENT = re.compile(r" \([^/]*\)$")
"""What Snakemake writes behind the name of a special file, as in `0.nc (temp)`."""


@dataclass(frozen=True)
class Job:
    """A job that is to run.

    Attributes:
        rule: name of its rule.
        wildcards: name → value.
        files: paths that it writes.
    """

    rule: str
    wildcards: Mapping[str, str]
    files: Sequence[str] = ()


def read_config(paths: Sequence[Path]) -> dict[str, Any]:
    """Configuration of files that are merged, later ones on top, as Snakemake does it.

    Raises:
        InputError: a line for every problem of a file, with the file and the line in it.
    """
    from snakemake.utils import update_config

    check_files(paths)
    config: dict[str, Any] = {}
    for path in paths:
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8")))
    return config


def planned_jobs(
    snakefile: str | Path, config: Mapping[str, Any], targets: Sequence[str] = ("all",)
) -> list[Job]:
    """Jobs that Snakemake would run for the targets, in the order in which it would start them.

    Target rules, which write no file, are left out. Nothing is locked, run or changed.

    Args:
        snakefile: path of the workflow.
        config: on top of the workflow's own.
        targets: rules or files.

    Raises:
        InputError: Snakemake cannot plan the targets.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.exceptions import RuleException, WorkflowError
    from snakemake.settings import enums, types
    from snakemake_interface_logger_plugins.common import LogEvent

    jobs = []

    def collect(record: Any) -> bool:
        """Keep what is said of a job, and let through only warnings and errors."""
        if getattr(record, "event", None) == LogEvent.JOB_INFO and record.output:
            files = [COMMENT.sub("", path) for path in record.output]
            jobs.append(Job(record.rule_name, dict(record.wildcards), files))
        return bool(record.levelno > logging.INFO)

    with SnakemakeApi(types.OutputSettings(dryrun=True)) as api:
        logger = api.logger_manager.logger
        logger.addFilter(collect)
        try:
            workflow = api.workflow(
                types.ResourceSettings(cores=1),
                config_settings=types.ConfigSettings(config=config),
                snakefile=Path(snakefile),
            )
            dag = workflow.dag(
                types.DAGSettings(
                    targets=set(targets),
                    force_incomplete=True,
                    # as in profiles/default: what a changed code comes to is seen in the params
                    rerun_triggers=enums.RerunTrigger.all() - {enums.RerunTrigger.CODE},
                )
            )
            dag.execute_workflow("dryrun", execution_settings=types.ExecutionSettings(lock=False))
        except (WorkflowError, RuleException) as error:
            raise InputError(
                f"Snakemake cannot plan the study ({error}); see what snakemake -n says"
            ) from None
        finally:
            logger.removeFilter(collect)
    return jobs
