"""Traces of networks: what their modules give for a small image, and how the score depends on it.

A trace is made by running the network and by asking its gradients, never by the names of classes.
Of the operations between the image and the score it knows those that every path goes through, the
*necks*: the output of a block is one, what lies beside a shortcut is none.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import networkx as nx
import torch
from torch import nn
from torch.func import functional_call

from thinkalike.errors import InputError
from thinkalike.networks.backward import frozen

CORNERS = ((0, 0), (0, 1), (1, 0))
"""Half of the rows and half of the columns that meet in the corner which each copy has changed."""

Graph = nx.DiGraph
"""Operations of a pass, each with edges to those whose results it takes; its root is the score."""


@dataclass
class Output:
    """A tensor that one or several nested modules give.

    Attributes:
        modules: their names, the innermost first.
        values: (1 + corners, …) for an image, and for copies of it with one corner changed.
        layers: number of the network's layers with weights (convolutions, matrices) up to it.
        depth: that number, as a share of all of them.
        is_neck: whether all that reaches the score from the image goes through it.
        gradient: of the score with respect to the values; None where it has no influence.
    """

    modules: list[str]
    values: torch.Tensor
    layers: int
    depth: float = 0.0
    is_neck: bool = False
    gradient: torch.Tensor | None = None


@dataclass(frozen=True)
class Trace:
    """Outputs of a network's modules in the order in which they are ready.

    Attributes:
        outputs: of modules that run once and give a tensor that depends on the image.
        graph: of the operations from the score back to the image.
        necks: operations of the graph that all paths go through, from the image to the score.
    """

    outputs: list[Output]
    graph: Graph
    necks: list[Any]


@dataclass
class _Recorder:
    outputs: list[Output] = field(default_factory=list)
    known: dict[int, Output] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    weighted: int = 0

    def record(self, name: str, module: nn.Module, _inputs: object, output: object) -> Any:
        self.calls[name] = self.calls.get(name, 0) + 1
        if any(p.ndim > 1 for p in module.parameters(recurse=False)):
            self.weighted += 1
        if not isinstance(output, torch.Tensor) or not output.requires_grad:
            return None
        if (same := self.known.get(id(output))) is not None:
            same.modules.append(name)  # it hands on what a module inside it, or before it, gave
            return None
        # a clone, so that an in-place activation that follows leaves the values as they are
        clone = output.clone()
        self.known[id(clone)] = Output([name], clone, self.weighted)
        self.outputs.append(self.known[id(clone)])
        return clone


def trace(network: nn.Module, size: int, seed: int = 0) -> Trace:
    """Trace of a pass and of the gradient of each image's highest output.

    Args:
        network: gives outputs (N, classes) for images (N, 3, size, size); in eval mode.
        size: of the images, which are of noise.
        seed: of the noise.

    Raises:
        InputError: the outputs are no (N, classes), or do not depend on the image.
    """
    images = changed_corners(size, seed, like=next(network.parameters(), torch.zeros(0)))
    images.requires_grad_()
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        frozen(network),
        _recording(network) as recorder,
    ):
        scores = functional_call(network, _noise_for_zeros(network, seed), (images,))
    if not isinstance(scores, torch.Tensor) or scores.ndim != 2 or len(scores) != len(images):
        shape = tuple(getattr(scores, "shape", ())) or type(scores).__name__
        raise InputError(f"a {type(network).__name__} gives {shape}, not images by classes")
    if not scores.requires_grad:
        raise InputError(f"the outputs of a {type(network).__name__} do not depend on the image")
    for output in recorder.outputs:
        output.modules = [name for name in output.modules if recorder.calls[name] == 1]
    outputs = [output for output in recorder.outputs if output.modules]
    score = scores.float().amax(1).sum()
    graph = _graph_of(score.grad_fn)
    necks = _necks(graph, score.grad_fn)
    on_all_paths = set(necks)
    gradients = torch.autograd.grad(
        score, [o.values for o in outputs], allow_unused=True, retain_graph=True
    )
    for output, gradient in zip(outputs, gradients, strict=True):
        output.is_neck = output.values.grad_fn in on_all_paths
        output.gradient = gradient
        output.values = output.values.detach()
        output.depth = output.layers / max(recorder.weighted, 1)
    return Trace(outputs, graph, necks)


def changed_corners(size: int, seed: int, like: torch.Tensor) -> torch.Tensor:
    """An image of noise and copies of it, each with other noise in a corner, (4, 3, size, size)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(2, 3, size, size, generator=generator)
    images = noise[:1].repeat(1 + len(CORNERS), 1, 1, 1)
    for image, corner in zip(images[1:], CORNERS, strict=True):
        rows, columns = (_half(size, half) for half in corner)
        image[:, rows, columns] = noise[1, :, rows, columns]
    return images.to(like)


