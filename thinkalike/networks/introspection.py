"""Grad-CAM layers of any network, found by running it.

The last layer is the last one of which every cell of the grid still reaches the score. The others
stand at 25, 50 and 75 % of the depth: in a network of four resolutions or more at the ends of the three
before the last, else after that share of the layers with weights.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.architecture import Layer
from thinkalike.networks.families import family_in
from thinkalike.networks.traces import Cells, Output, Trace, cells_of, on_grid, reached, trace

DEPTHS = (25, 50, 75)
"""Depths in percent, besides the last layer's."""

STEM = 0.04
"""Share of the network in which it only cuts the image into patches."""

WINDOW = 0.125
"""A layer stands for a depth if it is not farther from it than this share of the network."""


@dataclass(frozen=True)
class Layers:
    """What explaining a network takes besides its weights.

    Attributes:
        layers: `depth_25`, `depth_50`, `depth_75`, `depth_100` → the layer there; those there are.
        family: cnn, transformer, hybrid or other, as `families.family_of`.
        depth: share of the network's layers with weights up to the last of these layers.
        side: its cells a side.
    """

    layers: dict[str, Layer]
    family: str
    depth: float
    side: int


@dataclass(frozen=True)
class _Candidate:
    output: Output
    cells: Cells
    reaches: bool
    blocks: tuple[str, ...]

    @property
    def level(self) -> int:
        return min(name.count(".") for name in self.blocks or self.output.modules)

    @property
    def width(self) -> int:
        return on_grid(self.output.values, *self.form).shape[1]

    @property
    def form(self) -> tuple[str, int, int]:
        return self.cells.layout, self.cells.prefix, self.cells.side


def inspect(network: nn.Module, size: int) -> Layers:
    """Grad-CAM layers of a network at 25, 50, 75 and 100 % of its depth, and its family.

    Found from one pass of four images of noise and its gradient. Layers are outputs of modules that run
    once, that lie on a grid like the image (changes in a corner of the image appear in that corner), and
    that are *necks*: all that reaches the score from the image goes through them, as through the output
    of a block. Only a network without any, such as one of two branches, has others.

    * 100 %: the last one whose every cell reaches the score, by its gradient. Patch tokens that are
      read off a class token do not after the last block; there it is the normalisation at the
      beginning of the last block that reads them.
    * 25, 50, 75 %: in a network whose blocks have four resolutions or more, the ends of the three
      before the last; else the block that ends nearest to that share of the convolutions and matrices
      with weights, if there is one within an eighth of the network.

    Args:
        network: gives outputs (N, classes) for images (N, 3, size, size); in eval mode. Its weights
            are used as they are, but for tensors of zeros, which stand in the way of gradients.
        size: of the images; at which the last grid has several cells.

    Raises:
        InputError: no module gives such a grid, or as `traces.trace`.
    """
    traced = trace(network, size)
    candidates = list(_candidates(network, traced))
    necks = [c for c in candidates if c.output.is_neck and c.reaches]
    if not necks or necks[-1].output.depth < 0.5:
        necks = [c for c in candidates if c.reaches and (c.blocks or c.level == 0)]
    if not necks:
        raise InputError(
            f"no module of the {type(network).__name__} gives a grid of cells that reaches its outputs at "
            f"{size} x {size} pixels; name a layer yourself, or take larger images"
        )
    last = _last(candidates, necks)
    middle = _ends_of_resolutions(necks, last) or _at_shares(candidates, necks, last)
    chosen = {**middle, 100: last}
    layers = {
        f"depth_{depth}": Layer(_name(c, chosen.values()), c.cells.layout, c.cells.prefix)
        for depth, c in chosen.items()
    }
    return Layers(layers, family_in(network, traced), last.output.depth, last.cells.side)


def _candidates(network: nn.Module, traced: Trace) -> Iterator[_Candidate]:
    for output in traced.outputs:
        cells = cells_of(output.values)
        if cells is None or not cells.lies_like_the_image:
            continue
        modules = {name: network.get_submodule(name) for name in output.modules}
        blocks = tuple(name for name, module in modules.items() if _is_block(module))
        yield _Candidate(output, cells, reached(output, cells), blocks)


def _is_block(module: nn.Module) -> bool:
    """Whether two or more of the modules inside hold weights."""
    return sum(_has_weights(part) for part in module.modules()) > 1


def _has_weights(module: nn.Module) -> bool:
    return any(p.ndim > 1 for p in module.parameters(recurse=False))


def _last(candidates: Sequence[_Candidate], necks: Sequence[_Candidate]) -> _Candidate:
    """The last neck; or, if the block after it reads its cells and hands none on, where it reads them."""
    last = necks[-1]
    later = candidates[candidates.index(last) + 1 :]
    if any(c.output.is_neck and c.form == last.form for c in later):
        for candidate in later:
            if candidate.reaches and candidate.form == last.form and candidate.width == last.width:
                return candidate
    return last


def _ends_of_resolutions(
    necks: Sequence[_Candidate], last: _Candidate
) -> dict[int, _Candidate] | None:
    """Ends of the three resolutions before the last layer's; None if there are fewer that are stages.

    A resolution is one of a stage if at least two layers with weights work at it.
    """
    sides = sorted({c.cells.side for c in necks if c.cells.side >= last.cells.side}, reverse=True)
    if len(sides) < 4 or sides[-1] != last.cells.side:
        return None
    ends = {}
    for depth, side in zip(DEPTHS, sides[-4:-1], strict=True):
        stage = [c for c in necks if c.cells.side == side]
        before = [c.output.layers for c in necks[: necks.index(stage[0])]]
        if stage[-1].output.layers - max(before, default=0) < 2:
            return None
        blocks = [c for c in stage if c.blocks] or stage
        # a stem may stand farther out than the stages, and what begins the next stage farther in
        level = min(c.level for c in blocks) + 1
        ends[depth] = [c for c in blocks if c.level <= level][-1]
    return {depth: c for depth, c in ends.items() if c.output.depth > STEM}


def _at_shares(
    candidates: Sequence[_Candidate], necks: Sequence[_Candidate], last: _Candidate
) -> dict[int, _Candidate]:
    """The outermost block near to each share of the depth; of other modules where there is no neck."""
    chosen: dict[int, _Candidate] = {}
    parts = [c for c in candidates if c.reaches and c.blocks and c.level == 0]
    for percent in DEPTHS:
        for pool in (necks, parts):
            near = [
                c
                for c in pool
                if abs(c.output.depth - percent / 100) <= WINDOW
                and c.output.layers < last.output.layers
                and c not in chosen.values()
            ]
            near = [c for c in near if c.blocks] or near
            if near:
                share = percent / 100
                chosen[percent] = min(near, key=lambda c: (c.level, abs(c.output.depth - share)))
                break
    return chosen


def _name(candidate: _Candidate, chosen: Iterable[_Candidate]) -> str:
    """The outermost module with the output, but none that holds another of the layers.

    The last block of a network is called so, not by the whole of all blocks.
    """
    others = [name for other in chosen if other is not candidate for name in other.output.modules]
    own = [
        name
        for name in candidate.output.modules
        if not any(other.startswith(f"{name}.") for other in others)
    ]
    return min(own or candidate.output.modules[:1], key=lambda name: name.count("."))
