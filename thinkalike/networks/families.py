"""Families of networks by the operations that they are made of: cnn, transformer, hybrid, other.

* **Attention** is a product of two matrices that both depend on the image, with several rows, and it
  happens more than once: a head that pools by attention makes no transformer. Where cells are weighed
  and summed without such products, modules say that they are attention by the names of their classes.
* A **spatial convolution** has a kernel of more than one pixel and the stride 1; the others put an image
  into patches or halve it.
* A **convolutional block** is what lies between two necks with a shortcut around it, and has a spatial
  convolution and no attention.

Attention alone makes a transformer; with convolutional blocks that have convolutions across channels, or
that make up a whole resolution, it makes a hybrid. Spatial convolutions without attention make a cnn. What
has neither (mixers, networks that pool) is other.
"""

from collections.abc import Iterator
from typing import Any

from torch import nn

from thinkalike.networks.traces import Trace, trace

FEWEST = 4
"""Fewest rows and columns of a product that is attention; pooling by one query is none."""


def family_of(network: nn.Module, size: int) -> str:
    """Family of a network: cnn, transformer, hybrid or other.

    Args:
        network, size: as for `traces.trace`.

    Raises:
        InputError: as `traces.trace`.
    """
    return family_in(network, trace(network, size))


def family_in(network: nn.Module, traced: Trace) -> str:
    """Family of a network from a trace of it."""
    has_convolutions = any(_is_spatial(node) for node in traced.graph)
    attention, before, is_hybrid = 0, 0, False
    for segment in _segments(traced):
        if any(_is_attention(node) for node in segment):
            attention += 1
        elif any(_is_spatial(node) for node in segment):
            before += attention == 0
            is_hybrid |= any(_is_convolution(node) and node._saved_groups == 1 for node in segment)
    if attention > 1:
        return "hybrid" if is_hybrid or before > 1 else "transformer"
    if sum(type(module).__name__.endswith("Attention") for module in network.modules()) > 1:
        return "hybrid" if has_convolutions else "transformer"
    return "cnn" if has_convolutions else "other"


def _segments(traced: Trace) -> Iterator[list[Any]]:
    """Operations beside each other between consecutive necks, from the image on; only where there are."""
    for lower, upper in zip(traced.necks, traced.necks[1:], strict=False):
        inside, open_nodes = set(), [upper]
        while open_nodes:
            for node in traced.graph.successors(open_nodes.pop()):
                if node is not lower and node not in inside:
                    inside.add(node)
                    open_nodes.append(node)
        if inside:
            yield [*inside, upper]


def _is_convolution(node: Any) -> bool:
    return node.name() == "ConvolutionBackward0" and node._saved_weight.ndim == 4


def _is_spatial(node: Any) -> bool:
    if not _is_convolution(node):
        return False
    return max(node._saved_weight.shape[2:]) > 1 and max(node._saved_stride) == 1


def _is_attention(node: Any) -> bool:
    name = node.name()
    if name.startswith("ScaledDotProduct"):
        return node._saved_query.shape[-2] >= FEWEST
    if name != "BmmBackward0" or any(source is None for source, _ in node.next_functions):
        return False
    rows, columns = node._saved_self.shape[-2], node._saved_mat2.shape[-1]
    return min(rows, columns) >= FEWEST
