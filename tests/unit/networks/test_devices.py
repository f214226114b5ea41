"""The device that a job computes on, with a stand-in for torch."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.support.checkout import REPOSITORY
from thinkalike.errors import InputError
from thinkalike.networks.devices import device_for


def torch_stand_in(monkeypatch, *, cuda: bool) -> list[int]:
    """Put a stand-in for torch in its place; what threads are set to is appended to the list."""
    threads: list[int] = []
    torch = SimpleNamespace(
        set_num_threads=threads.append,
        device=lambda name: f"device {name}",
        cuda=SimpleNamespace(is_available=lambda: cuda),
        backends=SimpleNamespace(
            cudnn=SimpleNamespace(allow_tf32=True, conv=SimpleNamespace(), rnn=SimpleNamespace()),
            cuda=SimpleNamespace(matmul=SimpleNamespace()),
        ),
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


ASKED_FOR = {
    "by_default": "",
    "by_the_older_names": "b.cudnn.allow_tf32 = b.cuda.matmul.allow_tf32 = True",
    "by_the_precision_of_products": "torch.set_float32_matmul_precision('medium')",
    "for_everything": "b.fp32_precision = 'tf32'",
    "for_every_operation": "b.cudnn.conv.fp32_precision = b.cuda.matmul.fp32_precision = 'tf32'",
}


@pytest.mark.parametrize("before", ASKED_FOR.values(), ids=ASKED_FOR)
@pytest.mark.parametrize("container", ["0", "1"])
def test_float32_is_not_rounded_whoever_asked_for_it(before, container):
    """In a process of its own, because the switches are torch's own and there for all."""
    code = f"""
import torch
from thinkalike.networks.devices import device_called
b = torch.backends
{before}
device_called("cpu")
print(b.cudnn.conv.fp32_precision, b.cudnn.rnn.fp32_precision, b.cuda.matmul.fp32_precision)
print(b.cudnn.allow_tf32, b.cuda.matmul.allow_tf32)
"""
    environment = {**os.environ, "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": container}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["ieee"] * 3 + ["False"] * 2
