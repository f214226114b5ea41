"""What a study will take, before anything runs: forward passes, operations, hours, disk.

passes of a job = images × passes per image                           (PASSES, PER_IMAGE)
operations      = passes × operations of a forward pass of its model  (costs.toml, or counted)
hours           = operations / sustained rate + START_UP per job      (given, or from finished jobs)
disk            = sum over the files that are to be written           (megabytes)

A pass forth and back counts as three forward passes where the weights learn, and as two where only the
image, or an activation, gets a gradient: that is what torch's counter of operations finds. Which jobs
are to run, and which files they write, Snakemake says (`planned_jobs`, `planned_files`).
"""

import ast
import csv
import math
import re
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.errors import InputError
from thinkalike.stores import read_header

Study = Mapping[str, Any]

FACTS = Path(__file__).with_name("costs.toml")

START_UP = 3.0
"""Seconds of a job that runs a network before it does anything: importing, reading weights and images."""

LEAST_SECONDS = 3 * START_UP
"""Of a job that says something about a rate: most of a shorter one is its start."""

AUDITED = 32
"""Images explained a second time in float32 where a job computes in less; as in explain/common.py."""
DRAWS = 8
"""From the posterior of a KernelSHAP map; as in explain/kernelshap.py."""

MIDPOINTS = (6, 18, 54)
"""Steps of Integrated Gradients after which more are added."""
PENDING = (0.682, 0.139, 0.0178)
"""Share of maps that need more than so many steps at REFERENCE_TOLERANCE, measured on the digits study:
nine trained models, 100 images each."""
REFERENCE_TOLERANCE = 0.02
TOLERANCE_POWER = 2 / 3
"""Steps needed grow with tolerance^(-2/3): fits the means at 0.02 and, in docs/benchmarks-explainers.md,
at 0.01."""

NUMBERS = 0.93
"""Share that compression leaves of float32 numbers of no pattern."""
FILE_BYTES = 20e3
"""Of a NetCDF file without images: attributes, structure."""
IMAGE_BYTES = 85
"""Of an image in such a file: its id and a few measures."""
FEATURES = 1000
"""Penultimate, of a network; the built-in ones have between 64 and 2,048."""
LABEL_BYTES = 0.2
"""Of a pixel's superpixel, compressed."""
TYPICAL_MEGABYTES = {".svg": 0.18, ".png": 0.21, ".csv": 0.005, ".parquet": 0.007}
"""Of files that hardly depend on the study: means over the digits study."""

PUBLISHED_SIZES = {
    "digits": (1797, 0, 10),
    "samples": (60, 80, 10),
    "imagenette": (9469, 3925, 10),
    "imagenette_320": (9469, 3925, 10),
    "imagenette_160": (9469, 3925, 10),
    "cifar10": (50000, 10000, 10),
}
"""Kind of data set → images to learn from, images held out (0: a share of them), classes."""
PRETRAINED_CLASSES = 1000
"""Outputs of weights of ImageNet, that are not fine-tuned."""


# Costs of models


@dataclass(frozen=True)
class Cost:
    """What a forward pass of one image takes.

    Attributes:
        size: side of the image in pixels.
        gigaflops: additions and multiplications, 10⁹.
        megabytes: of the weights.
        cells: depth in percent → cells of the Grad-CAM layer there.
    """

    size: int
    gigaflops: float
    megabytes: float
    cells: Mapping[int, int]

    def at(self, size: int) -> "Cost":
        """The same for another size: operations and cells grow with the area of the image."""
        growth = (size / self.size) ** 2
        cells = {depth: max(round(number * growth), 1) for depth, number in self.cells.items()}
        return Cost(size, self.gigaflops * growth, self.megabytes, cells)


@cache
def facts() -> dict[str, Any]:
    """What costs.toml says of the built-in models."""
    return tomllib.loads(FACTS.read_text(encoding="utf-8"))


def known_cost(entry: Mapping[str, Any]) -> Cost | None:
    """The measured cost of an architecture with these arguments, or None."""
    for fact in facts().values():
        if (fact["timm"], fact.get("arguments", {})) == (entry["timm"], entry.get("arguments", {})):
            return _cost(fact)
    return None


