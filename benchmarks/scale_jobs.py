"""One job of the benchmark of scale, in a process of its own: `python -m benchmarks.scale_jobs`.

Made-up Grad-CAM maps go through the scripts of the workflow, as their jobs would take them. What is
printed is a line of JSON: CPU seconds and the peak of memory.
"""

import json
import re
import resource
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps
from thinkalike.randomness import generator
from thinkalike.stores.kernels import Kernel
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import peak_memory_mb

CELLS = 7
SIDE = 224
GROUP = 32
"""Models that a job compares, as in config.yaml."""
KINDS = 5
"""Of made-up models; those of a kind have much in common."""
SIZES = 9
REPEATS = 25
"""Of subsamples, as in config.yaml."""
CLASSES = 10
"""Of the images."""
COMPARISON = {"sign": "positive", "rescaling": "min_max", "sigma": 1.0, "blanks": "exclude"}


def script(name: str) -> Any:
    """What a script of the workflow defines."""
    return SimpleNamespace(**runpy.run_path(f"scripts/{name}.py", run_name="scale"))


def name_of(model: int) -> str:
    """Of the file, and in the study."""
    return f"model_{model:04d}"


def make_maps(folder: Path, models: range, images: int) -> None:
    """Maps of models that look at the same spot of an image, those of a kind more so."""
    cells = CELLS**2
    ids = [f"val/{i:06d}.png" for i in range(images)]
    common = generator(0, "scale", images).normal(size=(images, cells))
    for model in models:
        of_kind = generator(0, "kind", model % KINDS, images).normal(size=(images, cells))
        own = generator(0, "model", model, images).normal(size=(images, cells))
        values = (common + of_kind + own).astype(np.float32)
        write_maps(
            folder / f"{name_of(model)}.nc",
            Maps(values, (Grid(CELLS, CELLS, SIDE, SIDE),)),
            image_ids=ids,
            measures={"target": np.zeros(images, np.int64)},
            attributes={"method": "gradcam", "model": name_of(model)},
        )


def groups(models: int) -> list[range]:
    """As rules/common.smk makes them."""
    return [range(first, min(first + GROUP, models)) for first in range(0, models, GROUP)]


def compare(folder: Path, row: range, column: range, images: int, output: Path) -> None:
    """A job of compare_models: a group of models with another, or with itself."""
    paths, others = ([str(folder / f"{name_of(m)}.nc") for m in g] for g in (row, column))
    script("compare_models").main(
        explanations=paths,
        similarity=str(output),
        models=[name_of(model) for model in row],
        others=[] if row == column else others,
        other_models=[] if row == column else [name_of(model) for model in column],
        number=images,
        method="gradcam",
        metric="cosine",
        comparison=COMPARISON,
        code="0" * 16,
    )


def measure(folder: Path, row: range, column: range, images: int, output: Path) -> None:
    """A job of measure_chance: a group of models with another, or with itself."""
    paths, others = ([str(folder / f"{name_of(m)}.nc") for m in g] for g in (row, column))
    selected = folder / "images.parquet"
    if not selected.exists():
        ids = [f"val/{i:06d}.png" for i in range(images)]
        classes = [str(i % CLASSES) for i in range(images)]
        table = pd.DataFrame({"image_id": ids, "class_name": classes, "path": ids})
        write_table(table, selected)
    script("measure_chance").main(
        explanations=paths,
        images=str(selected),
        chance=str(output),
        models=[name_of(model) for model in row],
        others=[] if row == column else others,
        other_models=[] if row == column else [name_of(model) for model in column],
        number=images,
        subsets=["all"],
        metric="cosine",
        comparison=COMPARISON,
        picture={},
        code="0" * 16,
    )


def tile(folder: Path, row: int, column: int, models: int, images: int) -> None:
    """The jobs by the numbers of the groups; where there is one group, they are the whole."""
    there = groups(models)
    name = f"{row}_{column}" if there[1:] else ""
    compare(folder, there[row], there[column], images, folder / f"similarity{name}.nc")
    measure(folder, there[row], there[column], images, folder / f"chance{name}.nc")


def join(folder: Path, models: int) -> None:
    """The jobs of join_similarities and join_chances."""
    number = len(groups(models))
    names = [name_of(model) for model in range(models)]
    for kind, job in (("similarity", "join_similarities"), ("chance", "join_chances")):
        tiles = [str(folder / f"{kind}{i}_{j}.nc") for j in range(number) for i in range(j + 1)]
        script(job).main(tiles=tiles, models=names, **{kind: str(folder / f"{kind}.nc")})


def summarise(folder: Path) -> None:
    """A job of summarise_similarity."""
    models = Kernel.read(str(folder / "similarity.nc")).models
    script("summarise_similarity").main(
        similarity=str(folder / "similarity.nc"),
        chance=str(folder / "chance.nc"),
        dissimilarity=str(folder / "all.csv"),
        means=str(folder / "means.csv"),
        rho=str(folder / "rho.csv"),
        seeds=str(folder / "seeds.csv"),
        pairs=str(folder / "pairs.parquet"),
        geometry=str(folder / "shape.csv"),
        models=models,
        architectures={model: model for model in models},
        settings={"correction": "chance", "dissimilarity": "chord"},
        stratified=True,
        subset="all",
    )


def subsample(folder: Path, images: int) -> None:
    """A job of subsample_images."""
    script("subsample_images").main(
        values=str(folder / "chance.nc"),
        differences=str(folder / "differences.parquet"),
        variances=str(folder / "variances.parquet"),
        models=Kernel.read(str(folder / "similarity.nc")).models,
        correction="chance",
        sizes=[images * k // (SIZES + 1) for k in range(1, SIZES + 1)],
        repeats=REPEATS,
        seed=0,
    )


def draw(folder: Path, models: int) -> None:
    """A job of plot_similarities."""
    names = {name_of(model): f"Model {model}" for model in range(models)}
    figures = [[str(folder / f"{n}.{suffix}") for suffix in ("svg", "png", "csv")] for n in "ab"]
    script("plot_similarities").main(
        similarity=str(folder / "similarity.nc"),
        differences=str(folder / "differences.parquet"),
        variances=str(folder / "variances.parquet"),
        pairs=str(folder / "pairs.parquet"),
        histograms=figures[0],
        subsampling=figures[1],
        method="gradcam",
        metric="cosine",
        models=list(names),
        names=names,
        families=dict.fromkeys(names, "cnn"),
    )


def _peak() -> float:
    """MB of this process at its largest; what getrusage says may be of the one that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_memory_mb()
    (kilobytes,) = re.findall(r"VmHWM:\s*(\d+) kB", status.read_text())
    return int(kilobytes) * 1024 / 1e6


JOBS = {
    "tile": tile,
    "join": join,
    "summarise": summarise,
    "subsample": subsample,
    "draw": draw,
}


def main() -> None:
    """`JOB FOLDER NUMBER…`."""
    job, folder, *numbers = sys.argv[1:]
    JOBS[job](Path(folder), *map(int, numbers))
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "cpu": used.ru_utime + used.ru_stime,
        "megabytes": _peak(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
