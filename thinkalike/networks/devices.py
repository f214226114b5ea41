"""The device that networks compute on."""

from collections.abc import Callable
from typing import Any

import numpy as np

from thinkalike.errors import InputError


def device_for(gpus: int, threads: int) -> Any:
    """The torch device: CUDA if there are GPUs to use, else the CPU; limits this process's threads.

    Args:
        gpus: GPUs that this process may use; one is used.
        threads: threads of torch and of SciPy's linear algebra.

    Raises:
        InputError: CUDA finds no device. Falling back to the CPU would turn minutes into days without
            a word.
    """
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(threads)
    # SciPy's linear algebra too: jobs run side by side
    threadpool_limits(threads)
    refuse_tf32(torch.backends)
    if not gpus:
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise InputError(
            f"gpus is {gpus} but CUDA finds no device; run where there is one, or set gpus=0"
        )
    return torch.device("cuda")


def device_called(name: Any) -> Any:
    """The torch device of a name such as `cpu`, `cuda` or `cuda:1`; float32 means float32 there.

    Raises:
        InputError: there is no such device, or it is not there.
    """
    import torch

    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"device: {name!r} cannot be used ({reason}); give 'cpu', or 'cuda' where there is a GPU"
        ) from None
    refuse_tf32(torch.backends)
    return device


def refuse_tf32(backends: Any) -> None:
    """Let float32 mean float32: newer GPUs round convolutions to 10 bits, and products if they may.

    A notebook, another library or the environment of a container may have allowed it.

    Args:
        backends: of torch, which this module imports only where a device is made.
    """
    # by the older names too: torch refuses to read those while they say something else
    backends.cudnn.allow_tf32 = False
    backends.cuda.matmul.allow_tf32 = False
    backends.cudnn.conv.fp32_precision = "ieee"
    backends.cudnn.rnn.fp32_precision = "ieee"
    backends.cuda.matmul.fp32_precision = "ieee"


def on_device(tensor: Any, device: Any) -> Any:
    """A tensor of the CPU on a device, without waiting for what the device has still to do.

    To CUDA it goes by way of pinned memory: a copy from other memory waits for the passes before it, and
    the device then for the next ones.

    Args:
        tensor: on the CPU. What is done to it later does not change what arrives on another device.
        device: of torch.
    """
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def fetched(tensor: Any) -> Callable[[], np.ndarray]:
    """Begin to copy a tensor to the CPU; the function returned waits for the copy and gives the array.

    On CUDA the copy waits for what was queued before it, and not for what is queued later.
    """
    if tensor.device.type != "cuda":
        array: np.ndarray = tensor.cpu().numpy()
        return lambda: array
    import torch

    copy = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    copy.copy_(tensor, non_blocking=True)
    copied = torch.cuda.current_stream(tensor.device).record_event()

    def wait() -> np.ndarray:
        copied.synchronize()
        values: np.ndarray = copy.numpy()
        return values

    return wait