def _cost(fact: Mapping[str, Any]) -> Cost:
    cells = {int(depth): number for depth, number in fact["cells"].items()}
    return Cost(fact["size"], fact["gigaflops"], fact["megabytes"], cells)


def counted_cost(entry: Mapping[str, Any], size: int, classes: int) -> Cost:
    """The cost of a forward pass, counted on the network itself with random weights.

    Raises:
        InputError: timm cannot make the network.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from thinkalike.models import Classifier, create

    network = create(entry, classes=classes, size=size)
    model = Classifier(network, (0.0,) * 3, (1.0,) * 3, size, (), entry)
    cells: dict[int, int] = {}
    for name in entry["layers"]:
        depth = int(name.removeprefix("depth_"))

        def look(_module: Any, _inputs: Any, output: Any, depth: int = depth) -> None:
            cells[depth] = int(model.to_grid(output)[0, 0].numel())

        model.layer(depth).register_forward_hook(look)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, size, size))
    weights = sum(t.numel() * t.element_size() for t in network.state_dict().values())
    return Cost(size, counter.get_total_flops() / 1e9, weights / 1e6, cells)


def model_costs(study: Study, classes: int) -> tuple[dict[str, Cost], list[str]]:
    """The cost of every model of a study at its image size, and what has to be said about them.

    A model that costs.toml does not have is built and counted; where torch is not installed, the mean
    of the others stands for it.

    Raises:
        InputError: timm cannot make a network.
    """
    size, notes = study["images"]["size"], []
    costs: dict[str, Cost] = {}
    unknown = []
    for model, entry in study["catalogue"].items():
        if (cost := known_cost(entry)) is not None:
            costs[model] = cost.at(size)
            continue
        try:
            costs[model] = counted_cost(entry, size, classes)
        except ImportError:
            unknown.append(model)
    if unknown:
        mean = _mean_cost(list(costs.values()), size)
        costs |= dict.fromkeys(unknown, mean)
        notes.append(
            f"{', '.join(unknown)}: taken to cost {mean.gigaflops:.3g} GFLOP an image, the mean of "
            "the known models, because torch is not there to count"
        )
    return costs, notes


def _mean_cost(costs: Sequence[Cost], size: int) -> Cost:
    there = [cost.at(size) for cost in costs or map(_cost, facts().values())]
    return Cost(
        size,
        float(np.mean([cost.gigaflops for cost in there])),
        float(np.mean([cost.megabytes for cost in there])),
        {},
    )


# Sizes of data sets


@dataclass(frozen=True)
class DatasetSize:
    """Images to learn from and held out, and classes."""

    train: int
    val: int
    classes: int


def dataset_size(dataset: Mapping[str, Any], manifest: str | Path) -> DatasetSize:
    """The size of a study's data set: from its manifest, where that is made already, else from its kind.

    Args:
        dataset: kind, validation and, of a folder, path.
        manifest: its path, whether or not it is there.
    """
    if Path(manifest).is_file():
        table = pd.read_parquet(manifest, columns=["split", "label"])
        train = int((table["split"] == "train").sum())
        return DatasetSize(train, len(table) - train, table["label"].nunique())
    if dataset["kind"] == "folder":
        return _folder_size(Path(dataset["path"]), dataset["validation"])
    train, val, classes = PUBLISHED_SIZES.get(dataset["kind"], (0, 0, 10))
    return _divided(train, val, classes, dataset["validation"])


def _folder_size(path: Path, validation: float) -> DatasetSize:
    if (path / "train").is_dir() and (path / "val").is_dir():
        train, val = (_files(path / split) for split in ("train", "val"))
        return DatasetSize(train, val, _folders(path / "train"))
    return _divided(_files(path), 0, _folders(path), validation)


def _divided(train: int, val: int, classes: int, validation: float) -> DatasetSize:
    if not val:
        val = round(train * validation)
        train -= val
    return DatasetSize(train, val, classes)


def _files(path: Path) -> int:
    return sum(file.is_file() for file in path.rglob("*"))


def _folders(path: Path) -> int:
    return sum(entry.is_dir() for entry in path.iterdir())


# Forward passes


def gradcam_passes(settings: Mapping[str, Any]) -> float:
    """Forward passes of a Grad-CAM map: one, and back through what comes after the layer.

    1 + (1 − depth/100), with the layer at so many percent of the network; by count of operations up to
    1.15 at depth 100 (docs/benchmarks-explainers.md).
    """
    return 2 - settings["depth"] / 100


def integrated_gradients_passes(settings: Mapping[str, Any]) -> float:
    """Forward passes of a map by Integrated Gradients: two for each of its expected steps."""
    return 2 * expected_steps(settings["tolerance"], settings["most_steps"])


def expected_steps(tolerance: float, most_steps: int) -> float:
    """Mean number of steps of Integrated Gradients, between 6 and `most_steps`.

    6 + Σ 2n · P(more than n are needed) over n = 6, 18, 54, … with 3n ≤ most_steps, because an image that
    needs more gets 3n instead of n. P is PENDING, log-linear between its points, of
    n · (tolerance/REFERENCE_TOLERANCE)^TOLERANCE_POWER.
    """
    scale = (tolerance / REFERENCE_TOLERANCE) ** TOLERANCE_POWER
    steps, expected = MIDPOINTS[0], float(MIDPOINTS[0])
    while 3 * steps <= most_steps:
        expected += 2 * steps * _pending(steps * scale)
        steps *= 3
    return expected


def _pending(steps: float) -> float:
    places, logs = [0.0, *MIDPOINTS], [0.0, *map(math.log, PENDING)]
    if steps <= places[-1]:
        return math.exp(np.interp(steps, places, logs))
    slope = (logs[-1] - logs[-2]) / (places[-1] - places[-2])
    return math.exp(logs[-1] + slope * (steps - places[-1]))


def kernelshap_passes(settings: Mapping[str, Any]) -> float:
    """Forward passes of a KernelSHAP map: its evaluations; with a tolerance, the most there can be."""
    evaluations: int = settings["evaluations"]
    if settings.get("tolerance") is not None:
        while 2 * evaluations <= settings["most_evaluations"]:
            evaluations *= 2
    return evaluations


def lrp_passes(settings: Mapping[str, Any]) -> float:
    """Forward passes of a map by LRP: forth and back, and with γ for convolutions up to six (docs/lrp.md).

    Args:
        settings: `composites` of families, of which the most costly counts, or one `composite`.
    """
    asked = settings.get("composites", {"": settings.get("composite", "epsilon")})
    return max(2.0 if name == "epsilon" else 6.0 for name in asked.values())


PER_IMAGE: dict[str, Callable[[Mapping[str, Any]], float]] = {
    "gradcam": gradcam_passes,
    "integrated_gradients": integrated_gradients_passes,
    "kernelshap": kernelshap_passes,
    "lrp": lrp_passes,
}
"""Method → forward passes of one map, from its settings."""


@dataclass(frozen=True)
class Job:
    """A job of a rule, or its part for one model.

    Attributes:
        rule: its name.
        model: that it runs.
        method: key of the study's settings, where the rule has one.
    """

    rule: str
    model: str
    method: str | None = None


def base_method(study: Study, method: str | None) -> str:
    """The method that a variant is one of; a method itself."""
    name = method or "kernelshap"
    return str(study["settings"].get(name, {}).get("method", name))


def _training(study: Study, job: Job, data: DatasetSize) -> float:
    epochs = study["catalogue"][job.model]["training"]["epochs"]
    return training_passes(epochs, data)


def training_passes(epochs: int, data: DatasetSize, frozen_epochs: int = 0) -> float:
    """Forward passes of training: three an image and epoch, one while all but the head is frozen, and
    one for every image held out.
    """
    return (3 * epochs + frozen_epochs) * data.train + data.val


def _finetuning(study: Study, job: Job, data: DatasetSize) -> float:
    settings = {
        **study.get("finetuning", {}),
        **study["catalogue"][job.model].get("finetuning", {}),
    }
    return training_passes(settings.get("epochs", 0), data, settings.get("frozen_epochs", 0))


def _predicting(study: Study, job: Job, data: DatasetSize) -> float:
    return float(study["images"]["count"])


def explained(study: Study, method: str) -> int:
    """How many images a method explains."""
    count: int = study["images"]["count"]
    return min(count, study["settings"].get(method, {}).get("images") or count)


def _explaining(study: Study, job: Job, data: DatasetSize) -> float:
    method = job.method or "kernelshap"
    per_image = PER_IMAGE.get(base_method(study, method))
    if per_image is None:
        return 0.0
    images = explained(study, method)
    if study["explanation"].get("precision", "float32") != "float32":
        images += min(AUDITED, images)
    return images * per_image(study["settings"][method])


def _explaining_again(study: Study, job: Job, data: DatasetSize) -> float:
    method = job.method or "kernelshap"
    settings = study["settings"][method]
    images = min(settings["ceiling_images"], explained(study, method))
    return images * kernelshap_passes(settings)


def _explaining_layers(study: Study, job: Job, data: DatasetSize) -> float:
    count: int = study["images"]["count"]
    images = min(count, study.get("borders", {}).get("images") or count)
    # from a layer anywhere in the network: at most forth and back once
    return images * gradcam_passes({"depth": 0})


def _explaining_clusters(study: Study, job: Job, data: DatasetSize) -> float:
    neon = study["neon"]
    count: int = study["images"]["count"]
    shown = min(count, neon["shown"] * (neon["clusters"] or data.classes))
    return count + shown * PER_IMAGE[neon["method"]](study["settings"][neon["method"]])


def class_images(study: Study, data: DatasetSize) -> int:
    """How many images the spectral study has, about: at most those of a class."""
    asked = study["spectral"]
    there = {"train": data.train, "val": data.val, "both": data.train + data.val}[asked["split"]]
    if asked["class"] is not None:
        there = -(-there // max(data.classes, 1))
    # the size of some data sets is not known before they are there
    return min(asked["images"], there) if there else int(asked["images"])


def _explaining_class_images(study: Study, job: Job, data: DatasetSize) -> float:
    method = study["spectral"]["method"]
    per_image = PER_IMAGE.get(base_method(study, method))
    passes_of_a_map = per_image(study["settings"][method]) if per_image else 0
    return class_images(study, data) * (1 + passes_of_a_map)


def _measuring_accuracy(study: Study, job: Job, data: DatasetSize) -> float:
    images = study.get("accuracy", {}).get("images") or 0
    transforms = 3
    return transforms * float(sum(min(images, there) for there in (data.train, data.val)))


def _measuring_budgets(study: Study, job: Job, data: DatasetSize) -> float:
    budgets = study.get("budgets", {})
    images = min(study["images"]["count"], budgets.get("images", 0))
    repeated = budgets.get("repeats", 0) * sum(budgets.get("evaluations", []))
    cuts = len(budgets.get("segments", []))
    return float(images * cuts * (repeated + budgets.get("reference", 0)))


PASSES: dict[str, Callable[[Study, Job, DatasetSize], float]] = {
    "train_model": _training,
    "finetune_model": _finetuning,
    "predict_images": _predicting,
    "measure_accuracy": _measuring_accuracy,
    "explain_images": _explaining,
    "explain_together": _explaining,
    "explain_again": _explaining_again,
    "explain_layers": _explaining_layers,
    "explain_clusters": _explaining_clusters,
    "explain_class_images": _explaining_class_images,
    "measure_budgets": _measuring_budgets,
}
"""Rule → forward passes of a job. Other rules run no network."""

KINDS = {
    "train_model": "training",
    "finetune_model": "training",
    "predict_images": "predicting",
    "measure_accuracy": "predicting",
    "explain_layers": "gradcam",
}
"""Rule → what kind of work it does, for its rate. That of the other rules is that of their method."""


def passes(study: Study, job: Job, data: DatasetSize) -> float:
    """Forward passes of a job; 0 for a rule that runs no network."""
    rule = PASSES.get(job.rule)
    return rule(study, job, data) if rule else 0.0


# What Snakemake plans


def planned_jobs(dry_run: str) -> dict[str, int]:
    """Rule → number of jobs, from what a dry run prints; `all`, which does nothing, is left out.

    Raises:
        InputError: there is no such table, and it does not say either that nothing is to be done.
    """
    table = re.search(r"^job +count\n-+ +-+\n((?:\w+ +\d+\n)+)", dry_run, re.MULTILINE)
    if table is None:
        if "Nothing to be done" in dry_run:
            return {}
        last = (dry_run.strip().splitlines() or ["it prints nothing"])[-1].strip()
        raise InputError(f"Snakemake cannot plan the study ({last}); see what snakemake -n says")
    rows = [line.split() for line in table[1].splitlines()]
    return {rule: int(count) for rule, count in rows if rule not in ("total", "all")}


def planned_files(summary: str) -> list[tuple[str, str]]:
    """Rule and path of every file that is to be written, from `snakemake --summary`."""
    rows = list(csv.DictReader(summary.splitlines(), delimiter="\t"))
    return [(row["rule"], row["output_file"]) for row in rows if row["plan"] == "update pending"]


def jobs_of(study: Study, files: Iterable[tuple[str, str]]) -> list[Job]:
    """The jobs of rules that run networks, from the files that they write.

    A path names the model and the method: `results/<study>/…/<method>/<model>.<suffix>`. A rule whose
    files name no model runs all of the study's.
    """
    jobs: dict[Job, None] = {}
    for rule, path in files:
        if rule not in PASSES:
            continue
        names = _names(path)
        models = [name for name in names if name in study["catalogue"]] or study["models"]
        jobs |= dict.fromkeys(Job(rule, model, _method_in(study, path)) for model in models)
    return list(jobs)


def _names(path: str) -> tuple[str, ...]:
    """Folders and stem below `results/<study>` or `resources/<kind>`, which may have any name."""
    return Path(path).with_suffix("").parts[2:]


def _method_in(study: Study, path: str) -> str | None:
    return next((name for name in _names(path) if name in study["settings"]), None)


# Disk


def megabytes(study: Study, path: str, data: DatasetSize, costs: Mapping[str, Cost]) -> float:
    """About how large a file of a study will be, in MB (10⁶ bytes).

    Maps are float32 coefficients, compressed to NUMBERS of their bytes: cells of a grid, pixels, or
    superpixels with their standard errors and draws. A similarity is a float64 for each image and pair of
    models, and another with its standard error. Weights are float32. Shards are 0: they do not stay.
    """
    file, names, count = Path(path), _names(path), study["images"]["count"]
    if names[0] == "shards":
        return 0.0
    model = file.stem if file.stem in costs else None
    if model and file.suffix == ".safetensors":
        return costs[model].megabytes
    if model and "predictions" in names:
        return _predictions_megabytes(study, model, data)
    if file.suffix != ".nc":
        return TYPICAL_MEGABYTES.get(file.suffix, 0.0)
    if file.stem == "segments":
        return (FILE_BYTES + count * study["images"]["size"] ** 2 * LABEL_BYTES) / 1e6
    method = _method_in(study, path)
    if "neon" in names and model:
        return _cluster_megabytes(study, "maps" in names, data, costs[model])
    if "spectral" in names and model:
        numbers = _map_numbers(study, study["spectral"]["method"], costs[model])
        of_class = class_images(study, data)
        return (FILE_BYTES + of_class * (IMAGE_BYTES + 4 * NUMBERS * numbers)) / 1e6
    if method is None:
        return FILE_BYTES / 1e6
    images = explained(study, method)
    if "again" in names:
        images = min(images, study["settings"][method]["ceiling_images"])
    if model:
        numbers = _map_numbers(study, method, costs[model])
    else:
        numbers = _pair_numbers(study, method, file.stem)
    return (FILE_BYTES + images * (IMAGE_BYTES + 4 * NUMBERS * numbers)) / 1e6


def _predictions_megabytes(study: Study, model: str, data: DatasetSize) -> float:
    pretrained = study["catalogue"][model].get("weights") == "pretrained"
    classes = PRETRAINED_CLASSES if pretrained else data.classes
    return (3e3 + study["images"]["count"] * (8 * classes + 10)) / 1e6


def _cluster_megabytes(study: Study, maps: bool, data: DatasetSize, cost: Cost) -> float:
    neon, count = study["neon"], study["images"]["count"]
    if maps:
        images = min(count, neon["shown"] * (neon["clusters"] or data.classes))
        numbers = _map_numbers(study, neon["method"], cost)
    else:
        images, numbers = count, 2 * FEATURES
    return (FILE_BYTES + images * (IMAGE_BYTES + 4 * NUMBERS * numbers)) / 1e6


def _map_numbers(study: Study, method: str, cost: Cost) -> int:
    """float32 numbers of a map."""
    match base_method(study, method):
        case "gradcam":
            return cost.cells.get(study["settings"][method]["depth"], 0)
        case "kernelshap":
            segments = study["settings"][method].get("segments") or study["segments"]["count"]
            return int(segments) * (2 + DRAWS)
    return int(study["images"]["size"] ** 2)


def _pair_numbers(study: Study, method: str, name: str) -> int:
    """float32 numbers that take as much as the float64 similarities of an image.

    Of all models, or of two groups of them if the file is called by their numbers, as in 0_1.
    """
    models = len(study["models"])
    rows = columns = models
    if tile := re.fullmatch(r"(\d+)_(\d+)", name):
        group = study["similarity"]["group"]
        rows, columns = (min(group, models - group * int(number)) for number in tile.groups())
    estimated = base_method(study, method) == "kernelshap"
    return 2 * rows * columns * (2 if estimated else 1)


# Rates


@dataclass(frozen=True)
class Rates:
    """How fast a device is.

    Attributes:
        teraflops: sustained 10¹² operations a second, by (kind of work, model), by (kind,), and for
            all that is not there by ().
        source: where they are from, in words.
    """

    teraflops: Mapping[tuple[str, ...], float]
    source: str

    def of(self, kind: str, model: str) -> float:
        """The rate of the most similar work that is known."""
        for key in ((kind, model), (kind,)):
            if key in self.teraflops:
                return self.teraflops[key]
        return self.teraflops[()]


def given_rate(teraflops: float) -> Rates:
    """One rate for all that networks do."""
    return Rates({(): teraflops}, f"{teraflops:g} TFLOP/s, given (forecast.teraflops)")


@dataclass(frozen=True)
class Finished:
    """A job that has run, from its benchmark.

    Attributes:
        study, rule: of which it was one.
        seconds: wall time.
        kind: of work; empty where it ran no network, or not known which.
        model: that it ran.
        teraflop: operations, 10¹².
        gpu: whether it had one.
    """

    study: str
    rule: str
    seconds: float
    kind: str = ""
    model: str = ""
    teraflop: float = 0.0
    gpu: bool = False


def finished_jobs(results: str | Path) -> list[Finished]:
    """All jobs under `results/*/benchmarks`; one whose benchmark does not say what it did is left out."""
    jobs = []
    for path in sorted(Path(results).glob("*/benchmarks/**/*.tsv")):
        place = path.relative_to(results).parts
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, delimiter="\t"))
            # rules of a loop share a folder, and have their names in the table alone
            folder = Path(place[2]).stem
            jobs += [_finished(place[0], row.get("rule_name") or folder, row) for row in rows]
        except (OSError, KeyError, TypeError, ValueError, SyntaxError, InputError):
            continue  # cut short, of another version, or of files that are gone
    return jobs


def _finished(study: str, rule: str, row: Mapping[str, str]) -> Finished:
    seconds = float(row["s"])
    if rule not in ("train_model", "predict_images", "explain_images"):
        return Finished(study, rule, seconds)
    wildcards, params, resources, inputs = (
        ast.literal_eval(row[key]) for key in ("wildcards", "params", "resources", "input_size_mb")
    )
    number, kind = _passes_done(rule, wildcards, params, list(inputs))
    cost = known_cost(params["architecture"])
    if cost is None:
        return Finished(study, rule, seconds)
    size = params.get("size") or read_header(_input(inputs, ".safetensors"))["size"]
    return Finished(
        study,
        rule,
        seconds,
        kind,
        wildcards["model"],
        number * cost.at(size).gigaflops / 1e3,
        bool(resources.get("gpu")),
    )


def _passes_done(
    rule: str, wildcards: Mapping[str, str], params: Mapping[str, Any], inputs: Sequence[str]
) -> tuple[float, str]:
    """Forward passes of a finished job, and the kind of work."""
    if rule == "train_model":
        data = dataset_size({}, _input(inputs, "manifest.parquet"))
        return training_passes(params["settings"]["epochs"], data), "training"
    images = params.get("number")
    if images is None:
        images = len(pd.read_parquet(_input(inputs, "images.parquet"), columns=["image_id"]))
    if rule == "predict_images":
        return images, "predicting"
    method = params.get("method") or wildcards["method"]
    return images * PER_IMAGE[method](params["settings"]), method


def _input(inputs: Iterable[str], ending: str) -> str:
    for path in inputs:
        if path.endswith(ending) and Path(path).is_file():
            return path
    raise InputError(f"no input {ending} is there any more; the benchmark is left out")


def benchmark_rates(finished: Sequence[Finished]) -> Rates | None:
    """Rates of finished jobs, Σ operations / Σ (seconds − START_UP); None where there are none.

    Those on a GPU count, where there are any. Jobs shorter than LEAST_SECONDS do not.
    """
    usable = [job for job in finished if job.kind and job.seconds > LEAST_SECONDS]
    usable = [job for job in usable if job.gpu] or usable
    usable = [job for job in usable if job.teraflop]
    if not usable:
        return None
    sums: dict[tuple[str, ...], np.ndarray] = {}
    for job in usable:
        for key in ((job.kind, job.model), (job.kind,), ()):
            done = np.array([job.teraflop, job.seconds - START_UP])
            sums[key] = sums.get(key, np.zeros(2)) + done
    rates = {key: float(work / seconds) for key, (work, seconds) in sums.items()}
    studies = ", ".join(sorted({f"results/{job.study}" for job in usable}))
    device = "a GPU" if usable[0].gpu else "the CPU"
    source = (
        f"{len(usable)} finished jobs of {studies} on {device}, {rates[()]:.3g} TFLOP/s over all"
    )
    return Rates(rates, source)


def timed_rate(seconds: float = 3.0, size: int = 224) -> Rates:
    """The rate of forward passes of a ResNet-18 in float32 on the device there is, in `seconds`.

    An upper bound for most others: large dense convolutions keep a device busy.
    """
    import torch

    from thinkalike.jobs import device_for
    from thinkalike.models import create

    entry = {"timm": "resnet18"}
    gpu = torch.cuda.is_available()
    device = device_for(int(gpu), 1)
    cost = counted_cost({**entry, "layers": {}}, size, 1000)
    network = create(entry, classes=1000, size=size).to(device)
    network = network.to(memory_format=torch.channels_last)
    shape = (64 if gpu else 8, 3, size, size)
    images = torch.zeros(shape, device=device).to(memory_format=torch.channels_last)
    passed = 0
    with torch.inference_mode():
        network(images)[0, 0].item()  # the first pass chooses kernels
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            network(images)[0, 0].item()  # waits for the device
            passed += len(images)
        taken = time.monotonic() - start
    rate = passed * cost.gigaflops / taken / 1e3
    name = torch.cuda.get_device_name(device) if gpu else "one thread of this CPU"
    return Rates({(): rate}, f"{rate:.3g} TFLOP/s, timed now: ResNet-18 on {name}")


# The forecast


@dataclass(frozen=True)
class Forecast:
    """What a study will take.

    Attributes:
        table: a row for each rule and one for the `total`: `rule`; `jobs`; `passes`, forward passes;
            `teraflop`, their operations; `device_hours` of jobs that run networks; `other_hours` of the
            others, NaN where none of the rule has run; `disk_mb`, of files that are to be written.
        notes: what a reader has to know.
    """

    table: pd.DataFrame
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The table and the notes, for a terminal."""
        columns = {
            "jobs": "{:,.0f}".format,
            "passes": "{:,.0f}".format,
            "teraflop": "{:,.2f}".format,
            "device_hours": "{:,.3f}".format,
            "other_hours": "{:,.3f}".format,
            "disk_mb": "{:,.1f}".format,
        }
        # pandas asks for formatters of str alone, and takes those of other things
        formatters: Any = columns
        table = self.table.to_string(index=False, formatters=formatters, na_rep="?")
        return "\n".join([table, "", *self.notes])


