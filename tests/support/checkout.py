"""Copies of the repository for tests to run Snakemake in and to change."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from snakemake.utils import update_config

REPOSITORY = Path(__file__).resolve().parents[2]
TINY = Path("tests/workflow/tiny.yaml")
EVERYTHING = ("all", "extras", "published")
"""Targets of a study, what else can be learned of its models, and the published examples."""
Overlay = Path | Sequence[Path] | None


@dataclass
class Run:
    """Exit status and terminal output of a call of Snakemake."""

    status: int
    output: str

    @property
    def jobs(self) -> dict[str, int]:
        """Rule → number of jobs, from the table of a dry run; empty if nothing is to be done."""
        table = re.search(r"^job +count\n-+ +-+\n((?:\w+ +\d+\n)+)", self.output, re.MULTILINE)
        if table is None:
            return {}
        rows = [line.split() for line in table[1].splitlines()]
        return {rule: int(count) for rule, count in rows if rule not in ("total", *EVERYTHING)}


@dataclass
class Checkout:
    """A copy of the repository in the folder `root`."""

    root: Path

    def snakemake(
        self,
        *arguments: str,
        overlay: Overlay = TINY,
        environment: Mapping[str, str] | None = None,
        minutes: float = 15,
    ) -> Run:
        """Run Snakemake in this copy, with an overlay, or several on top of each other."""
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
        """Start Snakemake in this copy without waiting for it."""
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
            # a shell that runs tests in the background ignores it, and Snakemake would inherit that
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def plan(self, *arguments: str, overlay: Overlay = TINY) -> dict[str, int]:
        """Rule → number of jobs of a dry run."""
        run = self.snakemake("--dry-run", *arguments, overlay=overlay)
        assert run.status == 0, run.output
        return run.jobs

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the first occurrence of a text in a file; it must be there."""
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} no longer has {old!r}"
        file.write_text(text.replace(old, new, 1))

    def overlay(self, name: str = "changed.yaml", **changes: object) -> Path:
        """Write the tiny study with changes to its sections; the path for `overlay` arguments."""
        content = yaml.safe_load((self.root / TINY).read_text())
        update_config(content, changes)
        (self.root / name).write_text(yaml.safe_dump(content))
        return Path(name)


def repository_files() -> list[str]:
    """Paths, from the root, of the files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def copy_of_repository(target: Path) -> Checkout:
    """Copy the files of the repository to a folder."""
    for name in repository_files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, target / name)
    return Checkout(target)


def copy_of_checkout(checkout: Checkout, target: Path) -> Checkout:
    """Copy a checkout with its results to a folder."""
    shutil.copytree(checkout.root, target, symlinks=True)
    return Checkout(target)
