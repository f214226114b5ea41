"""How many inputs go through a network at a time."""

import logging
import re
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.explaining import classifier, double
from thinkalike.errors import InputError
from thinkalike.networks import batches
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.batches import MOST_ON_CPU, MOST_ON_CUDA, Batches, fitting
from thinkalike.networks.model import Model

TOO_MUCH = 2**50
"""Bytes that no machine has, nor has addresses for."""


def on_the_cpu() -> torch.Tensor:
    return torch.empty(TOO_MUCH, dtype=torch.uint8)


def on_a_gpu() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def in_numpy() -> np.ndarray:
    return np.empty(TOO_MUCH, np.uint8)


def covered(size: int, count: int) -> list[tuple[int, int]]:
    return [(part.start, part.stop) for part, _ in Batches(size).over(count, lambda _: None)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9])
def test_everything_is_covered_once_and_in_order(size, count):
    seen = [i for start, stop in covered(size, count) for i in range(start, stop)]
    assert seen == list(range(count))


def test_slices_are_as_large_as_allowed():
    assert covered(3, 8) == [(0, 3), (3, 6), (6, 8)]


def test_results_come_with_their_slices():
    values = np.arange(10) ** 2
    for part, result in Batches(4).over(10, lambda part: values[part].sum()):
        assert result == values[part].sum()


def test_work_waits_until_it_is_asked_for():
    done = []
    results = Batches(2).over(6, done.append)
    assert done == []
    next(results)
    assert done == [slice(0, 2)]


def test_progress_is_shown_of_inputs_not_of_passes(caplog):
    with caplog.at_level(logging.INFO):
        parts = [part for part, _ in Batches(3).over(8, lambda _: None, "images")]
    assert parts == [slice(0, 3), slice(3, 6), slice(6, 8)]
    assert "images: 6 of 8" in caplog.text
    assert "images: 8 of 8" in caplog.text


@pytest.mark.parametrize("exhaust", [on_the_cpu, on_a_gpu, in_numpy])
def test_a_pass_that_runs_out_of_memory_is_made_smaller(exhaust, caplog):
    """At most three inputs fit; twenty come, in passes of 16."""
    tried = []

    def work(part: slice) -> int:
        tried.append((part.start, part.stop))
        if part.stop - part.start > 3:
            exhaust()
        return sum(range(20)[part])

    held = Batches(16)
    results = list(held.over(20, work))
    # 16, 8 and 4 are too many; once it is 2, no more than that is tried again
    assert tried == [(0, 16), (0, 8), (0, 4), *((start, start + 2) for start in range(0, 20, 2))]
    assert [part for part, _ in results] == [slice(i, i + 2) for i in range(0, 20, 2)]
    assert sum(value for _, value in results) == sum(range(20))
    assert held.size == 2
    assert caplog.messages == [
        f"out of memory; going on with {size} inputs a pass" for size in (8, 4, 2)
    ]


def test_the_smaller_size_is_kept_for_the_next_inputs():
    held = Batches(8)

    def work(part: slice) -> None:
        if part.stop - part.start > 5:
            on_a_gpu()

    assert [part.stop for part, _ in held.over(8, work)] == [4, 8]
    assert [part.stop for part, _ in held.over(9, work)] == [4, 8, 9]


def test_half_of_what_was_tried_is_tried_next_not_half_of_what_was_allowed():
    tried = []

    def work(part: slice) -> None:
        tried.append(part.stop - part.start)
        if tried[-1] > 2:
            on_a_gpu()

    list(Batches(64).over(5, work))
    assert tried == [5, 2, 2, 1]


def test_what_a_failed_pass_held_is_given_back_before_the_next():
    """The error that says so must not keep it: its traceback holds the frame with the tensors."""
    held = []

    class Heard(logging.Handler):
        alive = None

        def emit(self, record: logging.LogRecord) -> None:
            self.alive = held[0]() is not None

    def work(part: slice) -> None:
        activations = torch.ones(3)
        held.append(weakref.ref(activations))
        if part.stop - part.start > 1:
            on_the_cpu()

    heard = Heard()
    batches.log.addHandler(heard)
    try:
        list(Batches(2).over(2, work))
    finally:
        batches.log.removeHandler(heard)
    assert heard.alive is False