def forecast(
    study: Study,
    jobs: Mapping[str, int],
    files: Sequence[tuple[str, str]],
    *,
    data: DatasetSize,
    costs: Mapping[str, Cost],
    rates: Rates,
    finished: Sequence[Finished] = (),
) -> Forecast:
    """What a study will take, rule by rule.

    Args:
        study: its configuration, as `config.resolve` gives it.
        jobs: rule → how many are to run.
        files: rule and path of what they write.
        data: size of its data set.
        costs: of its models.
        rates: of the device.
        finished: jobs that have run: the mean time of a rule's stands for one that runs no network.
    """
    work = dict.fromkeys(jobs, (0.0, 0.0, 0.0))
    for job in jobs_of(study, files):
        number = passes(study, job, data)
        teraflop = number * costs[job.model].gigaflops / 1e3
        asked = {"explain_clusters": "neon", "explain_class_images": "spectral"}.get(job.rule)
        method = study[asked]["method"] if asked else job.method
        kind = KINDS.get(job.rule) or base_method(study, method)
        hours = teraflop / rates.of(kind, job.model) / 3600
        before = work.get(job.rule, (0.0, 0.0, 0.0))
        work[job.rule] = before[0] + number, before[1] + teraflop, before[2] + hours
    disk = dict.fromkeys(jobs, 0.0)
    for rule, path in files:
        disk[rule] = disk.get(rule, 0.0) + megabytes(study, path, data, costs)
    rows = [
        (rule, count, *work[rule][:2], *_hours(rule, count, work[rule][2], finished), disk[rule])
        for rule, count in jobs.items()
    ]
    names = ["rule", "jobs", "passes", "teraflop", "device_hours", "other_hours", "disk_mb"]
    table = pd.DataFrame(rows, columns=names)
    total = pd.DataFrame([{"rule": "total", **table[names[1:]].sum()}])
    both = pd.concat([table, total], ignore_index=True).astype({"jobs": int})
    return Forecast(both, _notes(study, jobs, data, rates))


