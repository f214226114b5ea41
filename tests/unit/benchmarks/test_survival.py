"""Files after runs that were broken off are counted: newer, older, lost, stale."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.survival import RESULTS, Count, compare, state_of
from tests.support.checkout import Run

OLDER = {"kept.csv": b"1", "made.csv": b"1", "cut.csv": b"1", "gone.csv": b"1", "same.csv": b"1"}
NEWER = dict.fromkeys(OLDER, b"2") | {"same.csv": b"1"}


@dataclass
class Broken:
    """A checkout whose run was broken off; the next one makes all files but one."""

    root: Path
    calls: list[str] = field(default_factory=list)

    def snakemake(self, *arguments: str, overlay: Path) -> Run:
        self.calls.append(arguments[0])
        if arguments[0].startswith("results"):
            self.write(NEWER | {"kept.csv": b"1"})
        return Run(0, "")

    def write(self, files: dict[str, bytes]) -> None:
        folder = self.root / RESULTS
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        (folder / "logs/job.log").touch()
        (folder / ".kept.csv.xxh3").touch()
        for name, content in files.items():
            (folder / name).write_bytes(content)


def test_each_file_is_counted_as_what_it_is(tmp_path, capsys):
    checkout = Broken(tmp_path)
    checkout.write({"kept.csv": b"1", "made.csv": b"2", "cut.csv": b"", "same.csv": b"1"})
    assert state_of(checkout).keys() == OLDER.keys() - {"gone.csv"}
    count = Count("killed")
    compare(checkout, Path("newer.yaml"), OLDER, NEWER, count)
    assert count == Count("killed", runs=1, files=5, newer=1, lost=2, stale=1)
    assert checkout.calls[:2] == ["--dry-run", "--unlock"]
    assert capsys.readouterr().err == ""
