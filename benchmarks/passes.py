"""Passes that a method makes through a network, and the same ones bare: their inputs are there already."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from thinkalike.explain.common import Question, score_function
from thinkalike.networks.model import Model


@dataclass(frozen=True)
class Pass:
    """One pass: its number of inputs, and whether it is differentiated down to them."""

    inputs: int
    gradients: bool


@contextmanager
def recorded(model: Model) -> Iterator[list[Pass]]:
    """The passes through a network while this is open, in their order."""
    passes: list[Pass] = []

    def note(_network: object, inputs: tuple[torch.Tensor, ...]) -> None:
        gradients = torch.is_grad_enabled() and inputs[0].requires_grad
        passes.append(Pass(len(inputs[0]), gradients))

    handle = model.network.register_forward_pre_hook(note)
    try:
        yield passes
    finally:
        handle.remove()


def bare(
    model: Model,
    question: Question,
    passes: list[Pass],
    layout: torch.memory_format = torch.channels_last,
) -> Callable[[], None]:
    """Function that makes passes of the same number and shape, and waits for their end.

    Its inputs are made here, once, on the device of the model, in the given layout.
    """
    score = score_function(model, question)
    shape = (max(each.inputs for each in passes), 3, model.size, model.size)
    inputs = torch.rand(shape, device=model.device, dtype=model.dtype)
    inputs = inputs.to(memory_format=layout)

    def run() -> None:
        for each in passes:
            batch = inputs[: each.inputs]
            if each.gradients:
                watched = batch.detach().requires_grad_()
                torch.autograd.grad(score(watched)[:, 0].sum(), watched)
            else:
                with torch.inference_mode():
                    score(batch)
        synchronise(model.device)

    return run


def synchronise(device: torch.device) -> None:
    """Wait for all that a device has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def repeated(
    runs: Mapping[str, Callable[[], object]], device: torch.device, seconds: float, most: int = 10
) -> dict[str, np.ndarray]:
    """Seconds of every run in every round, (rounds,) each.

    Runs take turns, once at least, and again until all together have taken so long.

    Args:
        runs: by name; each has run before, so that nothing is done for the first time.
        device: that is waited for before and after each run.
        seconds: that suffice.
        most: rounds.
    """
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(most):
        for name, run in runs.items():
            synchronise(device)
            start = time.perf_counter()
            run()
            synchronise(device)
            spent[name].append(time.perf_counter() - start)
        if sum(map(sum, spent.values())) >= seconds:
            break
    return {name: np.array(values) for name, values in spent.items()}


@contextmanager
def peak_memory(device: torch.device) -> Iterator[list[float]]:
    """GB that tensors on a GPU take at most while this is open: a list that then has one; none on a CPU."""
    peak: list[float] = []
    if device.type != "cuda":
        yield peak
        return
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    yield peak
    torch.cuda.synchronize(device)
    peak.append(torch.cuda.max_memory_allocated(device) / 1e9)
