"""Grad-CAM on the native grid of its target layer, at the cost of a forward pass.

Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2, without the ReLU: the map is stored signed,
the comparison decides on the sign.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np
import torch
from torch import nn

from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps, blank, with_sign
from thinkalike.errors import InputError
from thinkalike.explain.common import (
    Explanation,
    Question,
    Score,
    check_maps,
    check_targets,
    explaining,
    score_function,
)
from thinkalike.networks.devices import on_device
from thinkalike.networks.model import Model
from thinkalike.networks.predict import check_finite


def explain(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    depth: int,
    mended: Sequence[Sequence[int]] = (),
) -> Explanation:
    """Grad-CAM maps of one layer, by `at_layers`.

    Args:
        model, images, targets, question: as for `at_layers`.
        depth: of the layer in percent, as in the model's architecture.
        mended: cells [row, column] of the layer.

    Returns:
        As `at_layers`, of the layer.

    Raises:
        InputError: there is no layer at that depth, or as `at_layers`.
    """
    name = model.architecture.layer(depth).module
    cells = {name: mended} if mended else {}
    return at_layers(model, images, targets, question, layers=[name], mended=cells)[name]


def at_layers(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    layers: Sequence[str],
    mended: Mapping[str, Sequence[Sequence[int]]] = MappingProxyType({}),
) -> dict[str, Explanation]:
    """Grad-CAM maps Σ_c w_c A_c, with w_c the mean of ∂score/∂A_c over the grid, at several layers.

    One pass serves all of them and the prediction. The network runs without a graph up to the
    first of the target layers, and only what comes after is differentiated.

    A mended cell of a layer is one that is not trusted: in A_c and in ∂score/∂A_c alike it is
    replaced by the mean over the cells that are not mended, before w_c is formed. That happens to
    copies, after the pass: the score and its gradient are those of the network as it is.

    Args:
        model: to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts in the same pass.
        question: output, precision and batch size are used.
        layers: names of modules of the network; those that are no layers of its architecture have its
            layout.
        mended: layer → cells [row, column] of its grid.

    Returns:
        For every layer, coefficients in the basis `Grid(rows, columns, size, size)`, of the network's
        type, and the measures `score`, of the target class, and `blank`, whether no cell is positive.

    Raises:
        InputError: no such module, cells of a layer that is not explained, a layer that gives no grid
            or has no influence on the score, a mended cell outside the grid or no other cell, a score
            that is not finite, a target that is no output, training mode.
    """
    score = score_function(model, question)
    if targets is not None:
        check_targets(model, targets)
    names = list(dict.fromkeys(layers))
    for name in mended:
        if name not in names:
            raise InputError(
                f"{model.name}: cells of {name!r} are mended, which is not explained; add it to the "
                f"layers, or mend cells of {', '.join(names)}"
            )
    # whatever mode the caller is in
    with explaining(model), torch.inference_mode(False), torch.enable_grad():
        # All but the last layer may have much of the network after them, whose activations are kept.
        last = model.architecture.grad_cam_layers.get("depth_100")
        batches = question.batches(model, gradients=last is None or names != [last.module])
        with _GraphFrom(model, names) as graph:

            def work(part: slice) -> list[torch.Tensor]:
                scores = graph.run(score, model.normalise(images[part]))
                if targets is None:
                    classes = scores.argmax(1)
                else:
                    chosen = np.asarray(targets[part], np.int64)
                    classes = on_device(torch.from_numpy(chosen), model.device)
                picked = scores.gather(1, classes[:, None])[:, 0]
                grids = [
                    _weighted(model, name, *pair, mended.get(name, ()))
                    for name, pair in graph.differentiated(picked).items()
                ]
                return [classes, picked.detach().double(), *grids]

            parts = [result for _, result in batches.over(len(images), work, "images")]
    # not before all passes have been queued, on devices that have a queue
    classes, scores, *grids = (
        torch.cat(values).cpu().numpy() for values in zip(*parts, strict=True)
    )
    check_finite(model, scores)
    found = {
        name: _explanation(cells, images.shape[1:3], classes, scores)
        for name, cells in zip(names, grids, strict=True)
    }
    for explanation in found.values():
        check_maps(explanation.maps, f"Grad-CAM of {model.name}")
    return found


def _weighted(
    model: Model,
    name: str,
    activations: torch.Tensor,
    gradients: torch.Tensor,
    mended: Sequence[Sequence[int]],
) -> torch.Tensor:
    """Σ_c w_c A_c, (N, rows, columns), in float32 at least."""
    exact = torch.promote_types(activations.dtype, torch.float32)
    layer = model.architecture.of_module(name)
    grids = [model.to_grid(values.to(exact), layer) for values in (activations, gradients)]
    if mended:
        grids = [_mended(model, grid, mended) for grid in grids]
    weights = grids[1].mean((2, 3))
    # as a product of matrices, cells by channels: channels are last in memory
    cells = grids[0].permute(0, 2, 3, 1)
    return (cells.flatten(1, 2) @ weights[:, :, None]).reshape(cells.shape[:3])


def _mended(model: Model, grid: torch.Tensor, mended: Sequence[Sequence[int]]) -> torch.Tensor:
    """A copy of a grid (N, C, rows, columns) with cells replaced by the mean over the others."""
    rows, columns = grid.shape[2:]
    replaced = torch.zeros(rows, columns, dtype=torch.bool, device=grid.device)
    for row, column in mended:
        if not (0 <= row < rows and 0 <= column < columns):
            raise InputError(
                f"{model.name}: the mended cell [{row}, {column}] is not on the {rows} x "
                f"{columns} grid of its Grad-CAM layer; count from [0, 0], top left"
            )
        replaced[row, column] = True
    if replaced.all():
        raise InputError(
            f"{model.name}: all {rows} x {columns} cells of its Grad-CAM layer are mended; "
            "leave some of them out, for they are replaced by the mean over the others"
        )
    return torch.where(replaced, grid[:, :, ~replaced].mean(2)[:, :, None, None], grid)


def _explanation(
    cells: np.ndarray, frame: tuple[int, ...], classes: np.ndarray, scores: np.ndarray
) -> Explanation:
    maps = Maps(cells.reshape(len(cells), -1), (Grid(*cells.shape[1:], *frame),))
    nowhere = blank(with_sign(maps, "positive"))
    return Explanation(maps, classes, {"score": scores, "blank": nowhere.astype(np.uint8)})


class _GraphFrom:
    """While open, a pass of the network records a graph from the first of its target layers on.

    Attributes:
        outputs: name of a layer → its output in the pass.
    """

    def __init__(self, model: Model, names: Sequence[str]) -> None:
        self.architecture = model.architecture
        self.layers = {name: self._module(model, name) for name in names}
        self.outputs: dict[str, torch.Tensor] = {}

    def __enter__(self) -> "_GraphFrom":
        self.handles = [
            layer.register_forward_hook(partial(self._record, name))
            for name, layer in self.layers.items()
        ]
        return self

    def __exit__(self, *_: object) -> None:
        self.outputs.clear()
        for handle in self.handles:
            handle.remove()

    def run(self, score: Score, inputs: torch.Tensor) -> torch.Tensor:
        """Scores of inputs, on a graph that begins at the layers."""
        self.outputs.clear()
        with torch.no_grad():
            return score(inputs)

    def differentiated(self, scores: torch.Tensor) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """Output of each layer and the gradient of the scores there, in the order of the layers."""
        gradients: dict[str, torch.Tensor | None] = dict.fromkeys(self.layers)
        if scores.requires_grad:
            outputs = list(self.outputs.values())
            values = torch.autograd.grad(scores.sum(), outputs, allow_unused=True)
            gradients.update(zip(self.outputs, values, strict=True))
        pairs = {}
        for name, gradient in gradients.items():
            if gradient is None:
                raise self._refusal(name, "has no influence on the score")
            pairs[name] = (self.outputs[name].detach(), gradient)
        return pairs

    def _module(self, model: Model, name: str) -> nn.Module:
        try:
            return model.network.get_submodule(name)
        except AttributeError:
            raise self._refusal(name, "is none of its modules") from None

    def _record(self, name: str, _layer: object, _inputs: object, output: object) -> torch.Tensor:
        dimensions = 3 if self.architecture.of_module(name).layout == "tokens" else 4
        if not isinstance(output, torch.Tensor):
            raise self._refusal(name, f"gives a {type(output).__name__}, not a tensor")
        if output.ndim != dimensions:
            what = f"gives a tensor of {output.ndim} dimensions; the layout has {dimensions}"
            raise self._refusal(name, what)
        # What comes before the first of the layers runs without a graph, what comes after has one, up to
        # the end of the pass, where `run` puts the mode back.
        torch.set_grad_enabled(True)
        if not output.requires_grad:
            output = output.detach().requires_grad_()
        self.outputs[name] = output
        # The network continues with a clone, so that an in-place activation after the layer leaves the
        # recorded output as it was.
        return output.clone()

    def _refusal(self, name: str, what: str) -> InputError:
        layer = self.architecture.of_module(name)
        layers = self.architecture.grad_cam_layers
        listed = [depth for depth, value in layers.items() if value == layer]
        place = f"`layers.{listed[0]}`" if listed else "the name"
        return InputError(
            f"{self.architecture.name}: its Grad-CAM layer {name!r} {what}; correct {place} or `layout` "
            f"({layer.layout}) in its catalogue entry"
        )
