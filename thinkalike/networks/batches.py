"""Batches: the number of inputs that go through a network at a time, halved when memory runs out."""

import gc
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.model import Model
from thinkalike.progress import log, progress

MOST_ON_CPU = {False: 64, True: 128}
"""Whether there are gradients → inputs per batch on a CPU, at most: the activations of more leave the
caches, and gain nothing.
"""

CPU_ACTIVATIONS = 2**29
"""Bytes of activations that a job on a CPU may hold; fixed, so that a rerun makes the same batches."""

MOST_ON_CUDA = 1024

FREE_SHARE = 0.6
"""Share of the free memory of a GPU that a batch may take."""

TRIAL = 8

_KNOWN: WeakKeyDictionary[nn.Module, dict[tuple[int, torch.dtype], list[int]]] = WeakKeyDictionary()

_TRIED: WeakKeyDictionary[nn.Module, dict[tuple[int, torch.dtype, bool], float]] = (
    WeakKeyDictionary()
)

T = TypeVar("T")


class Batches:
    """Work in parts of so many inputs, halved when memory runs out.

    Attributes:
        size: inputs per pass, now.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def over(
        self, count: int, work: Callable[[slice], T], what: str = ""
    ) -> Iterator[tuple[slice, T]]:
        """Slices of at most `size` that cover `count`, in order, each with the result of `work` on it.

        A slice that runs out of memory is tried again in halves, and all later ones are as small.

        Args:
            count: inputs.
            work: on a slice of them.
            what: name of the inputs; with it, progress is shown.

        Raises:
            InputError: one input alone does not fit.
        """
        results = self._over(count, work)
        if not what:
            return results
        return progress(results, what=what, total=count, size=lambda r: r[0].stop - r[0].start)

    def _over(self, count: int, work: Callable[[slice], T]) -> Iterator[tuple[slice, T]]:
        start = 0
        while start < count:
            part = slice(start, min(start + self.size, count))
            try:
                result = work(part)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            else:
                yield part, result
                start = part.stop
                continue
            # Only here, where the error is gone and with it what the failed pass had allocated.
            self._halve(part.stop - part.start)

    def _halve(self, failed: int) -> None:
        if failed == 1:
            raise InputError(
                "one image alone does not fit into memory; run on a device with more of it, or with "
                "a smaller images.size"
            )
        self.size = failed // 2
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        log.warning("out of memory; going on with %d inputs a pass", self.size)


def one_behind(items: Iterable[T]) -> Iterator[T]:
    """Items in their order, each when the next one has been made: on a GPU that is to be busy, queued."""
    before: list[T] = []
    for item in items:
        yield from before
        before = [item]
    yield from before


def is_out_of_memory(error: Exception) -> bool:
    # torch has an exception of its own for GPUs alone; its allocator on the CPU says it in words.
    kinds = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, kinds) or "can't allocate memory" in str(error)


def fitting(model: Model, *, gradients: bool) -> int:
    """Number of inputs that fit in one pass of the network.

    On a CPU by a model of memory, so that all inputs together hold at most `CPU_ACTIVATIONS`: without
    gradients three times the inputs and outputs of the largest layer, because of branches beside it;
    with gradients the outputs of all layers, each of which is the input of the next. On CUDA by a trial
    of a few images, whose peak is extrapolated to a share of the free memory.
    """
    if model.device.type == "cuda":
        per_input = _tried(model, gradients)
        return max(min(int(FREE_SHARE * _free(model.device) / per_input), MOST_ON_CUDA), 1)
    layers = _activations(model)
    per_input = sum(layers) / 2 if gradients else 3 * max(layers)
    return max(min(int(CPU_ACTIVATIONS / per_input), MOST_ON_CPU[gradients]), 1)


def _activations(model: Model) -> list[int]:
    """Bytes of the inputs and outputs of every layer, for one image; measured once for a network."""
    known = _KNOWN.setdefault(model.network, {})
    if (model.size, model.dtype) in known:
        return known[model.size, model.dtype]
    sizes: list[int] = []

    def record(_module: object, inputs: tuple[object, ...], output: object) -> None:
        tensors = [t for t in (*inputs, output) if isinstance(t, torch.Tensor)]
        sizes.append(sum(t.numel() * t.element_size() for t in tensors))

    leaves = [m for m in model.network.modules() if not any(m.children())]
    handles = [leaf.register_forward_hook(record) for leaf in leaves]
    inputs = _trial_inputs(model, 1)
    try:
        with torch.inference_mode():
            model.network(inputs)
    finally:
        for handle in handles:
            handle.remove()
    known[model.size, model.dtype] = sizes or [inputs.numel() * inputs.element_size()]
    return known[model.size, model.dtype]


def _free(device: torch.device) -> int:
    """Bytes of a GPU that tensors can have: what nobody holds, and what torch keeps for them."""
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def _tried(model: Model, gradients: bool) -> float:
    """Bytes per input at the peak of a trial pass on CUDA; measured once for a network."""
    known = _TRIED.setdefault(model.network, {})
    key = (model.size, model.dtype, gradients)
    if key in known:
        return known[key]

    def peak(part: slice) -> int:
        before = torch.cuda.memory_allocated(model.device)
        torch.cuda.reset_peak_memory_stats(model.device)
        inputs = _trial_inputs(model, part.stop - part.start).requires_grad_(gradients)
        with torch.set_grad_enabled(gradients):
            scores = model.network(inputs)
            if gradients:
                torch.autograd.grad(scores.sum(), inputs)
        return torch.cuda.max_memory_allocated(model.device) - before

    # The trial itself may be too much: then a smaller one is made.
    part, used = next(Batches(TRIAL).over(TRIAL, peak))
    known[key] = max(used, 1) / (part.stop - part.start)
    return known[key]


def _trial_inputs(model: Model, count: int) -> torch.Tensor:
    return model.normalise(np.zeros((count, model.size, model.size, 3), np.uint8))
