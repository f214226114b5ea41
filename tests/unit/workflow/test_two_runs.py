"""Two runs in one folder: side by side on other files, never on the same; one that is dead is undone."""

import json
import logging
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.checkout import REPOSITORY
from thinkalike.errors import InputError
from thinkalike.workflow import snakemake_records
from thinkalike.workflow.leases import OF_JOB, runs, take

SNAKEFILE = f"""
import os, time
include: "{REPOSITORY}/rules/rollback.smk"

rule make:
    output:
        config["file"],
    params:
        text=config["text"],
    run:
        if params.text == "wait":
            with open("waiting", "w") as file:
                file.write(str(os.getpid()))
            while not os.path.exists("go"):
                time.sleep(0.05)
        with open(output[0], "w") as file:
            file.write(params.text)
"""
MADE = "made.txt"
PUT_BACK = "Put back after a run that was broken off, as they were before: made.txt"


class Folder:
    """A folder with a study of one rule."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def start(self, text: str, *arguments: str, file: str = MADE, **environment: str):
        command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
        return subprocess.Popen(
            [*command, "--config", f"text={text}", f"file={file}"],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, text: str, *arguments: str, file: str = MADE, **environment: str):
        """Exit status and output of a run."""
        process = self.start(text, *arguments, file=file, **environment)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output

    @property
    def made(self) -> str | None:
        path = self.root / MADE
        return path.read_text() if path.exists() else None

    def left(self) -> list[str]:
        """Second names, leases, journals."""
        folders = (self.root, self.root / ".snakemake/rollback")
        return [f.name for folder in folders for f in folder.iterdir() if f.suffix in LEFT]

    def lease(self) -> Path:
        (lease,) = self.root.glob(".snakemake/rollback/*.lease")
        return lease


LEFT = (".before", ".lease", ".json")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a study that has been made once."""
    finished = Folder(tmp_path_factory.mktemp("finished"))
    (finished.root / "Snakefile").write_text(SNAKEFILE)
    assert finished.run("old")[0] == 0
    return finished


@pytest.fixture
def folder(finished, tmp_path):
    return Folder(shutil.copytree(finished.root, tmp_path / "copy"))


@pytest.fixture
def first(folder):
    """A run at work, which has removed the older file."""
    process = folder.start("wait")
    end = time.monotonic() + 120
    while not (folder.root / "waiting").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)
    assert folder.made is None
    yield process
    (folder.root / "go").touch()
    process.kill()
    process.communicate()


def kill(process: subprocess.Popen, folder: Folder) -> None:
    """End a run outright, and its job."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    os.kill(int((folder.root / "waiting").read_text()), signal.SIGKILL)


def test_a_second_run_of_a_file_is_refused_whatever_became_of_snakemakes_locks(folder, first):
    assert folder.run("new", file="other.txt")[0] == 0  # its end removes all locks
    assert not list(folder.root.glob(".snakemake/locks/*"))
    status, output = folder.run("new", "--nolock")
    assert status != 0
    assert f"another run works on {MADE} (process {first.pid} on " in output
    assert "Traceback" not in output
    assert folder.run("new", "--dry-run")[0] == 0
    (folder.root / "go").touch()
    assert first.wait(timeout=120) == 0
    assert folder.made == "wait"
    assert folder.left() == []


def test_a_lock_that_a_power_cut_has_emptied_does_not_hide_what_is_to_be_put_back(folder, first):
    kill(first, folder)
    for lock in folder.root.glob(".snakemake/locks/*"):
        lock.write_bytes(b"")
    status, output = folder.run("old")
    assert status == 0, output
    assert PUT_BACK in output
    assert "A run that was broken off has left a lock of this folder" in output
    assert "Nothing to be done" in output
    assert folder.made == "old"
    assert folder.left() == []


def test_a_run_of_another_machine_is_undone_only_when_a_user_says_that_it_has_ended(folder, first):
    kill(first, folder)
    lease = folder.lease()
    elsewhere = {"host": "login2", "boot": "another"}
    lease.write_text(json.dumps(json.loads(lease.read_text()) | elsewhere))
    assert folder.run("old", "--unlock")[0] == 0
    status, output = folder.run("old")
    assert status != 0
    assert "on login2, since " in output
    assert "wait until it has ended" in output
    os.utime(lease, (0, 0))
    status, output = folder.run("old")
    assert status != 0
    assert f"see that it has ended, delete {lease.relative_to(folder.root)}, and run" in output
    assert folder.made is None
    lease.unlink()
    assert PUT_BACK in folder.run("old", "--dry-run")[1]
    assert folder.made == "old"
    assert folder.left() == []


def test_a_job_whose_run_has_ended_does_not_begin(folder):
    status, output = folder.run("new", "--mode", "subprocess", **{OF_JOB: "absent.lease"})
    assert status != 0
    assert "The run that has started this job has ended" in output
    assert folder.made == "old"


def test_a_run_that_begins_while_another_looks_for_dead_ones_is_not_taken_for_one(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)

    def runs_and_another(folder, *arguments):
        known = runs(folder, *arguments)
        take(folder, ["a"], [])
        return known

    monkeypatch.setattr(snakemake_records, "runs", runs_and_another)
    rollback = snakemake_records.Rollback(object(), logging.getLogger())
    assert rollback._ended(math.inf) == []


def test_files_that_are_just_being_written_are_neither_runs_nor_journals(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lease = take(snakemake_records.RUNS, ["a"], [])
    for ending in ("json", "lease"):  # the names that `atomic` gives
        (snakemake_records.RUNS / f".{lease.run}.7.{ending}").touch()
    rollback = snakemake_records.Rollback(object(), logging.getLogger())
    assert rollback._ended(math.inf) == []
    with pytest.raises(InputError, match="another run works on a "):
        take(snakemake_records.RUNS, ["a"], [])
    take(snakemake_records.RUNS, ["b"], []).release()
    lease.release()
