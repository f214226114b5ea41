"""The device that networks compute on."""

from typing import Any

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
    # float32 means float32: cuDNN's convolutions would otherwise round to 10 bits on newer GPUs
    torch.backends.cudnn.allow_tf32 = False
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
    torch.backends.cudnn.allow_tf32 = False
    return device
