"""How fast a device is: given, from finished jobs, or timed."""

import shutil
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np

from thinkalike.workflow.forecast.costs import Cost, counted_cost
from thinkalike.workflow.forecast.finished import Finished
from thinkalike.workflow.forecast.passes import Work
from thinkalike.workflow.forecast.speed import Speed

MEASURED = Path(__file__).with_name("paces.toml")

START_UP = 3.0
"""Seconds of a job that runs a network before it does anything: importing, reading weights and images."""

LEAST_SECONDS = 3 * START_UP
"""Seconds of a job that says something about a rate: most of a shorter one is its start."""

READING = 5e-4
"""Seconds to read an image: JPEGs of 224 × 224 pixels take 0.4 to 0.9 ms, the digits 0.1 ms."""


@dataclass(frozen=True)
class Pace:
    """Seconds of a forward pass.

    Attributes:
        per_gigaflop: for 10⁹ operations.
        per_gigabyte: for 10⁹ bytes that these write.
        per_megabyte: for 10⁶ bytes of weights: the share of an image in a step of the optimiser.
    """

    per_gigaflop: float
    per_gigabyte: float
    per_megabyte: float = 0.0

    def seconds(self, cost: Cost) -> float:
        """Seconds of a forward pass of one image."""
        return (
            self.per_gigaflop * cost.gigaflops
            + self.per_gigabyte * cost.gigabytes
            + self.per_megabyte * cost.megabytes
        )


@dataclass(frozen=True)
class Rates:
    """How fast a device is.

    Attributes:
        paces: direction (`DIRECTION`) → seconds of what counts as a forward pass in it.
        source: where they are from, in words.
        factors: by (kind of work, model), by (kind,), and for everything else by (): seconds that finished
            jobs took, as a share of what their paces say.
    """

    paces: Mapping[str, Pace]
    source: str
    factors: Mapping[tuple[str, ...], float] = field(default_factory=lambda: {(): 1.0})

    def seconds(self, part: Work, cost: Cost) -> float:
        """Seconds that a device is busy with the work; the factor is that of the most similar work.

        Args:
            part: the work.
            cost: of its model.
        """
        keys = ((part.kind, part.model), (part.kind,), ())
        factor = next(self.factors[key] for key in keys if key in self.factors)
        taken = part.passes * self.paces[direction(part.kind)].seconds(cost)
        return (taken + part.read * READING) * factor


def direction(kind: str) -> str:
    """Whether work of a kind goes forward through a network, back to the image, or trains it."""
    if kind in ("training", "predicting"):
        return kind
    return "predicting" if kind == "kernelshap" else "explaining"


@cache
def measured_paces() -> dict[str, Pace]:
    """Direction → pace on the machine where `paces.toml` was measured."""
    rows = tomllib.loads(MEASURED.read_text(encoding="utf-8"))
    return {direction: Pace(**row) for direction, row in rows.items()}


def given_rates(teraflops: float, source: str = "given (forecast.teraflops)") -> Rates:
    """One rate for everything that networks do.

    Args:
        teraflops: 10¹² operations a second.
        source: where it is from, in words.
    """
    pace = Pace(1 / (1e3 * teraflops), 0.0)
    paces = dict.fromkeys(("training", "predicting", "explaining"), pace)
    return Rates(paces, f"{teraflops:.3g} TFLOP/s, {source}")


def benchmark_rates(finished: Sequence[Finished]) -> Rates | None:
    """Rates of finished jobs: Σ (seconds − START_UP) beside what the paces say; None where there are none.

    Those on a GPU count, where there are any. Jobs shorter than LEAST_SECONDS do not.
    """
    usable = [job for job in finished if job.work and job.seconds > LEAST_SECONDS]
    usable = [job for job in usable if job.gpu] or usable
    if not usable:
        return None
    law = Rates(measured_paces(), "")
    sums: dict[tuple[str, ...], np.ndarray] = {}
    for job in usable:
        work, cost = cast(Work, job.work), cast(Cost, job.cost)
        for key in ((work.kind, work.model), (work.kind,), ()):
            taken = np.array([job.seconds - START_UP, law.seconds(work, cost)])
            sums[key] = sums.get(key, np.zeros(2)) + taken
    factors = {key: float(seconds / expected) for key, (seconds, expected) in sums.items()}
    studies = ", ".join(sorted({f"results/{job.study}" for job in usable}))
    device = "a GPU" if usable[0].gpu else "the CPU"
    source = f"{len(usable)} finished jobs of {studies} on {device}"
    return Rates(law.paces, source, factors)


def timed_rates(speed: Speed) -> Rates:
    """Rates of the device there is: of a GPU timed, of a CPU the measured paces at its speed."""
    if _has_gpu():
        teraflops, name = _gpu_teraflops()
        return given_rates(teraflops, f"timed now: ResNet-18 on {name}")
    return cpu_rates(speed)


def cpu_rates(speed: Speed) -> Rates:
    """Rates of this CPU: the measured paces at its speed."""
    paces = {
        name: Pace(
            pace.per_gigaflop / speed.dense,
            pace.per_gigabyte / speed.elementwise,
            pace.per_megabyte / speed.elementwise,
        )
        for name, pace in measured_paces().items()
    }
    return Rates(
        paces,
        f"as measured for the networks of costs.toml, and this CPU at {speed.dense:.2g} of that machine's "
        f"speed for products of matrices and {speed.elementwise:.2g} for other arrays, timed now",
    )


def _has_gpu() -> bool:
    """Whether there is a GPU; torch, seconds to import, is asked only where there may be one."""
    if not shutil.which("nvidia-smi"):
        return False
    import torch

    return torch.cuda.is_available()


def _gpu_teraflops(seconds: float = 3.0, size: int = 224) -> tuple[float, str]:
    """Rate of forward passes of a ResNet-18 in float32 on the GPU there is, in `seconds`, and its name.

    An upper bound for most others: large dense convolutions keep a device busy.
    """
    import torch

    from thinkalike.networks.architecture import Architecture
    from thinkalike.networks.devices import device_for
    from thinkalike.networks.model import create

    architecture = Architecture("resnet18", "resnet18")
    device = device_for(1, 1)
    cost = counted_cost(asdict(architecture), size, 1000)
    network = create(architecture, classes=1000, size=size).to(device)
    network = network.to(memory_format=torch.channels_last)
    images = torch.zeros((64, 3, size, size), device=device).to(memory_format=torch.channels_last)
    passed = 0
    with torch.inference_mode():
        network(images)[0, 0].item()  # the first pass chooses kernels
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            network(images)[0, 0].item()  # waits for the device
            passed += len(images)
        taken = time.monotonic() - start
    return passed * cost.gigaflops / taken / 1e3, torch.cuda.get_device_name(device)
