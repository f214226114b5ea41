"""The device that a job computes on, with a stand-in for torch."""

import sys
from types import SimpleNamespace

import pytest

from thinkalike.errors import InputError
from thinkalike.networks.devices import device_for


def torch_stand_in(monkeypatch, *, cuda: bool) -> list[int]:
    """Put a stand-in for torch in its place; what threads are set to is appended to the list."""
    threads: list[int] = []
    torch = SimpleNamespace(
        set_num_threads=threads.append,
        device=lambda name: f"device {name}",
        cuda=SimpleNamespace(is_available=lambda: cuda),
        backends=SimpleNamespace(cudnn=SimpleNamespace(allow_tf32=True)),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    return threads


@pytest.mark.parametrize(
    ("gpus", "cuda", "device"), [(0, False, "cpu"), (0, True, "cpu"), (1, True, "cuda")]
)
def test_the_device_follows_what_was_granted(monkeypatch, gpus, cuda, device):
    threads = torch_stand_in(monkeypatch, cuda=cuda)
    limited = []
    monkeypatch.setattr("threadpoolctl.threadpool_limits", limited.append)
    assert device_for(gpus, 3) == f"device {device}"
    assert threads == limited == [3]
    assert not sys.modules["torch"].backends.cudnn.allow_tf32


def test_a_granted_gpu_that_is_missing_is_an_error(monkeypatch):
    torch_stand_in(monkeypatch, cuda=False)
    with pytest.raises(InputError, match=r"gpus is 1 but CUDA finds no device; .* set gpus=0"):
        device_for(1, 1)