def _hours(
    rule: str, count: int, computing: float, finished: Sequence[Finished]
) -> tuple[float, float]:
    """Hours on the device, and of a rule that runs no network."""
    if rule in PASSES:
        return computing + count * START_UP / 3600, 0.0
    seconds = [job.seconds for job in finished if job.rule == rule]
    return 0.0, count * float(np.mean(seconds)) / 3600 if seconds else math.nan


def _notes(study: Study, jobs: Mapping[str, int], data: DatasetSize, rates: Rates) -> list[str]:
    notes = [
        f"Rate: {rates.source}; and {START_UP:g} s to start a job that runs a network.",
        "A pass forth and back counts as 3 forward passes where weights learn, else as 2.",
    ]
    if study["settings"].get("kernelshap", {}).get("tolerance") is not None:
        notes.append(
            "KernelSHAP stops at its tolerance; what is counted is settings.kernelshap."
            "most_evaluations, the most it may take."
        )
    if not data.train and any(KINDS.get(rule) == "training" for rule in jobs):
        notes.append(
            "The size of the data set is not known before it is laid out, and training counts as "
            "nothing; run snakemake --cores 1 data first."
        )
    unknown = sorted({base_method(study, m) for m in study["methods"]} - set(PER_IMAGE))
    if unknown:
        notes.append(
            f"What a map by {', '.join(unknown)} takes is not known; it counts as nothing."
        )
    if any(rule not in PASSES for rule in jobs):
        notes.append(
            "other_hours: mean time of finished jobs of the rule, whatever their study; ? where there "
            "are none, which the total leaves out."
        )
    return notes
