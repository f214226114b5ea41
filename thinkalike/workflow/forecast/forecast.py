"""What a study will take, before anything runs: forward passes, operations, hours, disk.

passes of a job = images × passes per image                           (PASSES, PER_IMAGE)
operations      = passes × operations of a forward pass of its model  (costs.toml, or counted)
hours           = operations / sustained rate + START_UP per job      (given, or from finished jobs)
disk            = sum over the files that are to be written           (megabytes)

A pass forth and back counts as three forward passes where the weights learn, and as two where only the
image, or an activation, gets a gradient: that is what torch's counter of operations finds. Which jobs
are to run, and which files they write, Snakemake says (`planned_jobs`, `planned_files`).
"""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.errors import InputError
from thinkalike.workflow.forecast.costs import Cost, Study
from thinkalike.workflow.forecast.data import DatasetSize
from thinkalike.workflow.forecast.disk import megabytes
from thinkalike.workflow.forecast.passes import (
    KINDS,
    PASSES,
    PER_IMAGE,
    base_method,
    jobs_of,
    passes,
)
from thinkalike.workflow.forecast.rates import START_UP, Finished, Rates


def planned_jobs(dry_run: str) -> dict[str, int]:
    """Rule → number of jobs, from what a dry run prints; `all`, which does nothing, is left out.

    Raises:
        InputError: there is no such table, and it does not say either that nothing is to be done.
    """
    table = re.search(r"^job +count\n-+ +-+\n((?:\w+ +\d+\n)+)", dry_run, re.MULTILINE)
    if table is None:
        if "Nothing to be done" in dry_run:
            return {}
        last = (dry_run.strip().splitlines() or ["it prints nothing"])[-1].strip()
        raise InputError(f"Snakemake cannot plan the study ({last}); see what snakemake -n says")
    rows = [line.split() for line in table[1].splitlines()]
    return {rule: int(count) for rule, count in rows if rule not in ("total", "all")}


def planned_files(summary: str) -> list[tuple[str, str]]:
    """Rule and path of every file that is to be written, from `snakemake --summary`."""
    rows = list(csv.DictReader(summary.splitlines(), delimiter="\t"))
    return [(row["rule"], row["output_file"]) for row in rows if row["plan"] == "update pending"]


@dataclass(frozen=True)
class Forecast:
    """What a study will take.

    Attributes:
        table: a row for each rule and one for the `total`: `rule`; `jobs`; `passes`, forward passes;
            `teraflop`, their operations; `device_hours` of jobs that run networks; `other_hours` of the
            others, NaN where none of the rule has run; `disk_mb`, of files that are to be written.
        notes: what a reader has to know.
    """

    table: pd.DataFrame
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The table and the notes, for a terminal."""
        columns = {
            "jobs": "{:,.0f}".format,
            "passes": "{:,.0f}".format,
            "teraflop": "{:,.2f}".format,
            "device_hours": "{:,.3f}".format,
            "other_hours": "{:,.3f}".format,
            "disk_mb": "{:,.1f}".format,
        }
        # pandas asks for formatters of str alone, and takes those of other things
        formatters: Any = columns
        table = self.table.to_string(index=False, formatters=formatters, na_rep="?")
        return "\n".join([table, "", *self.notes])


def forecast(
    study: Study,
    jobs: Mapping[str, int],
    files: Sequence[tuple[str, str]],
    *,
    data: DatasetSize,
    costs: Mapping[str, Cost],
    rates: Rates,
    finished: Sequence[Finished] = (),
) -> Forecast:
    """What a study will take, rule by rule.

    Args:
        study: its configuration, as `config.resolve` gives it.
        jobs: rule → how many are to run.
        files: rule and path of what they write.
        data: size of its data set.
        costs: of its models.
        rates: of the device.
        finished: jobs that have run: the mean time of a rule's stands for one that runs no network.
    """
    work = dict.fromkeys(jobs, (0.0, 0.0, 0.0))
    for job in jobs_of(study, files):
        number = passes(study, job, data)
        teraflop = number * costs[job.model].gigaflops / 1e3
        asked = {"explain_clusters": "neon", "explain_class_images": "spectral"}.get(job.rule)
        method = study[asked]["method"] if asked else job.method
        kind = KINDS.get(job.rule) or base_method(study, method)
        hours = teraflop / rates.of(kind, job.model) / 3600
        before = work.get(job.rule, (0.0, 0.0, 0.0))
        work[job.rule] = before[0] + number, before[1] + teraflop, before[2] + hours
    disk = dict.fromkeys(jobs, 0.0)
    for rule, path in files:
        disk[rule] = disk.get(rule, 0.0) + megabytes(study, path, data, costs)
    rows = [
        (rule, count, *work[rule][:2], *_hours(rule, count, work[rule][2], finished), disk[rule])
        for rule, count in jobs.items()
    ]
    names = ["rule", "jobs", "passes", "teraflop", "device_hours", "other_hours", "disk_mb"]
    table = pd.DataFrame(rows, columns=names)
    total = pd.DataFrame([{"rule": "total", **table[names[1:]].sum()}])
    both = pd.concat([table, total], ignore_index=True).astype({"jobs": int})
    return Forecast(both, _notes(study, jobs, data, rates))


def _hours(
    rule: str, count: int, computing: float, finished: Sequence[Finished]
) -> tuple[float, float]:
    """Hours on the device, and of a rule that runs no network."""
    if rule in PASSES:
        return computing + count * START_UP / 3600, 0.0
    seconds = [job.seconds for job in finished if job.rule == rule]
    return 0.0, count * float(np.mean(seconds)) / 3600 if seconds else math.nan


def _notes(study: Study, jobs: Mapping[str, int], data: DatasetSize, rates: Rates) -> list[str]:
    notes = [
        f"Rate: {rates.source}; and {START_UP:g} s to start a job that runs a network.",
        "A pass forth and back counts as 3 forward passes where weights learn, else as 2.",
    ]
    if study["settings"].get("kernelshap", {}).get("tolerance") is not None:
        notes.append(
            "KernelSHAP stops at its tolerance; what is counted is settings.kernelshap."
            "most_evaluations, the most it may take."
        )
    if not data.train and any(KINDS.get(rule) == "training" for rule in jobs):
        notes.append(
            "The size of the data set is not known before it is laid out, and training counts as "
            "nothing; run snakemake --cores 1 data first."
        )
    unknown = sorted({base_method(study, m) for m in study["methods"]} - set(PER_IMAGE))
    if unknown:
        notes.append(
            f"What a map by {', '.join(unknown)} takes is not known; it counts as nothing."
        )
    if any(rule not in PASSES for rule in jobs):
        notes.append(
            "other_hours: mean time of finished jobs of the rule, whatever their study; ? where there "
            "are none, which the total leaves out."
        )
    return notes