def _half(side: int, half: int) -> slice:
    return slice(half * (side - side // 2), half * side + (1 - half) * (side // 2))


def _noise_for_zeros(network: nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Noise for the parameters that are 0 throughout, by name.

    Networks begin to train with heads or with branches of zeros; no gradient gets past them.
    """
    generator = torch.Generator().manual_seed(seed)
    return {
        name: (0.1 * torch.randn(values.shape, generator=generator)).to(values)
        for name, values in network.named_parameters()
        if not values.detach().any()
    }


@contextmanager
def _recording(network: nn.Module) -> Iterator[_Recorder]:
    recorder = _Recorder()
    handles = [
        module.register_forward_hook(partial(recorder.record, name))
        for name, module in network.named_modules()
        if name
    ]
    try:
        yield recorder
    finally:
        for handle in handles:
            handle.remove()


def _graph_of(root: Any) -> Graph:
    graph: Graph = nx.DiGraph()
    open_nodes = [root]
    graph.add_node(root)
    while open_nodes:
        node = open_nodes.pop()
        for source, _ in node.next_functions:
            if source is None:
                continue
            if source not in graph:
                open_nodes.append(source)
            graph.add_edge(node, source)
    return graph


def _necks(graph: Graph, root: Any) -> list[Any]:
    """Dominators of the image in the graph: operations on all paths from the score to it."""
    (image,) = [node for node in graph if graph.out_degree(node) == 0]
    above = nx.immediate_dominators(graph, root)
    chain = [image]
    while (next_one := above.get(chain[-1])) not in (None, chain[-1]):
        chain.append(next_one)
    return chain


@dataclass(frozen=True)
class Cells:
    """Form of an output that has a grid of cells.

    Attributes:
        layout: nchw, nhwc or tokens.
        prefix: tokens before those of the grid.
        side: cells a side.
        locality: correlation of the changes of cells with the corners in which the image was
            changed; about 0 where the cells are in another order than the image.
        contrast: how much each corner changes some cells more than others, from 0 to 1.
    """

    layout: str
    prefix: int
    side: int
    locality: float
    contrast: float

    @property
    def lies_like_the_image(self) -> bool:
        """Whether cells that know of places know of their own: the rows and columns are the image's.

        Where all cells have seen the whole image alike, as behind a random attention, nothing can be
        said against it.
        """
        return self.contrast < 0.2 or self.locality > 0.3


def on_grid(values: torch.Tensor, layout: str, prefix: int, side: int) -> torch.Tensor:
    """Values as (N, channels, side, side)."""
    match layout:
        case "nchw":
            return values
        case "nhwc":
            return values.permute(0, 3, 1, 2)
    return values[:, prefix:].reshape(len(values), side, side, -1).permute(0, 3, 1, 2)


def cells_of(values: torch.Tensor) -> Cells | None:
    """The form in which the cells of an output lie like the image, or None if it has no grid.

    Several forms fit some shapes. Where a corner of the image changes, the corner of the right grid
    changes most.

    Args:
        values: as of an `Output`.
    """
    if len(values) != 1 + len(CORNERS):
        return None
    forms: list[tuple[str, int, int]] = []
    if values.ndim == 4:
        forms += [("nchw", 0, values.shape[2])] * (values.shape[2] == values.shape[3] > 1)
        forms += [("nhwc", 0, values.shape[1])] * (values.shape[1] == values.shape[2] > 1)
    elif values.ndim == 3:
        side = math.isqrt(
            values.shape[1]
        )  # more than 2 · side tokens before the patches are unknown
        forms += [("tokens", values.shape[1] - side * side, side)] * (side > 1)
    found = [Cells(*form, *_locality(on_grid(values, *form))) for form in forms]
    return max(found, key=lambda cells: cells.locality, default=None)


def _locality(grid: torch.Tensor) -> tuple[float, float]:
    exact = grid.float()
    changes = (exact[1:] - exact[:1]).abs().mean(1)
    centred, corners = changes.clone(), torch.zeros_like(changes)
    for mask, corner in zip(corners, CORNERS, strict=True):
        rows, columns = (_half(grid.shape[2], half) for half in corner)
        mask[rows, columns] = 1
    # what changes everywhere, and cells that always change, say nothing of places
    for values in (centred, corners):
        values -= values.mean(0)
        values -= values.mean((1, 2), keepdim=True)
    correlation = (centred * corners).sum() / (centred.norm() * corners.norm())
    contrast = centred.norm() / changes.norm()
    return float(correlation.nan_to_num(0.0)), float(contrast.nan_to_num(0.0))


def reached(output: Output, cells: Cells) -> bool:
    """Whether the score depends on every cell of an output."""
    if output.gradient is None:
        return False
    grid = on_grid(output.gradient, cells.layout, cells.prefix, cells.side)
    return bool((grid != 0).any(1).any(0).all())
