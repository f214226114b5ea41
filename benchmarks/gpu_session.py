"""What the parts of the benchmark on a GPU share: the device, the time left, models, rates, and notes."""

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.common import Row
from benchmarks.imagenet import IMAGENET_SIZE, imagenet_keys, imagenet_model, noise
from thinkalike.explain.common import Explanation, Question
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model

BASELINE = (0.485, 0.456, 0.406)
"""The mean colour of ImageNet."""
TITLES: Mapping[str, str] = {
    "kernelshap": "KernelSHAP",
    "integrated_gradients": "Integrated Gradients",
    "gradcam": "Grad-CAM",
    "lrp": "LRP",
}
"""Method → its name; the most important first."""
FIRST = ("resnet50", "deit_s", "efficientnet_b3", "swin_t", "mobilenetv3")
"""Architectures that are measured before the others: one of each kind."""
WITHOUT = "without a network"


@dataclass(frozen=True)
class Budget:
    """Evaluations of KernelSHAP, and steps of Integrated Gradients, whatever the gap."""

    evaluations: int
    steps: int

    def settings(self, method: str) -> dict[str, Any]:
        """Settings of a method."""
        return {
            "kernelshap": {"evaluations": self.evaluations},
            "integrated_gradients": {
                "tolerance": 0.0,
                "map_tolerance": 0.0,
                "most_steps": self.steps,
            },
            "gradcam": {"depth": 100},
            "lrp": {"composite": "epsilon"},
        }[method]


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        models: of the catalogue, in the order in which they are measured.
        size: of images in pixels.
        images: method → number of images whose explanation is timed.
        cells: a side, of the grid of superpixels of KernelSHAP.
        timed, in_study, in_comparison: budgets.
        seconds: that a timing goes on at least.
        study: images of the study, and those from which its time may be extrapolated, most first.
        audited: images whose maps in bfloat16 are held against float32.
        compared: models whose maps on the GPU are held against those of the CPU.
        compared_images: their number.
        trained: models of the default study that are trained; none stands for all of them.
        learned: images of their training; None stands for all.
        epochs: of their training; None for their own.
    """

    models: tuple[str, ...] = (*FIRST, *(key for key in imagenet_keys() if key not in FIRST))
    size: int = IMAGENET_SIZE
    images: Mapping[str, int] = field(
        default_factory=lambda: {
            "kernelshap": 16,
            "integrated_gradients": 16,
            "gradcam": 128,
            "lrp": 64,
        }
    )
    cells: int = 7
    timed: Budget = Budget(350, 54)
    in_study: Budget = Budget(350, 162)  # at least the log's, 350 and 100
    in_comparison: Budget = Budget(60, 18)
    seconds: float = 0.5
    study: tuple[int, ...] = (128, 64, 32, 16, 8)
    audited: int = 2
    compared: tuple[str, ...] = ("resnet50", "deit_s")
    compared_images: int = 2
    trained: tuple[str, ...] = ()
    learned: int | None = None
    epochs: int | None = None


QUICK = Effort(
    models=("resnet18", "deit_t"),
    size=32,
    images=dict.fromkeys(TITLES, 2),
    cells=2,
    timed=Budget(8, 6),
    in_study=Budget(8, 6),
    in_comparison=Budget(8, 6),
    seconds=0.0,
    study=(2, 1),
    compared=("resnet18", "deit_t"),
    compared_images=1,
    trained=("resnet",),
    learned=128,
    epochs=1,
)


class Clock:
    """The time that a run, and its part, may take.

    Args:
        seconds: of the run.
        now: that tells the time in seconds.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self.now, self.start, self.seconds = now, now(), seconds
        self.end = self.start + seconds

    def until(self, share: float) -> None:
        """Let the part that begins end when so much of the whole time is over."""
        self.end = self.start + share * self.seconds

    @property
    def left(self) -> float:
        """Seconds of the part that are left."""
        return self.end - self.now()


@dataclass
class Session:
    """One run of the benchmark.

    Attributes:
        device: that is measured.
        effort: how much is measured.
        clock: how long.
        rates: (method, model) → images a second of the method, and of its bare passes.
        left_out: what there was no time for, in words.
        failed: what ended with an error → the error.
    """

    device: torch.device
    effort: Effort
    clock: Clock
    rates: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    _models: dict[str, Model] = field(default_factory=dict)

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"

    def within(self, what: str, keys: Iterable[str]) -> Iterator[str]:
        """Keys that there is time for, one after the other; the others are noted.

        One begins if as much time is left as the longest before it took.

        Args:
            what: is done with each key, in words.
            keys: most important first.
        """
        longest = 0.0
        for key in keys:
            if self.clock.left <= longest:
                self.left_out.append(f"{what}: {key}")
                continue
            start = self.clock.now()
            yield key
            longest = max(longest, self.clock.now() - start)

    def attempted(self, what: str, work: Callable[[], list[Row]]) -> list[Row]:
        """Rows of some work; if it ends with an error, none, the error is noted and the run goes on."""
        try:
            rows = work()
            if self.on_gpu:
                torch.cuda.empty_cache()
            return rows
        except Exception as error:
            traceback.print_exc()
            reason = (str(error).strip().splitlines() or [""])[0]
            self.failed[what] = f"{type(error).__name__}: {reason}"
        return []

    def model(self, key: str) -> Model:
        """A model with random weights on the device; made once."""
        if key not in self._models:
            made = colours(self.effort.size) if key == WITHOUT else self.on_cpu(key)
            made.network.to(self.device)
            self._models[key] = made
        return self._models[key]

    def on_cpu(self, key: str) -> Model:
        """The model with the same weights on the CPU."""
        return imagenet_model(key, self.effort.size)

    def images(self, count: int) -> np.ndarray:
        return noise(count, self.effort.size)

    def question(self, count: int, precision: str = "float32") -> Question:
        """The question for so many images, whose superpixels are the cells of a grid."""
        size, cells = self.effort.size, self.effort.cells
        place = np.arange(size) * cells // size
        labels = (place[:, None] * cells + place).astype(np.int16)
        return Question(
            output="logit",
            baseline=BASELINE,
            precision=precision,
            segments=np.broadcast_to(labels, (count, size, size)),
            seeds=np.arange(count),
        )

    def explain(
        self,
        method: str,
        model: Model,
        count: int,
        budget: Budget,
        *,
        precision: str = "float32",
        targets: np.ndarray | None = None,
    ) -> Explanation:
        """Explanation of the first images by a method."""
        question = self.question(count, precision)
        return explain_of(method)(
            model, self.images(count), targets, question, **budget.settings(method)
        )


def explain_of(method: str) -> Callable[..., Explanation]:
    """The function `explain` of a method."""
    explain: Callable[..., Explanation] = import_module(f"thinkalike.explain.{method}").explain
    return explain


def colours(size: int) -> Model:
    """A model that costs next to nothing, of the mean colour of an image, and whose gradients jump.

    Integrated Gradients would be complete after few steps if it were linear.
    """
    torch.manual_seed(0)
    first, last = nn.Linear(3, 64), nn.Linear(64, 1000)
    nn.init.uniform_(first.bias, -0.2, 0.2)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), first, nn.ReLU(), last).eval()
    classes = tuple(map(str, range(1000)))
    network.requires_grad_(False)
    return Model(network, (0.5,) * 3, (0.25,) * 3, size, classes, Architecture(WITHOUT))
