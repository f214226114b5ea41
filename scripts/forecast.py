"""Print what the study will take: jobs, forward passes, hours and disk (rule forecast)."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.forecast.costs import model_costs
from thinkalike.workflow.forecast.data import dataset_size
from thinkalike.workflow.forecast.forecast import forecast, planned_files, planned_jobs
from thinkalike.workflow.forecast.rates import (
    benchmark_rates,
    finished_jobs,
    given_rate,
    timed_rate,
)
from thinkalike.workflow.jobs import job_log


def ask_snakemake(
    python: str, snakefile: str, config: Mapping[str, Any], *arguments: str
) -> tuple[str, str]:
    """What Snakemake prints about `all` for the same configuration, on its two outputs.

    Of the call that this job is part of nothing else is handed on: it may run on a cluster, with a
    profile or for other targets, and it holds the lock.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE_")}
    with tempfile.TemporaryDirectory() as folder:
        overlay = Path(folder, "config.json")
        overlay.write_text(json.dumps(config), encoding="utf-8")
        command = [python, "-m", "snakemake", "all", "--snakefile", snakefile, "--cores", "1"]
        command += ["--configfile", str(overlay), "--nolock", *arguments]
        done = subprocess.run(command, env=environment, text=True, capture_output=True)
    return done.stdout, done.stderr


def main(
    table: str,
    *,
    python: str,
    snakefile: str,
    config: Mapping[str, Any],
    study: Mapping[str, Any],
    manifest: str,
    results: str,
) -> None:
    jobs = planned_jobs(
        "".join(ask_snakemake(python, snakefile, config, "--dry-run", "--quiet", "rules"))
    )
    files = planned_files(ask_snakemake(python, snakefile, config, "--summary")[0])
    data = dataset_size(study["dataset"], manifest)
    costs, notes = model_costs(study, data.classes)
    finished = finished_jobs(results)
    teraflops = study.get("forecast", {}).get("teraflops")
    rates = given_rate(teraflops) if teraflops else benchmark_rates(finished) or timed_rate()
    answer = forecast(study, jobs, files, data=data, costs=costs, rates=rates, finished=finished)
    write_table(answer.table, table)
    text = "\n".join([answer.text(), *notes])
    log.info("\n%s", text)
    print(text)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.log.table,
            python=snakemake.params.python,
            snakefile=snakemake.params.snakefile,
            config=snakemake.config,
            study=snakemake.params.study,
            manifest=snakemake.params.manifest,
            results=snakemake.params.results,
        )
