"""The forecast of a whole study: as a target, as a command, and beside what jobs really did."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

from tests.support.configuration import tiny
from thinkalike.workflow.forecast.costs import model_costs
from thinkalike.workflow.forecast.facts import Facts, known_contents
from thinkalike.workflow.forecast.finished import RATED_RULES, finished_jobs
from thinkalike.workflow.forecast.kept import Kept
from thinkalike.workflow.forecast.passes import work
from thinkalike.workflow.forecast.plan import Job
from thinkalike.workflow.study import Study


def forecast_command(checkout, *arguments):
    """Output of the command, called as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "thinkalike.workflow.forecast", *map(str, arguments)],
        cwd=checkout.root,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        text=True,
        capture_output=True,
    )


def test_a_forecast_is_made_anew_by_every_call_and_leaves_no_file_of_the_study(checkout):
    overlay = checkout.overlay(forecast={"teraflops": 0.1})
    plan = checkout.plan(overlay=overlay)
    before = set((checkout.root / "resources").rglob("*"))
    command = forecast_command(checkout, "--configfile", overlay)
    assert command.returncode == 0, command.stderr
    (total,) = re.findall(r"^ *total .*$", command.stdout, re.MULTILINE)
    run = checkout.snakemake("forecast", overlay=overlay)
    assert run.status == 0, run.output
    assert len(re.findall(r"^ *rule +jobs +passes .*$", run.output, re.MULTILINE)) == 1
    # jobs, passes and operations; the hours follow the speed that is measured each time
    assert total.split()[:4] in [line.split()[:4] for line in run.output.splitlines()]
    assert checkout.plan("forecast", overlay=overlay) == {"forecast": 1}
    results = checkout.root / "results/tiny"
    made = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    assert made == {"forecast.csv", ".forecast.csv.xxh3", "logs/forecast.log"}
    assert set((checkout.root / "resources").rglob("*")) == before
    jobs = pd.read_csv(results / "forecast.csv").set_index("rule")["jobs"].to_dict()
    assert jobs.pop("total") == sum(plan.values())
    assert jobs == plan


def test_a_command_that_cannot_plan_says_why_in_a_sentence(checkout):
    nowhere = forecast_command(checkout, "--configfile", "nowhere.yaml")
    assert nowhere.returncode == 1
    assert re.fullmatch(r"nowhere\.yaml cannot be read .*\n", nowhere.stderr)
    overlay = checkout.overlay(models=["vitt"])
    wrong = forecast_command(checkout, "--configfile", overlay)
    assert wrong.returncode == 1
    assert "'vit'" in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_jobs_of_a_finished_study_did_what_is_forecast_for_them(finished, monkeypatch):
    """Rates are operations over seconds: both must count the same operations for the same job."""
    monkeypatch.chdir(finished.root)
    study = Study.of(tiny())
    data = known_contents(study["dataset"], "resources/datasets/digits/manifest.parquet")
    facts = Facts(study, data, model_costs(study, len(data.classes), Kept("never_written")))
    maps = Path("results/tiny/explanations").glob("*/*.nc")
    jobs = [
        *(
            Job(rule, {"model": m})
            for rule in ("train_model", "predict_images")
            for m in study.compared
        ),
        *(Job("explain_images", {"method": m.parent.name, "model": m.stem}) for m in maps),
    ]
    expected = [
        (job.rule, part.kind, part.model, part.passes, facts.costs[part.model])
        for job in jobs
        for part in work(facts, job)
    ]
    measured = [
        (done.rule, done.work.kind, done.work.model, done.work.passes, done.cost)
        for done in finished_jobs("results")
        if done.rule in RATED_RULES
    ]
    for done, planned in zip(sorted(measured, key=str), sorted(expected, key=str), strict=True):
        assert done == planned
