"""What a study will take, before anything runs: forward passes, operations, hours, disk.

passes of a job = images × passes per image                           (passes, methods.py)
operations      = passes × operations of a forward pass of its model  (costs.toml, or counted)
device hours    = passes × pace of its model + START_UP per job       (rates)
other hours     = law of the rule                                     (laws)
disk            = sum over the files that are to be written           (disk)

Which jobs are to run, Snakemake says (plan).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.workflow.forecast.costs import architecture_costs, model_costs
from thinkalike.workflow.forecast.disk import megabytes
from thinkalike.workflow.forecast.facts import Facts, known_contents
from thinkalike.workflow.forecast.finished import Finished, finished_jobs
from thinkalike.workflow.forecast.kept import Kept
from thinkalike.workflow.forecast.laws import law_of, numbers
from thinkalike.workflow.forecast.passes import NETWORK_RULES, Work, work
from thinkalike.workflow.forecast.pilot import Pilots, explain_few
from thinkalike.workflow.forecast.plan import Job, planned_jobs
from thinkalike.workflow.forecast.rates import (
    START_UP,
    Rates,
    benchmark_rates,
    cpu_rates,
    given_rates,
    timed_rates,
)
from thinkalike.workflow.forecast.speed import measured_speed
from thinkalike.workflow.forecast.steps import StepCounts, count_steps, stepped_cases
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
            others; `disk_mb`, of files that are to be written.
        notes: what a reader has to know.
    """

    table: pd.DataFrame
    notes: Sequence[str]

    def __str__(self) -> str:
        """The table and the notes, for a terminal."""
        formatters: Any = {column: text.format for column, text in FORMATS.items()}
        table = self.table.to_string(index=False, formatters=formatters)
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
    kept = Kept("resources/forecast")
    costs = model_costs(study, len(data.classes), kept)
    finished = finished_jobs("results", architecture_costs(study, costs))
    given = study["forecast"]["teraflops"]
    speed = measured_speed()
    rates = given_rates(given) if given else benchmark_rates(finished) or timed_rates(speed)
    # a pilot runs here, on whatever the study will run
    here = cpu_rates(speed)
    steps = count_steps(
        study,
        stepped_cases(study, jobs),
        content=Pilots(study).content,
        seconds_per_step=lambda model: here.seconds(
            Work("integrated_gradients", model, 2), costs[model]
        ),
        explain=explain_few,
        kept=kept,
        limit=study["forecast"]["pilot"],
    )
    facts = Facts(study, data, costs, steps.steps)
    return forecast(facts, jobs, rates, speed.interpreted, finished, steps)


def forecast(
    facts: Facts,
    jobs: Sequence[Job],
    rates: Rates,
    interpreted: float = 1.0,
    finished: Sequence[Finished] = (),
    steps: StepCounts | None = None,
) -> Forecast:
    """What jobs will take, rule by rule.

    Args:
        facts: study, contents of its data set, costs of its models.
        jobs: that are to run.
        rates: of the device.
        interpreted: speed at work that is no network's, as a share of the reference machine's.
        finished: jobs that have run: the mean time of a rule's, of the same study, stands for one that runs
            no network.
        steps: where the steps of the facts are from.
    """
    earlier: dict[str, list[float]] = {}
    for done in finished:
        if done.study == facts.study["study"]:
            earlier.setdefault(done.rule, []).append(done.seconds)
    means = {rule: float(np.mean(seconds)) for rule, seconds in earlier.items()}
    rows = [_row(facts, job, rates, means, interpreted) for job in jobs]
    columns = ["rule", *FORMATS]
    by_rule = pd.DataFrame(rows, columns=columns).groupby("rule", sort=False)
    table = by_rule.sum().reset_index()
    total = pd.DataFrame([{"rule": "total", **table[columns[1:]].sum()}])
    table = pd.concat([table, total], ignore_index=True).astype({"jobs": int})
    return Forecast(table, _notes(facts, jobs, rates, steps or StepCounts()))


def _row(
    facts: Facts, job: Job, rates: Rates, means: Mapping[str, float], interpreted: float
) -> tuple[str, int, float, float, float, float, float]:
    """Row of the table for one job."""
    passes = teraflop = device = other = 0.0
    if job.rule in NETWORK_RULES:
        device = START_UP
        for part in work(facts, job):
            cost = facts.costs[part.model]
            passes, teraflop = passes + part.passes, teraflop + part.passes * cost.gigaflops / 1e3
            device += rates.seconds(part, cost)
    elif job.rule in means:
        other = means[job.rule]
    else:
        other = law_of(job.rule).seconds(numbers(facts, job)) / interpreted
    return job.rule, 1, passes, teraflop, device / 3600, other / 3600, megabytes(facts, job)


def _notes(facts: Facts, jobs: Sequence[Job], rates: Rates, steps: StepCounts) -> list[str]:
    """What a reader of the table has to know."""
    rules = {job.rule for job in jobs}
    notes = [
        f"Rate: {rates.source}; and {START_UP:g} s to start a job that runs a network.",
        "A forward and backward pass counts as 3 forward passes where weights learn, else as 2.",
    ]
    if cases := stepped_cases(facts.study, jobs):
        usual = len(cases) - len(steps.recorded) - len(steps.piloted)
        notes.append(
            "Steps of Integrated Gradients, by method and model: from finished maps "
            f"{len(steps.recorded)} times, by a pilot of a few images {len(steps.piloted)} times, as of "
            f"other networks {usual} times."
        )
    if steps.left:
        notes.append(
            f"There was no time for the pilot of {len(steps.left)} of these; give it more seconds "
            "(forecast.pilot)."
        )
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
            "other_hours: mean time of the study's finished jobs of the rule, else by the rule's law "
            "(docs/reference/forecast.md)."
        )
    return notes
