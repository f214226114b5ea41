"""Networks of timm with random weights, made in little time and memory.

timm fills weights by slow random numbers, which are nobody's here. What a network sets to constants stays
(scales, shifts, biases); every convolution and matrix gets normal numbers of variance 1 / (inputs of an
output), windows of one pool. In networks of more than half a billion weights, tensors of one shape share
their numbers and memory.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import timm
import timm.layers.weight_init
import torch
from torch import nn

LARGE = 500_000_000
"""Number of weights above which tensors of one shape are shared."""

POOL = 1 << 20
RANDOM = (
    *("normal_", "uniform_", "trunc_normal_", "orthogonal_"),
    *("kaiming_normal_", "kaiming_uniform_", "xavier_normal_", "xavier_uniform_"),
)


def create(name: str, size: int, classes: int, device: str = "cpu") -> nn.Module:
    """A network of timm for images of a size, in eval mode, with random weights or on `meta` with none.

    Args:
        name: of the architecture.
        size: side of the images.
        classes: number of outputs.
        device: `cpu` or `meta`.
    """
    with torch.device(device), _without_random_numbers():
        try:
            network = timm.create_model(name, num_classes=classes, img_size=size)
        except TypeError:  # convolutional networks take any size and do not know the argument
            network = timm.create_model(name, num_classes=classes)
    network.eval().requires_grad_(False)
    if device != "meta":
        _fill(network)
    return network


@contextmanager
def _without_random_numbers() -> Iterator[None]:
    def only_vectors(initialise: Callable[..., Any]) -> Callable[..., Any]:
        return lambda tensor, *a, **k: initialise(tensor, *a, **k) if tensor.ndim < 2 else tensor

    with ExitStack() as stack:
        places = [(nn.init, name) for name in RANDOM]
        inner = timm.layers.weight_init
        for module, name in [*places, (inner, "_trunc_normal_"), (inner, "variance_scaling_")]:
            stack.enter_context(patch.object(module, name, only_vectors(getattr(module, name))))
        yield


def _fill(network: nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    pool = torch.randn(POOL, generator=generator)
    weights = [p for p in network.parameters() if p.ndim > 1]
    shared: dict[torch.Size, torch.Tensor] = {}
    is_large = sum(p.numel() for p in weights) > LARGE
    for parameter in weights:
        if is_large and parameter.shape in shared:
            parameter.data = shared[parameter.shape]
            continue
        inputs = parameter[0].numel() if len(parameter) > 1 else 1
        for part in parameter.data.view(-1).split(POOL // 2):
            start = int(torch.randint(POOL // 2, (), generator=generator))
            torch.mul(pool[start : start + len(part)], inputs**-0.5, out=part)
        shared[parameter.shape] = parameter.data
