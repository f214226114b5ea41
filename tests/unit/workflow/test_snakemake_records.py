"""Files of failing jobs are restored through private names of Snakemake, or a warning says that not."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import snakemake.api

from tests.support.checkout import REPOSITORY
from tests.support.disks import small_disk
from thinkalike.workflow import snakemake_records
from thinkalike.workflow.snakemake_records import (
    UNREADABLE,
    FilePersistence,
    MetadataRecord,
    SnakemakeRecords,
    distrust_unreadable_records,
    missing_names,
)

SNAKEFILE = f"""
{{hide}}

include: "{REPOSITORY}/rules/rollback.smk"


rule make:
    output:
        "made.txt",
    params:
        text=config["text"],
    run:
        if params.text == "fail":
            raise ValueError("of this job")
        with open(output[0], "w") as file:
            file.write(params.text)
"""
HIDE = """
import snakemake.persistence.file
del snakemake.persistence.file.FilePersistence
"""
WARNING = "The older files of jobs that fail are not restored"
RESTORED = "Put back the files of jobs that did not finish, as they were before: made.txt"


Workflow = snakemake.api.Workflow


class Tiny:
    """A study of one rule, which fails where its text is `fail`."""

    def __init__(self, root: Path, hide: str) -> None:
        self.root = root
        (root / "Snakefile").write_text(SNAKEFILE.format(hide=hide))

    def run(self, text: str, *arguments: str) -> tuple[int, str]:
        """Exit status and output of a run."""
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--config", f"text={text}"]
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    @property
    def made(self) -> str | None:
        path = self.root / "made.txt"
        return path.read_text() if path.exists() else None


@pytest.fixture
def persistence(tmp_path, monkeypatch):
    """Snakemake's records in a folder, and a guard against damaged ones."""
    monkeypatch.setattr(FilePersistence, "_read_record", FilePersistence._read_record)
    distrust_unreadable_records()
    return FilePersistence(path=tmp_path / ".snakemake")


def test_the_older_file_of_a_job_that_fails_is_restored_with_its_record(tmp_path):
    tiny = Tiny(tmp_path, hide="")
    assert tiny.run("old")[0] == 0
    status, output = tiny.run("fail")
    assert status != 0
    assert RESTORED in output
    assert WARNING not in output
    assert tiny.made == "old"
    assert "Nothing to be done" in tiny.run("old", "-n")[1]


def test_with_a_snakemake_whose_names_have_moved_a_run_warns_once_and_works(tmp_path):
    tiny = Tiny(tmp_path, HIDE)
    for arguments in (("-n",), ()):
        status, output = tiny.run("old", *arguments)
        assert status == 0, output
        assert output.count(WARNING) == 1
        assert "cannot import name 'FilePersistence'" in output
    assert tiny.made == "old"
    status, output = tiny.run("fail")
    assert status != 0
    assert "of this job" in output
    assert RESTORED not in output
    assert not (tmp_path / ".snakemake/rollback").exists()


DAMAGED = [b"", b"\0\0\0", b'{"params": ', b"\xff\xfe", b'{"rule": [[]]}', b"[]"]


@pytest.mark.parametrize("content", DAMAGED)
def test_no_job_has_the_parameters_of_a_damaged_record(content, persistence):
    persistence._write_record("made.txt", MetadataRecord(params=["old"], endtime=1.0))
    records = SnakemakeRecords(persistence)
    assert persistence._read_record("made.txt").params == ["old"]
    Path(persistence._record_path(persistence._metadata_path, "made.txt")).write_bytes(content)
    persistence._clear_cache()
    assert persistence._read_record("made.txt").params == [UNREADABLE]
    # for those who restore it, there is none
    assert records.read("made.txt") is None
    records.write("made.txt", None)
    assert persistence._read_record("made.txt") is None


def test_a_file_whose_record_is_empty_is_planned_again(tmp_path):
    tiny = Tiny(tmp_path, hide="")
    assert tiny.run("old")[0] == 0
    (record,) = (path for path in (tmp_path / ".snakemake/metadata").rglob("*") if path.is_file())
    record.write_bytes(b"")
    status, output = tiny.run("old", "-n")
    assert status == 0, output
    assert UNREADABLE in output


def test_a_run_whose_journal_is_empty_is_undone_all_the_same(tmp_path):
    tiny = Tiny(tmp_path, hide="")
    assert tiny.run("old")[0] == 0
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    run = f"{socket.gethostname()}.{ended.pid}"
    (tmp_path / "made.txt").rename(tmp_path / f".made.txt.{run}.before")
    (tmp_path / ".snakemake/rollback" / f"{run}.json").touch()
    status, output = tiny.run("old", "-n")
    assert status == 0, output
    assert "Traceback" not in output
    assert output.count("older files were put back by their second names") == 1
    assert tiny.made == "old"
    assert "Nothing to be done" in output


def test_records_and_marks_that_were_flushed_survive_a_power_cut(tmp_path):
    path = "results/" + "long/" * 60 + "made.txt"  # its record lies in several folders
    with small_disk(tmp_path) as disk:
        persistence = FilePersistence(path=disk.folder / ".snakemake")
        records = SnakemakeRecords(persistence)
        for made in (path, "made.txt"):
            records.write(made, {"params": ["old"], "endtime": 1.0})
            records.set_incomplete(made, True)
        records.flush([path, "made.txt", "never_made.txt"])
        disk.cut_power()
        for made in (path, "made.txt"):
            assert records.read(made)["params"] == ["old"]
            assert records.is_incomplete(made)


def test_no_name_is_missing_in_the_snakemake_that_the_lock_names():
    assert missing_names(Workflow) == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("FilePersistence", "_mark_incomplete"),
        ("FilePersistence", "_params"),
        ("MetadataRecord", "model_validate"),
        ("DAG", "needrun_jobs"),
    ],
)
def test_a_name_that_has_moved_is_missing(owner, name, monkeypatch):
    names = {*dir(getattr(snakemake_records, owner))} - {name}
    moved = type(owner, (), {key: None for key in names if not key.startswith("__")})
    monkeypatch.setattr(snakemake_records, owner, moved)
    assert missing_names(Workflow) == [f"{owner}.{name}"]


def test_a_property_of_the_workflow_that_has_moved_is_missing():
    assert missing_names(object) == [
        f"object.{name}" for name in ("dag", "is_main_process", "persistence", "touch")
    ]


def test_private_names_of_snakemake_are_imported_in_one_place():
    sources = [
        *REPOSITORY.glob("thinkalike/**/*.py"),
        *REPOSITORY.glob("scripts/*.py"),
        *REPOSITORY.glob("*/*.smk"),
        REPOSITORY / "Snakefile",
    ]
    public = r"snakemake(_interface_\w+|\.(api|exceptions|settings|utils))[ .]"
    found = {
        path.name
        for path in sources
        for line in path.read_text().splitlines()
        if re.match(r" *(from|import) snakemake", line)
        and not re.match(rf" *(from|import) {public}", line)
    }
    assert found == {"snakemake_records.py"}
