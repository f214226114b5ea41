"""What a study will take, before anything runs: forward passes, operations, hours, disk.

passes of a job = images × passes per image                           (passes, methods.py)
operations      = passes × operations of a forward pass of its model  (costs.toml, or counted)
hours           = operations / sustained rate + START_UP per job      (rates)
disk            = sum over the files that are to be written           (disk)

Which jobs are to run, Snakemake says (plan).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.workflow.forecast.costs import model_costs
from thinkalike.workflow.forecast.disk import megabytes
from thinkalike.workflow.forecast.facts import Facts, known_contents
from thinkalike.workflow.forecast.passes import NETWORK_RULES, work
from thinkalike.workflow.forecast.plan import Job, planned_jobs
from thinkalike.workflow.forecast.rates import (
    START_UP,
    Finished,
    Rates,
    benchmark_rates,
    finished_jobs,
    given_rate,
    timed_rate,
)
from thinkalike.workflow.study import Study

FORMATS = {
    "jobs": "{:,.0f}",
    "passes": "{:,.0f}",
    "teraflop": "{:,.2f}",
    "device_hours": "{:,.3f}",
    "other_hours": "{:,.3f}",
    "disk_mb": "{:,.1f}",
}
"""Column of numbers → how it is printed."""


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
    notes: Sequence[str]

    def __str__(self) -> str:
        """The table and the notes, for a terminal."""
        formatters: Any = {column: text.format for column, text in FORMATS.items()}
        table = self.table.to_string(index=False, formatters=formatters, na_rep="?")
        return "\n".join([table, "", *self.notes])


def study_forecast(
    snakefile: str | Path, config: Mapping[str, Any], targets: Sequence[str] = ("all",)
) -> Forecast:
    """What is left to do of a study, from the working directory's results.

    The rate is the given one, else that of finished jobs, else timed.

    Args:
        snakefile: path of the workflow.
        config: configuration of the study.
        targets: rules or files.

    Raises:
        InputError: the configuration cannot be used, the targets not be planned, or a network not be
            made.
    """
    study = Study.of(config)
    jobs = planned_jobs(snakefile, config, targets)
    data = known_contents(
        study["dataset"], Path("resources/datasets", study["dataset"]["name"], "manifest.parquet")
    )
    finished = finished_jobs("results")
    given = study["forecast"]["teraflops"]
    rates = given_rate(given) if given else benchmark_rates(finished) or timed_rate()
    return forecast(
        Facts(study, data, model_costs(study, len(data.classes))), jobs, rates, finished
    )


def forecast(
    facts: Facts, jobs: Sequence[Job], rates: Rates, finished: Sequence[Finished] = ()
) -> Forecast:
    """What jobs will take, rule by rule.

    Args:
        facts: study, contents of its data set, costs of its models.
        jobs: that are to run.
        rates: of the device.
        finished: jobs that have run: the mean time of a rule's stands for one that runs no network.
    """
    rows = [_row(facts, job, rates, finished) for job in jobs]
    columns = ["rule", *FORMATS]
    by_rule = pd.DataFrame(rows, columns=columns).groupby("rule", sort=False)
    table = by_rule.sum(min_count=1).reset_index()
    total = pd.DataFrame([{"rule": "total", **table[columns[1:]].sum()}])
    table = pd.concat([table, total], ignore_index=True).astype({"jobs": int})
    return Forecast(table, _notes(facts, jobs, rates))


def _row(
    facts: Facts, job: Job, rates: Rates, finished: Sequence[Finished]
) -> tuple[str, int, float, float, float, float, float]:
    """Row of the table for one job."""
    passes = teraflop = seconds = 0.0
    for part in work(facts, job):
        operations = part.passes * facts.costs[part.model].gigaflops / 1e3
        passes, teraflop = passes + part.passes, teraflop + operations
        seconds += operations / rates.teraflops(part.kind, part.model)
    if job.rule in NETWORK_RULES:
        device, other = seconds + START_UP, 0.0
    else:
        earlier = [done.seconds for done in finished if done.rule == job.rule]
        device, other = 0.0, float(np.mean(earlier)) if earlier else math.nan
    return job.rule, 1, passes, teraflop, device / 3600, other / 3600, megabytes(facts, job)


def _notes(facts: Facts, jobs: Sequence[Job], rates: Rates) -> list[str]:
    """What a reader of the table has to know."""
    rules = {job.rule for job in jobs}
    notes = [
        f"Rate: {rates.source}; and {START_UP:g} s to start a job that runs a network.",
        "A forward and backward pass counts as 3 forward passes where weights learn, else as 2.",
    ]
    if facts.study["settings"]["kernelshap"]["tolerance"] is not None:
        notes.append(
            "KernelSHAP stops at its tolerance; what is counted is settings.kernelshap."
            "most_evaluations, the most it may take."
        )
    if not facts.data.train and rules & {"train_model", "finetune_model"}:
        notes.append(
            "The size of the data set is not known before it is laid out, and training counts as "
            "nothing; run snakemake --cores 1 data first."
        )
    if rules - set(NETWORK_RULES):
        notes.append(
            "other_hours: mean time of finished jobs of the rule, whatever their study; ? where there "
            "are none, which the total leaves out."
        )
    return notes
