"""SLURM for the tests of this folder, started once, and Snakemake that submits to it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.slurm.private_slurm import Cluster, running_cluster, why_not

REPOSITORY = Path(__file__).resolve().parents[2]
LAUNCHER = Path(__file__).with_name("fast_poll.py")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A SLURM of our own, until the last test has ended."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with running_cluster() as cluster:
        yield cluster


@dataclass
class Site:
    """A folder with a Snakefile, and the cluster that its jobs go to."""

    root: Path
    cluster: Cluster
    started: list[subprocess.Popen] = field(default_factory=list)

    def start(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen:
        """Start Snakemake with the profile for SLURM, made impatient; `finish` waits for it."""
        command = [
            *(sys.executable, str(LAUNCHER), "--workflow-profile", "profiles/slurm"),
            *("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"),
            *arguments,
        ]
        # paths of this test run must not reach the jobs
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        with (self.root / "terminal.txt").open("w") as terminal:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=inherited | self.cluster.environment | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
            )
        self.started.append(process)
        return process

    def finish(self, process: subprocess.Popen, seconds: float = 120) -> str:
        """Wait until Snakemake has ended well: what it said."""
        status = process.wait(seconds)
        said = (self.root / "terminal.txt").read_text()
        assert status == 0, said[-5000:]
        return said

    def end(self) -> None:
        """End what a test has left behind: as Ctrl-C, so that Snakemake cancels its jobs."""
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def fitted(profile: Path) -> None:
    """Fill the profile in for our cluster: two GPUs, which have a partition of their own."""
    text = profile.read_text()
    for old, new in (
        ("    # slurm_partition: gpu", "    slurm_partition: gpu"),
        ("  # - slurm_partition=cpu", "  - slurm_partition=cpu"),
        ("resources: [gpu=4]", "resources: [gpu=2]"),
    ):
        assert old in text, f"{profile} no longer has {old!r}"
        text = text.replace(old, new)
    profile.write_text(text)


@pytest.fixture
def probe(cluster: Cluster, tmp_path: Path) -> Iterator[Site]:
    """Rules that are called like ours and only say what they were given, with our profile."""
    shutil.copytree(REPOSITORY / "profiles", tmp_path / "profiles")
    shutil.copy(Path(__file__).with_name("probe.smk"), tmp_path / "Snakefile")
    fitted(tmp_path / "profiles/slurm/profile.yaml")
    site = Site(tmp_path, cluster)
    yield site
    site.end()
