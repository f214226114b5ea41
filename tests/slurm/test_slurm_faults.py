"""What a cluster does to jobs: GPUs for some, others cancelled or failed, and a node without its daemon."""

from datetime import datetime

import pytest

from tests.slurm.private_slurm import wait_until

# one process: they share a cluster
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("slurm")]


def test_no_more_jobs_are_submitted_than_there_are_gpus_and_each_has_its_own(probe):
    before = len(probe.cluster.ended())
    run = probe.start(*(f"devices/{i}.txt" for i in range(4)))
    probe.finish(run)

    ran = []
    for file in sorted((probe.root / "devices").glob("*.txt")):
        device, start, end = file.read_text().split()
        ran.append((device, float(start), float(end)))
    assert len(ran) == 4
    assert {device for device, _, _ in ran} == {"0", "1"}
    for i, (device, start, end) in enumerate(ran):
        for other, its_start, its_end in ran[:i]:
            if start < its_end and its_start < end:
                assert device != other, ran

    jobs = probe.cluster.ended()[before:]
    assert len(jobs) == 4
    assert {job["Partition"] for job in jobs} == {"gpu"}
    in_flight = [
        sum(
            _at(other, "SubmitTime") <= _at(job, "SubmitTime") < _at(other, "EndTime")
            for other in jobs
        )
        for job in jobs
    ]
    assert max(in_flight) == 2, jobs


def test_a_job_that_is_cancelled_while_it_runs_is_done_again_with_more_memory_and_time(probe):
    before = len(probe.cluster.ended())
    run = probe.start("weights.txt")
    wait_until((probe.root / "started").exists, "the job runs", 60)
    (job,) = probe.cluster.jobs("RUNNING")
    assert job["memory"] == "8000M"
    probe.cluster.ask("scancel", job["id"])
    probe.finish(run)

    first, second = probe.cluster.ended()[before:]
    assert (first["JobId"], first["JobState"]) == (job["id"], "CANCELLED")
    assert second["JobState"] == "COMPLETED"
    assert (first["TimeLimit"], second["TimeLimit"]) == ("240", "480")
    assert (_memory(first), _memory(second)) == (8000, 16000)
    assert (probe.root / "weights.txt").read_text().split() == ["16000", "480"]


def test_a_group_whose_first_try_fails_is_done_again_with_more_memory(probe):
    before = len(probe.cluster.ended())
    probe.finish(probe.start("dissimilarity.txt"))

    first, second = probe.cluster.ended()[before:]
    assert (first["JobState"], second["JobState"]) == ("FAILED", "COMPLETED")
    assert _memory(second) == 2 * _memory(first)


def test_a_run_outlives_the_daemon_of_a_node(probe):
    before = len(probe.cluster.ended())
    run = probe.start("predictions.txt")
    wait_until((probe.root / "started").exists, "the job runs", 60)
    probe.cluster.stop("n1")
    (probe.root / "go").touch()
    wait_until((probe.root / "predictions.txt").exists, "the job goes on without slurmd", 20)
    probe.cluster.start_node("n1")
    probe.finish(run)

    (job,) = probe.cluster.ended()[before:]
    assert (job["JobState"], job["NodeList"]) == ("COMPLETED", "n1")
    wait_until(lambda: "n1" in probe.cluster.idle(), "the node is back")


def _at(job: dict[str, str], event: str) -> datetime:
    return datetime.fromisoformat(job[event])


def _memory(job: dict[str, str]) -> int:
    """Megabytes that a job asked for, from cpu=2,mem=8000M,…"""
    amount = dict(part.split("=", 1) for part in job["Tres"].split(","))["mem"]
    return round(float(amount[:-1]) * {"M": 1, "G": 1024}[amount[-1]])
