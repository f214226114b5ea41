"""A finished study to experiment on: made once, copied for every test that changes something."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

REPOSITORY = Path(__file__).resolve().parents[1]
TINY = Path("tests/workflow/tiny.yaml")
Overlay = Path | Sequence[Path] | None


@dataclass
class Run:
    """What a call of Snakemake came to."""

    status: int
    output: str

    @property
    def jobs(self) -> dict[str, int]:
        """Rule → number of jobs, from the table of a dry run; empty if nothing is to be done."""
        table = re.search(r"^job +count\n-+ +-+\n((?:\w+ +\d+\n)+)", self.output, re.MULTILINE)
        if table is None:
            return {}
        rows = [line.split() for line in table[1].splitlines()]
        return {rule: int(count) for rule, count in rows if rule not in ("total", "all")}


@dataclass
class Checkout:
    """A copy of the repository."""

    root: Path

    def snakemake(
        self,
        *arguments: str,
        overlay: Overlay = TINY,
        environment: Mapping[str, str] | None = None,
        minutes: float = 15,
    ) -> Run:
        """Run Snakemake there, with an overlay, or several on top of each other."""
        process = self.start(*arguments, overlay=overlay, environment=environment)
        try:
            output, _ = process.communicate(timeout=60 * minutes)
        finally:
            process.kill()
        return Run(process.returncode, output)

    def start(
        self,
        *arguments: str,
        overlay: Overlay = TINY,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start Snakemake there and go on."""
        overlays = [overlay] if isinstance(overlay, Path) else overlay or []
        configuration = ["--configfile", *map(str, overlays)] if overlays else []
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments, *configuration]
        # paths of this test run must not reach the jobs
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**inherited, **(environment or {})},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # who runs the tests in the background may ignore it, and so would Snakemake
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def plan(self, *arguments: str, overlay: Overlay = TINY) -> dict[str, int]:
        """Jobs of a dry run."""
        run = self.snakemake("--dry-run", *arguments, overlay=overlay)
        assert run.status == 0, run.output
        return run.jobs

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} no longer has {old!r}"
        file.write_text(text.replace(old, new, 1))

    def overlay(self, name: str = "changed.yaml", **changes: object) -> Path:
        """The tiny study with changes, merged as Snakemake merges overlays."""
        content = yaml.safe_load((self.root / TINY).read_text())
        _merge(content, changes)
        (self.root / name).write_text(yaml.safe_dump(content))
        return Path(name)


def _merge(base: dict, changes: dict) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def files_of_repository() -> list[str]:
    """What git tracks or would, by its path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def copy_of_repository(target: Path) -> Checkout:
    for name in files_of_repository():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name)
    return Checkout(target)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh copy of the repository, without results."""
    return copy_of_repository(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The tiny study, run once, also where processes share the tests; not to be changed."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / "finished", shared / "finished.done"
    with FileLock(shared / "finished.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            run = copy_of_repository(folder).snakemake(minutes=30)  # beside other tests
            assert run.status == 0, run.output
            done.touch()
    return Checkout(folder)


@pytest.fixture(scope="session")
def finished_maps(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Grad-CAM maps of two untrained networks and how similar they are; not to be changed."""
    checkout = copy_of_repository(tmp_path_factory.mktemp("maps"))
    run = checkout.snakemake(
        "results/maps/dissimilarity/gradcam/cosine/all.csv",
        overlay=Path("tests/workflow/maps.yaml"),
    )
    assert run.status == 0, run.output
    return checkout


@pytest.fixture
def maps_study(finished_maps: Checkout, tmp_path: Path) -> Checkout:
    """A copy of these maps, in another folder, to change at will."""
    shutil.copytree(finished_maps.root, tmp_path / "study", symlinks=True)
    return Checkout(tmp_path / "study")


@pytest.fixture
def study(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished study, in another folder, to change at will."""
    shutil.copytree(finished.root, tmp_path / "study", symlinks=True)
    return Checkout(tmp_path / "study")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: where processes share the tests, none of them waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
