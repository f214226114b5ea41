"""What is left of a study whose runs are broken off: `python -m benchmarks.survival --rounds 10`.

A small study is finished with one setting, and asked for others; each run is broken off at a moment drawn
from its usual duration. Three ways: Snakemake is killed and its jobs live on; all processes are killed;
the power is cut, on ext4 and on XFS (small disks in files, for the superuser). After each the next start
puts back what it can, and every file is compared, byte for byte, with what the older and the newer setting
give in a run that nobody disturbs. Then the run is started again, to its end, and compared again.
"""

import random
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import psutil
import yaml

from tests.support.checkout import REPOSITORY, Checkout, copy_of_repository
from tests.support.disks import Disk, small_disk

STUDY = Path("tests/workflow/maps.yaml")
MODEL = "byobnet_untrained"
TARGET = "results/maps/dissimilarity/gradcam/cosine/all.csv"
RESULTS = "results/maps"
SIZE = 320
"""MiB of a disk for a checkout with its results."""

WAYS = ("Snakemake killed", "all killed", "power cut, ext4", "power cut, XFS")
OVERLAYS = (Path("older.yaml"), Path("newer.yaml"))

LATEST = 1.2
"""The latest moment, as a part of the usual duration: some runs have just ended."""

State = Mapping[str, bytes]
"""Path → bytes of each result."""


@dataclass
class Count:
    """What was found after runs that were broken off.

    Attributes:
        way: how they were.
        runs: number of runs.
        files: results that were compared, in all runs.
        newer: of these, files that the broken run had finished.
        lost: files that are missing, or are neither the older nor the newer ones.
        stale: files that are not the newer ones after the next run has ended.
        failed: runs, or dry runs, that did not end well after it.
    """

    way: str
    runs: int = 0
    files: int = 0
    newer: int = 0
    lost: int = 0
    stale: int = 0
    failed: int = 0


def main(arguments: list[str] | None = None) -> None:
    """Print what is left after runs that were broken off in each way."""
    parser = ArgumentParser("python -m benchmarks.survival", description=main.__doc__)
    parser.add_argument(
        "--rounds", type=int, default=10, help="runs that are broken off in each way"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    chosen = parser.parse_args(arguments)
    moments = random.Random(chosen.seed)
    counts = []
    with TemporaryDirectory() as folder:
        undisturbed = prepared(Path(folder) / "undisturbed")
        states, durations = [], []
        for overlay in (*OVERLAYS, OVERLAYS[0]):
            start = time.monotonic()
            finish(undisturbed, overlay)
            durations.append(time.monotonic() - start)
            states.append(state_of(undisturbed))
        for way in WAYS:
            with place(way, Path(folder)) as (root, disk):
                checkout = prepared(root)
                finish(checkout, OVERLAYS[0])
                count = Count(way)
                for number in range(chosen.rounds):
                    older, newer = states[number % 2], states[(number + 1) % 2]
                    overlay = OVERLAYS[(number + 1) % 2]
                    broken_off(
                        checkout, overlay, moments.uniform(0, LATEST * durations[1]), way, disk
                    )
                    compare(checkout, overlay, older, newer, count)
                counts.append(count)
                print(count, flush=True)
    print(pd.DataFrame(counts).to_markdown(index=False))


@contextmanager
def place(way: str, folder: Path) -> Iterator[tuple[Path, Disk | None]]:
    """Folder for a checkout, on a disk of its own where the power is to be cut."""
    if not way.startswith("power cut"):
        yield folder / way.replace(" ", "_"), None
        return
    with small_disk(folder, way.split()[-1].lower(), SIZE) as disk:
        yield disk.folder / "checkout", disk


def prepared(root: Path) -> Checkout:
    """A copy of the repository with the settings of the study, the older and the newer."""
    checkout = copy_of_repository(root)
    study = yaml.safe_load((REPOSITORY / STUDY).read_text())
    for overlay, cells in zip(OVERLAYS, ([[0, 0]], [[1, 1]]), strict=True):
        settings = {"gradcam": {"mended_cells": {MODEL: cells}}}
        (root / overlay).write_text(yaml.safe_dump(study | {"settings": settings}))
    return checkout


def finish(checkout: Checkout, overlay: Path) -> None:
    """Run the study to its end, which nobody disturbs."""
    run = checkout.snakemake(TARGET, overlay=overlay)
    if run.status:
        sys.exit(run.output)


def state_of(checkout: Checkout) -> State:
    """Results of a checkout, without logs and benchmarks, which tell of times."""
    others = {"logs", "benchmarks"}
    root = checkout.root / RESULTS
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] not in others and path.name[0] != "."
    }


def broken_off(
    checkout: Checkout, overlay: Path, after: float, way: str, disk: Disk | None
) -> None:
    """Start a run, and break it off so many seconds later."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", TARGET, "--configfile", overlay]
    process = subprocess.Popen(
        command,
        cwd=checkout.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(after)
    if disk:
        disk.stop()
    alone = way == "Snakemake killed"
    jobs = [] if alone else psutil.Process(process.pid).children(recursive=True)
    for each in (process, *jobs):
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()
    psutil.wait_procs(jobs)
    if disk:
        disk.start()


def compare(checkout: Checkout, overlay: Path, older: State, newer: State, count: Count) -> None:
    """Start again after a run was broken off, and add to what was found."""
    settled = checkout.snakemake("--dry-run", TARGET, overlay=overlay)
    found = state_of(checkout)
    expected = older.keys() & newer.keys()
    count.runs += 1
    count.files += len(expected)
    count.newer += sum(found.get(name) == newer[name] != older[name] for name in expected)
    count.lost += sum(found.get(name) not in (older[name], newer[name]) for name in expected)
    checkout.snakemake("--unlock", overlay=overlay)
    again = checkout.snakemake(TARGET, overlay=overlay)
    count.stale += sum(state_of(checkout).get(name) != newer[name] for name in newer)
    count.failed += bool(settled.status) + bool(again.status)
    for run in (settled, again):
        if run.status:
            print(run.output, file=sys.stderr)


if __name__ == "__main__":
    main()
