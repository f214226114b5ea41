"""How fast a device is: given, from finished jobs, or timed."""

import ast
import csv
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.methods import Settings
from thinkalike.workflow.forecast.costs import counted_cost, known_cost
from thinkalike.workflow.forecast.facts import manifest_contents
from thinkalike.workflow.forecast.passes import Work, explaining_work, training_work

START_UP = 3.0
"""Seconds of a job that runs a network before it does anything: importing, reading weights and images."""

LEAST_SECONDS = 3 * START_UP
"""Seconds of a job that says something about a rate: most of a shorter one is its start."""


@dataclass(frozen=True)
class Rates:
    """How fast a device is.

    Attributes:
        known: sustained 10¹² operations a second, by (kind of work, model), by (kind,), and for
            everything else by ().
        source: where they are from, in words.
    """

    known: Mapping[tuple[str, ...], float]
    source: str

    def teraflops(self, kind: str, model: str) -> float:
        """The rate of the most similar work that is known."""
        keys = ((kind, model), (kind,), ())
        return next(self.known[key] for key in keys if key in self.known)


def given_rate(teraflops: float) -> Rates:
    """One rate for everything that networks do."""
    return Rates({(): teraflops}, f"{teraflops:g} TFLOP/s, given (forecast.teraflops)")


@dataclass(frozen=True)
class Finished:
    """A job that has run, from its benchmark.

    Attributes:
        study: name of its study.
        rule: name of its rule.
        seconds: wall time.
        kind, model: of its work; empty where it ran no network, or one of unknown cost.
        teraflop: operations, 10¹².
        gpu: whether it had a GPU.
    """

    study: str
    rule: str
    seconds: float
    kind: str = ""
    model: str = ""
    teraflop: float = 0.0
    gpu: bool = False


def _trained(inputs: Sequence[str], model: str, settings: Settings) -> Work:
    return training_work(model, manifest_contents(_input(inputs, "manifest.parquet")), settings)


def _predicted(inputs: Sequence[str], model: str) -> Work:
    table = pd.read_parquet(_input(inputs, "images.parquet"), columns=["image_id"])
    return Work("predicting", model, len(table))


def _explained(
    inputs: Sequence[str],
    model: str,
    base: str,
    part: Sequence[int],
    settings: Settings,
    explanation: Mapping[str, Any],
    size: int,
) -> Work:
    if settings.get("attribution") == "FeatureAblation":
        raise LookupError("the parameters do not say how many superpixels there were")
    return explaining_work(base, model, part, settings, explanation["precision"], size, 0)


def _input(inputs: Sequence[str], name: str) -> str:
    for path in inputs:
        if Path(path).name == name:
            return path
    raise LookupError(f"the job has no input {name}")


RATED_RULES: dict[str, Callable[..., Work]] = {
    "train_model": _trained,
    "finetune_model": _trained,
    "predict_images": _predicted,
    "explain_images": _explained,
}
"""Rule → work of a finished job, from the paths of its inputs and from the params and wildcards that are
named. The rules whose jobs give rates; they also have the params `architecture` and `size`."""


def finished_jobs(results: str | Path) -> list[Finished]:
    """All jobs under `results/*/benchmarks`; one whose benchmark does not say what it did is left out."""
    jobs = []
    for path in sorted(Path(results).glob("*/benchmarks/**/*.tsv")):
        study, _, name, *_ = path.relative_to(results).parts
        try:
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, delimiter="\t"))
            # rules of a loop share a folder, and have their names in the table alone
            jobs += [_finished(study, row.get("rule_name") or Path(name).stem, row) for row in rows]
        except (OSError, LookupError, TypeError, ValueError, SyntaxError):
            continue  # cut short, of another version, or of files that are gone
    return jobs


def _finished(study: str, name: str, row: Mapping[str, str]) -> Finished:
    seconds = float(row["s"])
    if name not in RATED_RULES:
        return Finished(study, name, seconds)
    wildcards, params, resources, inputs = (
        ast.literal_eval(row[key]) for key in ("wildcards", "params", "resources", "input_size_mb")
    )
    values = {**wildcards, **params, "inputs": list(inputs)}
    rule = RATED_RULES[name]
    work = rule(**{key: values[key] for key in inspect.signature(rule).parameters})
    cost = known_cost(params["architecture"])
    if cost is None:
        return Finished(study, name, seconds)
    teraflop = work.passes * cost.at(params["size"]).gigaflops / 1e3
    gpu = bool(resources.get("gpu"))
    return Finished(study, name, seconds, work.kind, work.model, teraflop, gpu)


def benchmark_rates(finished: Sequence[Finished]) -> Rates | None:
    """Rates of finished jobs, Σ operations / Σ (seconds − START_UP); None where there are none.

    Those on a GPU count, where there are any. Jobs shorter than LEAST_SECONDS do not.
    """
    usable = [job for job in finished if job.teraflop and job.seconds > LEAST_SECONDS]
    usable = [job for job in usable if job.gpu] or usable
    if not usable:
        return None
    sums: dict[tuple[str, ...], np.ndarray] = {}
    for job in usable:
        for key in ((job.kind, job.model), (job.kind,), ()):
            done = np.array([job.teraflop, job.seconds - START_UP])
            sums[key] = sums.get(key, np.zeros(2)) + done
    rates = {key: float(teraflop / seconds) for key, (teraflop, seconds) in sums.items()}
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