@pytest.mark.parametrize("exhaust", [on_the_cpu, on_a_gpu, in_numpy])
def test_one_input_that_does_not_fit_is_refused(exhaust):
    with pytest.raises(InputError, match=r"one image alone does not fit .*smaller images\.size"):
        list(Batches(4).over(3, lambda _: exhaust()))


@pytest.mark.parametrize(
    "error", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("no")]
)
def test_other_errors_pass(error, caplog):
    def work(_: slice) -> None:
        raise error

    held = Batches(4)
    with pytest.raises(type(error), match=re.escape(str(error))):
        list(held.over(8, work))
    assert held.size == 4
    assert not caplog.messages


class Hungry(nn.Module):
    """Takes three inputs at most."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if len(inputs) > 3:
            on_the_cpu()
        return self.inner(inputs)


def test_a_network_that_runs_out_of_memory_gives_the_same_results_in_smaller_passes():
    model = double(classifier("vit"))
    inputs = torch.rand(9, 3, 64, 64, dtype=torch.float64)
    hungry = Hungry(model.network)
    with torch.inference_mode():
        together = model.network(inputs)
        held = Batches(9)
        parts = [logits for _, logits in held.over(9, lambda part: hungry(inputs[part]))]
    assert held.size == 2
    torch.testing.assert_close(torch.cat(parts), together, rtol=0, atol=1e-12)


# how many fit


def resized(model: Model, size: int) -> Model:
    """A convolutional network takes images of any size."""
    return replace(model, size=size)


@pytest.mark.parametrize("key", ["resnet", "efficientnet", "vit", "coatnet"])
def test_on_a_cpu_the_small_models_fit_in_large_batches(key):
    model = classifier(key)
    assert fitting(model, gradients=False) == MOST_ON_CPU[False]
    assert 1 < fitting(model, gradients=True) <= MOST_ON_CPU[True]


def test_a_larger_input_makes_a_smaller_batch_down_to_one():
    model = classifier("resnet")
    for gradients in (False, True):
        sizes = [
            fitting(resized(model, side), gradients=gradients) for side in (64, 128, 512, 1024)
        ]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] == MOST_ON_CPU[gradients]
        assert sizes[-1] < sizes[0]
    assert sizes[-1] == 1


def test_gradients_make_a_smaller_batch():
    model = resized(classifier("resnet"), 256)
    assert 1 <= fitting(model, gradients=True) < fitting(model, gradients=False)


def test_numbers_of_twice_the_bytes_make_half_the_batch():
    single = resized(classifier("resnet"), 256)
    sizes = [fitting(model, gradients=True) for model in (single, double(single))]
    assert sizes[1] == sizes[0] // 2


def test_memory_is_that_of_the_layers():
    """Two layers: 3 → 8 channels, then a mean; of 16 x 16 pixels in float32."""
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    model = Model(network, (0.0,) * 3, (1.0,) * 3, 16, tuple("abcdefgh"), Architecture("small"))
    cells = 16 * 16
    assert batches._activations(model) == [
        4 * (3 * cells + 8 * cells),
        4 * (8 * cells + 8),
        4 * (8 + 8),
    ]


@pytest.mark.parametrize("gradients", [False, True])
def test_asking_how_many_fit_leaves_no_trace_and_gives_the_same_again(gradients):
    model = classifier("resnet", size=64)
    state = {key: value.clone() for key, value in model.network.state_dict().items()}
    random_state = torch.get_rng_state()
    first = fitting(model, gradients=gradients)
    assert fitting(model, gradients=gradients) == first
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(value, state[key]) for key, value in model.network.state_dict().items())
    assert not any(module._forward_hooks for module in model.network.modules())


def test_no_hook_is_left_when_the_network_fails():
    model = classifier("vit", size=64)
    with pytest.raises(AssertionError, match="Input height"):
        fitting(resized(model, 63), gradients=False)
    assert not any(module._forward_hooks for module in model.network.modules())


class Gpu:
    """A GPU with so much free memory, a part of which torch keeps for its tensors, on which a pass takes so
    much an input, or does not fit.
    """

    def __init__(
        self, monkeypatch, free: int, per_input: int, most: int = 1000, kept: int = 0
    ) -> None:
        self.free, self.per_input, self.most = free, per_input, most
        self.passed: list[int] = []
        monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 700)
        monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _: None)
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", self.peak)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free - kept, 2 * free))
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 700 + kept)
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)

    def peak(self, _: object) -> int:
        return 700 + self.passed[-1] * self.per_input

    def model(self) -> Model:
        model = classifier("resnet")

        def arrive(_module: object, inputs: tuple[torch.Tensor, ...]) -> None:
            self.passed.append(len(inputs[0]))
            if len(inputs[0]) > self.most:
                on_a_gpu()

        model.network.register_forward_pre_hook(arrive)
        return Elsewhere(**vars(model))


class Elsewhere(Model):
    """Says that it is on a GPU; its tensors are on the CPU."""

    @property
    def device(self) -> torch.device:
        return torch.device("cuda")

    def normalise(self, images: np.ndarray) -> torch.Tensor:
        return Model(**vars(self)).normalise(images)


@pytest.mark.parametrize("gradients", [False, True])
def test_on_a_gpu_a_trial_says_how_many_fit(monkeypatch, gradients):
    gpu = Gpu(monkeypatch, free=10_000, per_input=100)
    model = gpu.model()
    assert fitting(model, gradients=gradients) == 60  # a share of 0.6
    assert fitting(model, gradients=gradients) == 60
    assert gpu.passed == [batches.TRIAL]
    assert fitting(model, gradients=not gradients) == 60
    assert gpu.passed == [batches.TRIAL] * 2


def test_memory_that_torch_keeps_for_tensors_is_free(monkeypatch):
    gpu = Gpu(monkeypatch, free=10_000, per_input=100, kept=9_000)
    assert fitting(gpu.model(), gradients=False) == 60


def test_a_trial_that_does_not_fit_is_made_smaller(monkeypatch):
    gpu = Gpu(monkeypatch, free=10_000, per_input=1000, most=3)
    assert fitting(gpu.model(), gradients=False) == 6
    assert gpu.passed == [8, 4, 2]


@pytest.mark.parametrize(("free", "expected"), [(10**9, MOST_ON_CUDA), (10, 1)])
def test_on_a_gpu_there_is_a_most_and_a_least(monkeypatch, free, expected):
    gpu = Gpu(monkeypatch, free=free, per_input=100)
    assert fitting(gpu.model(), gradients=False) == expected


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("gradients", [False, True])
def test_a_batch_that_fits_on_a_gpu_does_fit_there(gradients):
    model = classifier("resnet")
    model.network.cuda()
    size = fitting(model, gradients=gradients)
    assert 1 <= size <= MOST_ON_CUDA
    assert fitting(resized(model, 512), gradients=gradients) <= size
    _, free = torch.cuda.mem_get_info()
    inputs = model.normalise(np.zeros((size, 64, 64, 3), np.uint8)).requires_grad_(gradients)
    with torch.set_grad_enabled(gradients):
        scores = model.network(inputs)
        if gradients:
            torch.autograd.grad(scores.sum(), inputs)
    assert torch.cuda.max_memory_allocated() < free
    assert not any(module._forward_hooks for module in model.network.modules())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_that_is_full_makes_smaller_passes():
    held = Batches(64)
    _, total = torch.cuda.mem_get_info()

    def work(part: slice) -> int:
        count = part.stop - part.start
        return torch.empty(total // 20 * count, dtype=torch.uint8, device="cuda").numel()

    assert len(list(held.over(64, work))) >= 4
    assert held.size <= 16
