"""Grad-CAM on the native grid of its target layer, at the cost of a forward pass.

Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2, without the ReLU: the map is stored signed,
the comparison decides on the sign.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from thinkalike.errors import InputError
from thinkalike.explain.common import (
    Explanation,
    Question,
    Score,
    check_finite,
    check_targets,
    explaining,
    score_function,
)
from thinkalike.maps import Grid, Maps, blank, with_sign
from thinkalike.models import Classifier


def explain(
    model: Classifier,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    depth: int,
) -> Explanation:
    """Grad-CAM maps at one depth: `at_depths` with a single one."""
    return at_depths(model, images, targets, question, depths=[depth])[depth]


def at_depths(
    model: Classifier,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    depths: Sequence[int],
) -> dict[int, Explanation]:
    """Grad-CAM maps Σ_c w_c A_c, with w_c the mean of ∂score/∂A_c over the grid, at several depths.

    One pass does for all of them and for the prediction. The network runs without a graph up to the
    first of the target layers, and only what comes after is differentiated.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the one that the model predicts in the same pass.
        question: output, precision and batch size are used.
        depths: of the target layers in percent, keys of the catalogue entry's `layers`.

    Returns:
        For every depth, coefficients in the basis `Grid(rows, columns, size, size)`, of the network's
        type, and the measures `score`, of the target class, and `blank`, whether no cell is positive.

    Raises:
        InputError: no layer at a depth, a layer that gives no grid or has no influence on the score, a
            score that is not finite, a target that is no output, training mode.
    """
    score = score_function(model, question)
    if targets is not None:
        check_targets(model, targets)
    # whatever mode the caller is in
    with explaining(model), torch.inference_mode(False), torch.enable_grad():
        # All but the last layer have much of the network after them, whose activations are kept.
        batches = question.batches(model, gradients=min(depths) < 100)
        with _GraphFrom(model, depths) as graph:

            def work(part: slice) -> list[np.ndarray]:
                scores = graph.run(score, model.normalise(images[part]))
                if targets is None:
                    classes = scores.argmax(1)
                else:
                    classes = torch.as_tensor(targets[part], device=model.device).long()
                picked = scores.gather(1, classes[:, None])[:, 0]
                grids = [_weighted(model, *pair) for pair in graph.differentiated(picked)]
                return [x.cpu().numpy() for x in (classes, picked.detach().double(), *grids)]

            parts = [result for _, result in batches.over(len(images), work, "images")]
    classes, scores, *grids = (np.concatenate(values) for values in zip(*parts, strict=True))
    check_finite(model, scores)
    return {
        depth: _explanation(cells, images.shape[1:3], classes, scores)
        for depth, cells in zip(depths, grids, strict=True)
    }


def _weighted(
    model: Classifier, activations: torch.Tensor, gradients: torch.Tensor
) -> torch.Tensor:
    """Σ_c w_c A_c, (N, rows, columns), in float32 at least."""
    exact = torch.promote_types(activations.dtype, torch.float32)
    weights = model.to_grid(gradients.to(exact)).mean((2, 3))
    # as a product of matrices, cells by channels: channels are last in memory
    cells = model.to_grid(activations.to(exact)).permute(0, 2, 3, 1)
    return (cells.flatten(1, 2) @ weights[:, :, None]).reshape(cells.shape[:3])


def _explanation(
    cells: np.ndarray, frame: tuple[int, ...], classes: np.ndarray, scores: np.ndarray
) -> Explanation:
    maps = Maps(cells.reshape(len(cells), -1), (Grid(*cells.shape[1:], *frame),))
    nowhere = blank(with_sign(maps, "positive"))
    return Explanation(maps, classes, {"score": scores, "blank": nowhere.astype(np.uint8)})


class _GraphFrom:
    """While open, a pass of the network records a graph from the first of its target layers on."""

    def __init__(self, model: Classifier, depths: Sequence[int]) -> None:
        self.entry = model.entry
        self.layers = {depth: model.layer(depth) for depth in depths}
        self.outputs: dict[int, torch.Tensor] = {}

    def __enter__(self) -> "_GraphFrom":
        self.handles = [
            layer.register_forward_hook(partial(self._record, depth))
            for depth, layer in self.layers.items()
        ]
        return self

    def __exit__(self, *_: object) -> None:
        self.outputs.clear()
        for handle in self.handles:
            handle.remove()

    def run(self, score: Score, inputs: torch.Tensor) -> torch.Tensor:
        """The scores, on a graph that begins at the layers."""
        self.outputs.clear()
        with torch.no_grad():
            return score(inputs)

    def differentiated(self, scores: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Output of each layer, in the order of the depths, and the gradient of the scores there."""
        gradients: dict[int, torch.Tensor | None] = dict.fromkeys(self.layers)
        if scores.requires_grad:
            found = torch.autograd.grad(
                scores.sum(), list(self.outputs.values()), allow_unused=True
            )
            gradients.update(zip(self.outputs, found, strict=True))
        pairs = []
        for depth, gradient in gradients.items():
            if gradient is None:
                raise self._refusal(depth, "has no influence on the score")
            pairs.append((self.outputs[depth].detach(), gradient))
        return pairs

    def _record(self, depth: int, _layer: object, _inputs: object, output: object) -> torch.Tensor:
        dimensions = 3 if self.entry["layout"] == "tokens" else 4
        if not isinstance(output, torch.Tensor):
            raise self._refusal(depth, f"gives a {type(output).__name__}, not a tensor")
        if output.ndim != dimensions:
            what = f"gives a tensor of {output.ndim} dimensions; the layout has {dimensions}"
            raise self._refusal(depth, what)
        # All before the first of the layers ran without a graph. All after it has one, up to the end
        # of the pass, where `run` puts the mode back.
        torch.set_grad_enabled(True)
        if not output.requires_grad:
            output = output.detach().requires_grad_()
        self.outputs[depth] = output
        # The network goes on with a clone, so that an in-place activation after the layer leaves
        # the recorded output as it was.
        return output.clone()

    def _refusal(self, depth: int, what: str) -> InputError:
        key = f"depth_{depth}"
        return InputError(
            f"{self.entry['name']}: its Grad-CAM layer {self.entry['layers'][key]!r} {what}; mend "
            f"`layers.{key}` or `layout` ({self.entry['layout']}) in its catalogue entry"
        )
