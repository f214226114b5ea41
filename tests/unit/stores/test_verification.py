"""All files of a study checked in one go."""

from pathlib import Path

import pytest

from thinkalike.errors import InputError
from thinkalike.stores.atomic import atomic
from thinkalike.stores.checksums import digest
from thinkalike.stores.verification import files_of, refuse_damaged, verify


def write(path: Path, text: str) -> Path:
    with atomic(path) as temporary:
        temporary.write_text(text)
    return path


@pytest.fixture
def study(tmp_path) -> Path:
    """Two files of jobs, one of nobody's, four of Snakemake, and one that was set aside."""
    write(tmp_path / "pairs.csv", "a,b\n1,2\n")
    write(tmp_path / "figures/pairs.svg", "<svg/>")
    snakemakes = ("report.zip", "report/report.html", "logs/pairs.log", "benchmarks/pairs.tsv")
    for name in (*snakemakes, "notes.txt", "pairs.csv.damaged"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_files_of_jobs_are_counted_and_others_named(study):
    found = verify(files_of(study), {})
    assert (found.files, found.bytes, found.damaged) == (2, 8 + 6, [])
    assert found.unknown == [study / "notes.txt"]
    assert str(found).startswith(
        "2 files, 0.0 MB, checked in 0.0 s: none damaged; 1 have no checksum"
    )
    refuse_damaged(found)


def test_every_damaged_file_is_a_line(study):
    (study / "pairs.csv").write_text("a,b\n1,3\n")
    (study / "figures/pairs.svg").write_text("")
    images = {study / name: digest(b"image") for name in ("whole.png", "other.png", "gone.png")}
    (study / "whole.png").write_bytes(b"image")
    (study / "other.png").write_bytes(b"Image")
    found = verify([study / "pairs.csv", study / "figures/pairs.svg"], images)
    lines = [line.removeprefix(f"{study}/").partition(":")[0] for line in found.damaged]
    assert lines == ["pairs.csv", "figures/pairs.svg", "other.png", "gone.png"]
    assert found.damaged[-1].endswith("gone.png: No such file or directory")
    assert (found.files, found.bytes) == (1, 5)
    with pytest.raises(InputError, match=r"1 files, .*: 4 damaged; delete what is named above"):
        refuse_damaged(found)
