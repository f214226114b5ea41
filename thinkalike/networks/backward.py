"""Backward passes to the image alone, and gradients of batch norms that torch would read wrongly.

A dimension of length 1 may have any stride. Where the gradient at the output of a batch norm has its
channels last in memory, the input has its channels first, and such a stride is not the usual one, the
kernel of torch for CPUs (seen in 2.15) reads the gradient as if its channels came first, too, and all
gradients before the norm are wrong. So it is for single images whose norm is followed by tokens
(`flatten(2).transpose(1, 2)`), and for single images after an instance norm, which runs as a batch norm.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
"""Number of dimensions → memory format with channels last."""


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """While open, no parameter requires a gradient; afterwards those that did before do again."""
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    network.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


@contextmanager
def right_gradients(network: nn.Module) -> Iterator[None]:
    """While open, gradients of what a network gives are those of its operations, for single images, too.

    After a pass that records a graph, every batch norm in the graph gets a hook that copies the gradients
    which torch would misread. Nothing else changes. What runs as TorchScript, and parts of the network that
    are called by themselves, are left as they are.

    Args:
        network: one that gives a tensor.
    """
    handle = network.register_forward_hook(_hook_batch_norms)
    try:
        yield
    finally:
        handle.remove()


def _hook_batch_norms(_network: nn.Module, _inputs: object, output: torch.Tensor) -> None:
    pending = [] if output.grad_fn is None else [output.grad_fn]
    visited = set(pending)
    while pending:
        node = pending.pop()
        if "BatchNorm" in node.name():
            node.register_prehook(_in_channel_order)
        sources = {source for source, _ in node.next_functions if source is not None} - visited
        visited |= sources
        pending.extend(sources)


def _in_channel_order(gradients: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Gradients of the outputs of a batch norm, the first copied if torch would misread it."""
    gradient, *others = gradients
    layout = CHANNELS_LAST.get(gradient.ndim)
    if layout is None or gradient.is_contiguous():
        return gradients
    is_last = gradient.is_contiguous(memory_format=layout)
    if is_last and gradient.stride() != torch.empty_like(gradient, memory_format=layout).stride():
        return (gradient.contiguous(), *others)
    return gradients
