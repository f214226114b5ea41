"""Snakemake says in one sentence that its disk is full."""

import errno
import os
import subprocess
import sys

import pytest

from tests.support.checkout import REPOSITORY
from tests.support.disks import small_disk
from thinkalike.workflow.full_disk import full_disk

SNAKEFILE = """
from thinkalike.workflow.full_disk import say_when_full

say_when_full()


rule make:
    output:
        "made.txt",
    shell:
        "echo made > {output}"
"""


def os_error(number: int, *path: str) -> OSError:
    return OSError(number, os.strerror(number), *path)


def caused_by(cause: BaseException) -> RuntimeError:
    try:
        raise RuntimeError("of a job") from cause
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_found_among_causes_and_in_groups(number):
    sentence = "there is no space left to write a.nc; make room there and run again"
    full = os_error(number, "a.nc")
    for error in (full, caused_by(full), ExceptionGroup("jobs", [ValueError(), caused_by(full)])):
        assert full_disk(error, "unknown").startswith(sentence)
    assert "write .snakemake;" in full_disk(os_error(number), ".snakemake")


def test_other_errors_are_not_of_a_full_disk():
    for error in (None, ValueError("28"), os_error(errno.EACCES, "a.nc"), caused_by(KeyError(28))):
        assert full_disk(error, "unknown") == ""


def test_a_run_and_a_dry_run_without_any_space_say_so_without_a_traceback(tmp_path):
    def snakemake(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--cores", "1", *arguments],
            cwd=disk.folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert "Traceback" not in done.stdout
        return done.returncode, done.stdout

    with small_disk(tmp_path) as disk:
        (disk.folder / "Snakefile").write_text(SNAKEFILE)
        disk.fill()
        for arguments in (("-n",), ()):
            status, output = snakemake(*arguments)
            assert status == 1
            assert f"there is no space left to write {disk.folder}/.snakemake" in output
        (disk.folder / "filler").unlink()
        assert snakemake()[0] == 0
        assert (disk.folder / "made.txt").read_text() == "made\n"
