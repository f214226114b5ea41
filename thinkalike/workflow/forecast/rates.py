"""How fast a device is: given, from finished jobs, or timed."""

import ast
import csv
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.errors import InputError
from thinkalike.stores.weights import read_header
from thinkalike.workflow.forecast.costs import counted_cost, known_cost
from thinkalike.workflow.forecast.data import dataset_size
from thinkalike.workflow.forecast.passes import PER_IMAGE, training_passes

START_UP = 3.0
"""Seconds of a job that runs a network before it does anything: importing, reading weights and images."""


LEAST_SECONDS = 3 * START_UP
"""Of a job that says something about a rate: most of a shorter one is its start."""


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

    from thinkalike.networks.architecture import Architecture
    from thinkalike.networks.devices import device_for
    from thinkalike.networks.model import create

    architecture = Architecture("resnet18", "resnet18")
    gpu = torch.cuda.is_available()
    device = device_for(int(gpu), 1)
    cost = counted_cost(asdict(architecture), size, 1000)
    network = create(architecture, classes=1000, size=size).to(device)
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
