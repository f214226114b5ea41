"""A study through SLURM, from the data set to the report, beside the same study without it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.slurm.conftest import Site, fitted
from tests.slurm.private_slurm import Cluster
from tests.support.checkout import copy_of_repository

# one process: they share a cluster
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("slurm")]

STUDY = Path("tests/slurm/study.yaml")
TARGETS = ["similarity", "histograms", "clusters", "panels"]
RESULTS = Path("results/submitted")
GUARD = Path(__file__).with_name("guard")
SUBMISSIONS = (
    1  # images and segments
    + 2 * (1 + 1 + 2)  # of each model weights, predictions, maps by two methods
    + 2  # of each method similarities and what is made of them
    + 1  # panel
)


class Submitted(NamedTuple):
    site: Site
    jobs: list[dict[str, str]]
    environment: Mapping[str, str]


@pytest.fixture(scope="module")
def submitted(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Submitted]:
    """The study through SLURM, where no job can reach the network."""
    checkout = copy_of_repository(tmp_path_factory.mktemp("submitted"))
    profile = checkout.root / "profiles/slurm/profile.yaml"
    fitted(profile)
    # networks on the CPU, on one thread each: this machine may be small and busy
    text = profile.read_text().replace("    gpu: 1\n", "    gpu: 0\n")
    profile.write_text(re.sub(r"(?m)^(  \w+): 2$", r"\1: 1", text))
    (checkout.root / "guard").mkdir()
    environment = {"PYTHONPATH": str(GUARD), "GUARD": str(checkout.root / "guard")}
    site = Site(checkout.root, cluster)
    before = len(cluster.ended())
    run = site.start(*TARGETS, "--configfile", str(STUDY), environment=environment)
    try:
        site.finish(run, seconds=600)
        yield Submitted(site, cluster.ended()[before:], environment)
    finally:
        site.end()


def test_a_study_through_slurm_makes_the_same_bytes_as_one_without_it(submitted, checkout):
    run = checkout.snakemake(*TARGETS, overlay=STUDY)
    assert run.status == 0, run.output[-5000:]

    ours, theirs = (_files(root) for root in (checkout.root, submitted.site.root))
    assert len(ours) > 60
    assert list(ours) == list(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_rules_of_the_cpu_are_submitted_in_groups_and_no_job_twice(submitted):
    assert len(submitted.jobs) == SUBMISSIONS
    assert {job["JobState"] for job in submitted.jobs} == {"COMPLETED"}
    assert sum(job["Partition"] == "gpu" for job in submitted.jobs) == 2 * (1 + 1 + 2)


def test_no_job_wants_the_network(submitted):
    notes = submitted.site.root / "guard"
    assert {job["JobId"] for job in submitted.jobs} <= {
        note.stem for note in notes.glob("*.guarded")
    }
    assert [note.read_text() for note in notes.glob("*.refused")] == []

    # the guard is no scarecrow; 192.0.2.1 is an address for documentation, where nobody is
    call = "import socket; socket.create_connection(('192.0.2.1', 443), 1)"
    refused = subprocess.run(
        [sys.executable, "-c", call],
        env=os.environ | submitted.environment,
        capture_output=True,
        text=True,
    )
    assert "192.0.2.1 must not be reached from a job" in refused.stderr
    (notes / "none.refused").unlink()


def test_a_study_through_slurm_is_finished_and_has_its_report(submitted):
    site = submitted.site
    options = ("--configfile", str(STUDY))
    again = site.finish(site.start(*TARGETS, *options, environment=submitted.environment))
    assert "Nothing to be done" in again

    site.finish(
        site.start("--report", "report.html", *TARGETS, *options, environment=submitted.environment)
    )
    report = (site.root / "report.html").read_text()
    assert "heat_map" in report
    assert "image 000" in report


def _files(root: Path) -> dict[str, bytes]:
    """Results by name, but for logs and benchmarks, which hold times."""
    results = root / RESULTS
    times = {results / "logs", results / "benchmarks"}
    return {
        str(file.relative_to(results)): file.read_bytes()
        for file in sorted(results.rglob("*"))
        if file.is_file() and file.suffix != ".xxh3" and times.isdisjoint(file.parents)
    }
