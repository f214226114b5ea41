"""What waiting for the disk costs: `python -m benchmarks.durability results/digits`.

    snakemake --cores 1 all extras
    python -m benchmarks.durability results/digits

writes copies of all files of a study that has run, as its jobs wrote them, and settles them, as the end
of a run does; once with and once without the flushes that make them survive a power cut. It prints the
seconds of both, and the difference as a share of the time that the jobs took by their logs.
"""

import os
import shutil
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from benchmarks.common import in_turns
from thinkalike.stores.atomic import atomic
from thinkalike.stores.durable import flush_all
from thinkalike.stores.verification import files_of
from thinkalike.workflow.forecast.finished import finished_jobs

ROUNDS = 3
RECORD = b"x" * 2000
"""About the size of Snakemake's record of a file."""


def main(arguments: list[str] | None = None) -> None:
    """Print what the files of a study that has run cost with and without flushes."""
    parser = ArgumentParser("python -m benchmarks.durability", description=main.__doc__)
    parser.add_argument("results", type=Path, help="folder of the study, such as results/digits")
    results: Path = parser.parse_args(arguments).results
    files = written_files(results)
    jobs = [job.seconds for job in finished_jobs(results.parent) if job.study == results.name]
    print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
    print("| step | without, s | with, s | share of the jobs' time |\n|---|---|---|---|")
    # beside the study: on its disk
    with TemporaryDirectory(dir=results) as folder:
        for step, (without, flushed) in costs(files, Path(folder)).items():
            share = (flushed - without) / sum(jobs)
            print(f"| {step} | {without:.2f} | {flushed:.2f} | {100 * share:.2f} % |")


def written_files(results: Path) -> list[Path]:
    """Files of a study that its jobs have written, without those of Snakemake."""
    return [*files_of(results)]


def costs(files: Sequence[Path], folder: Path) -> dict[str, tuple[float, float]]:
    """Seconds of each step without and with flushes, the medians of some rounds in turns."""
    copies = [folder / f"{number}{file.suffix}" for number, file in enumerate(files)]
    records = [folder / f"{number}.record" for number, _ in enumerate(files)]

    def write() -> None:
        for file, copy in zip(files, copies, strict=True):
            with atomic(copy) as temporary:
                shutil.copyfile(file, temporary)

    def settle() -> None:
        for record in records:
            record.write_bytes(RECORD)
        flush_all([*copies, *records])

    return {
        name: _without_and_with(step)
        for name, step in {"writing": write, "settlement": settle}.items()
    }


def _without_and_with(step: Callable[[], None]) -> tuple[float, float]:
    def without() -> None:
        with patch.object(os, "fsync", lambda _: None):
            step()

    runs: dict[str, Callable[[], object]] = {"without": without, "with": step}
    seconds = in_turns(runs, ROUNDS)
    without_flushes, with_flushes = (sorted(seconds[name])[ROUNDS // 2] for name in runs)
    return without_flushes, with_flushes


if __name__ == "__main__":
    main()
