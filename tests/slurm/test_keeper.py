"""No process of a cluster outlives the tests, however they end."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.slurm.keeper import processes_of
from tests.slurm.private_slurm import wait_until, why_not
from tests.support.checkout import REPOSITORY

FAKE = """
import os, subprocess, sys, tempfile, time
from pathlib import Path
from tests.slurm.keeper import kept

root = Path(tempfile.mkdtemp(prefix="kept-"))
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
with kept(root):
    # a daemon, one that does not listen, and a job in a session of its own
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(root)])
    subprocess.Popen([sys.executable, "-c", stubborn, str(root)])
    environment = {**os.environ, "SLURM_CONF": f"{root}/slurm.conf"}
    subprocess.Popen(["sleep", "600"], env=environment, start_new_session=True)
    print(root, flush=True)
    time.sleep(float(sys.argv[1]))
"""
REAL = """
import time
from tests.slurm.private_slurm import running_cluster

with running_cluster() as cluster:
    cluster.ask("sbatch", "--wrap", "sleep 600", "--output", f"{cluster.root}/job.out")
    while not cluster.jobs("RUNNING"):
        time.sleep(0.1)
    print(cluster.root, flush=True)
    time.sleep(600)
"""


def started(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )


def gone(root: Path) -> bool:
    return not processes_of(str(root)) and not root.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, None])
def test_no_process_of_a_folder_outlives_the_one_that_keeps_it(number):
    other = subprocess.Popen(["sleep", "600"])
    process = started(FAKE, 600 if number else 0.5)
    root = Path(process.stdout.readline().strip())
    assert len(processes_of(str(root))) >= 3
    if number:
        process.send_signal(number)
    process.wait(30)
    wait_until(lambda: gone(root), "all are gone")
    assert other.poll() is None
    other.kill()
    other.wait()


@pytest.mark.slow
@pytest.mark.xdist_group("slurm")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_of_slurm_outlives_the_tests(number):
    if reason := why_not():
        pytest.skip(reason)
    process = started(REAL)
    root = Path(process.stdout.readline().strip())
    assert root.is_dir()
    assert len(processes_of(str(root))) >= 5, "munged, slurmctld, two slurmd, a step or its job"
    process.send_signal(number)
    process.wait(30)
    wait_until(lambda: gone(root), "SLURM is gone", 40)
