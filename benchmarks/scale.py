"""More models and more images: `python -m benchmarks.scale`.

Writes results/benchmarks/scale.csv and, beside it, a JSON of where and how it was measured; `--docs` puts
the table on docs/measured/scale.md, which says what is measured. Needs no study, some 10 GB of disk for
a while, and an hour.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from benchmarks.common import Goal, Part, Row, command_line, run
from benchmarks.scale_jobs import groups, make_maps

OUTPUT = Path("results/benchmarks/scale.csv")
PARTIAL = OUTPUT.with_stem("scale-partial")
PAGE = Path("docs/measured/scale.md")
STAGES = ("compare", "summarise", "subsample", "draw")
MEGABYTES = 2_000
"""That a job may take."""
SECONDS_OF_A_PLAN = 30
SHARDS = 10
"""Of the study that is planned."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        cases: numbers of models and of images.
        added: numbers of models and images of a study to which a model is added.
        planned: models of a study that is planned.
    """

    cases: tuple[tuple[int, int], ...] = tuple(
        (models, images) for images in (1_000, 10_000, 50_000) for models in (10, 30, 100)
    )
    added: tuple[int, int] = (100, 10_000)
    planned: tuple[int, ...] = (10, 30, 100)


QUICK = Effort(((2, 20), (34, 20), (2, 40), (34, 40)), (33, 20), (2,))


@dataclass(frozen=True)
class Cost:
    """Of the jobs of a stage: seconds of a processor in all, and the largest peak."""

    cpu: float
    megabytes: float


def parts(*, quick: bool) -> dict[str, Part]:
    """What can be measured, in the order in which it is.

    Args:
        quick: a little of everything, to see that it runs.
    """
    effort = QUICK if quick else Effort()
    return {
        "similarity": lambda: similarity(effort),
        "added": lambda: added(effort),
        "plan": lambda: plan(effort),
    }


def similarity(effort: Effort) -> list[Row]:
    """Seconds, memory and disk from maps to figures, and how they grow."""
    costs = {case: _measured(*case) for case in effort.cases}
    rows = []
    for stage in STAGES:
        for (models, images), (stages, _) in costs.items():
            of = f"{stage}, {models} models, {images:,} images"
            rows.append(Row(f"CPU seconds: {of}", "", stages[stage].cpu))
    for (models, images), (stages, _) in costs.items():
        largest = max(stages.values(), key=lambda cost: cost.megabytes)
        rows.append(
            Row(
                f"MB of the largest job: {models} models, {images:,} images",
                "",
                largest.megabytes,
                goal=Goal("ours", most=MEGABYTES),
            )
        )
    for (models, images), (_, disk) in costs.items():
        rows.append(Row(f"MB on disk: {models} models, {images:,} images", "", disk))
    return rows + _growth(costs)


def _growth(costs: Mapping[tuple[int, int], tuple[Mapping[str, Cost], float]]) -> list[Row]:
    """Exponents between the two largest cases of each; the start of jobs counts little there."""
    quantities = {
        "CPU seconds of compare": {
            case: stages["compare"].cpu for case, (stages, _) in costs.items()
        },
        "MB on disk": {case: disk for case, (_, disk) in costs.items()},
    }
    models, images = (sorted({case[axis] for case in costs})[-2:] for axis in (0, 1))
    pairs = [
        (
            f"{models[0]} to {models[-1]} models, {images[-1]:,} images",
            2.1,
            models,
            images[-1:] * 2,
        ),
        (
            f"{images[0]:,} to {images[-1]:,} images, {models[-1]} models",
            1.1,
            models[-1:] * 2,
            images,
        ),
    ]
    rows = []
    for name, values in quantities.items():
        for of, most, *axes in pairs:
            small, large = zip(*axes, strict=True)
            growth = max(large[0] / small[0], large[1] / small[1])
            exponent = np.log(values[large] / values[small]) / np.log(growth)
            rows.append(
                Row(f"Exponent of growth: {name}, {of}", "", exponent, goal=Goal("ours", most=most))
            )
    return rows


def _measured(models: int, images: int) -> tuple[dict[str, Cost], float]:
    """The cost of every stage, and MB of similarities, that of tiles included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_maps(folder, range(models), images)
        tiles = _tiles(models)
        jobs = {
            "compare": [
                *(("tile", row, column, models, images) for row, column in tiles),
                *([("join", models)] if tiles[1:] else []),
            ],
            "summarise": [("summarise",)],
            "subsample": [("subsample", images)],
            "draw": [("draw", models)],
        }
        costs = {stage: _run(folder, jobs[stage]) for stage in STAGES}
        written = [*folder.glob("similarity?_?.nc"), folder / "similarity.nc"]
        return costs, sum(path.stat().st_size for path in written) / 1e6


