"""The device that a job computes on."""

from typing import Any

from thinkalike.errors import InputError


def device_for(gpus: int, threads: int) -> Any:
    """The torch device of a job: CUDA if a GPU was granted, else the CPU with `threads` threads.

    Raises:
        InputError: a GPU was granted and CUDA is not there. Falling back to the CPU would turn
            minutes into days without a word.
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
            "resources.gpu is 1 for this job but CUDA finds no device; run it where there is one, "
            "or set gpu=0 (--set-resources <rule>:gpu=0)"
        )
    return torch.device("cuda")