def added(effort: Effort) -> list[Row]:
    """One more model at the end: the jobs that run beside those of the whole, and what they read."""
    models, images = effort.added
    before, after = _tiles(models), _tiles(models + 1)
    last = max(column for _, column in after)
    again = [tile for tile in after if tile[1] == last]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_maps(folder, range(models + 1), images)
        whole = _run(folder, [("tile", *tile, models, images) for tile in before])
        few = _run(folder, [("tile", *tile, models + 1, images) for tile in again])
        there = groups(models + 1)
        size = {m: (folder / f"model_{m:04d}.nc").stat().st_size for m in range(models + 1)}
        read = sum(
            size[model]
            for row, column in again
            for group in dict.fromkeys((row, column))
            for model in there[group]
        )
    of = f"model {models + 1}, {images:,} images"
    return [
        Row(f"Jobs of compare: {of}", "all of the study before", len(again), len(before)),
        Row(f"CPU seconds of compare: {of}", "all of the study before", few.cpu, whole.cpu),
        Row(f"MB of maps read: {of}", "all maps", read / 1e6, sum(size.values()) / 1e6),
    ]


def _tiles(models: int) -> list[tuple[int, int]]:
    number = len(groups(models))
    return [(row, column) for column in range(number) for row in range(column + 1)]


def _run(folder: Path, jobs: Sequence[tuple]) -> Cost:
    """Jobs one after the other, each in a process of its own."""
    told = []
    for job, *numbers in jobs:
        command = [
            sys.executable,
            "-m",
            "benchmarks.scale_jobs",
            job,
            str(folder),
            *map(str, numbers),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        told.append(json.loads(done.stdout.splitlines()[-1]))
    return Cost(
        sum(job["cpu"] for job in told),
        max(job["megabytes"] for job in told),
    )


def plan(effort: Effort) -> list[Row]:
    """Seconds of a dry run of a study that has not begun."""
    rows = []
    for models in effort.planned:
        with tempfile.TemporaryDirectory() as name:
            overlay = Path(name, "study.yaml")
            overlay.write_text(yaml.safe_dump(_study(models)))
            command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--nolock"]
            start = time.perf_counter()
            done = subprocess.run(
                [*command, "--cores", "1", "--configfile", str(overlay)],
                capture_output=True,
                text=True,
            )
            seconds = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        goal = Goal("ours", most=SECONDS_OF_A_PLAN)
        of = f"{models} models, 4 methods, {SHARDS} shards"
        rows.append(Row(f"Seconds of a dry run: {of}", "", seconds, goal=goal))
    return rows


def _study(models: int) -> dict:
    """Of so many models, all methods and shards."""
    names = [f"model_{model:04d}" for model in range(models)]
    return {
        "study": "planned",
        "dataset": {"name": "planned", "kind": "imagenette"},
        "images": {"count": 128 * SHARDS, "shards": SHARDS},
        "models": names,
        "catalogue": {name: {"like": "resnet", "name": name} for name in names},
        "neon": {"models": []},
        "spectral": {"models": []},
    }


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("scale", __doc__, parts(quick=True), OUTPUT, PAGE)
    asked = parser.parse_args(arguments)
    run(asked, lambda: parts(quick=asked.quick), output=OUTPUT, partial=PARTIAL, page=PAGE)


if __name__ == "__main__":
    main()
