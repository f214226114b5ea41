"""Grad-CAM on the native grid of its target layer.

Selvaraju et al., Grad-CAM, ICCV 2017, equations 1 and 2, without the ReLU: the map is stored signed,
the comparison decides on the sign.
"""

import numpy as np
import torch

from thinkalike.explain.common import (
    Explanation,
    Question,
    batches,
    check_targets,
    score_function,
)
from thinkalike.jobs import progress
from thinkalike.maps import Grid, Maps
from thinkalike.models import Classifier


def explain(
    model: Classifier, images: np.ndarray, targets: np.ndarray, question: Question, *, depth: int
) -> Explanation:
    """Grad-CAM maps: Σ_c w_c A_c, with w_c the mean of ∂score/∂A_c over the grid.

    Nothing is differentiated below the target layer: its output becomes the leaf of the graph.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes.
        question: output and batch size are used.
        depth: of the target layer in percent, a key of the catalogue entry's `layers`.

    Returns:
        float32 coefficients in the basis `Grid(rows, columns, size, size)`.

    Raises:
        InputError: no layer at that depth, or an output that is no grid.
    """
    classes = check_targets(model, targets)
    score = score_function(model, question.output)
    size = images.shape[1]
    maps = []
    slices = list(batches(len(images), question.batch_size))
    with _LeafAt(model.layer(depth)) as leaf:
        for part in progress(slices, what="batches", total=len(slices)):
            scores = score(model.normalise(images[part]))
            chosen = scores.gather(1, classes[part, None]).sum()
            (gradient,) = torch.autograd.grad(chosen, leaf.output)
            activations = model.to_grid(leaf.output.detach())
            weights = model.to_grid(gradient).mean((2, 3), keepdim=True)
            maps.append((weights * activations).sum(1).float().cpu().numpy())
    grids = np.concatenate(maps)
    basis = Grid(grids.shape[1], grids.shape[2], size, size)
    return Explanation(Maps(grids.reshape(len(grids), -1), (basis,)))


class _LeafAt:
    """While open, the output of a layer is a leaf that gradients stop at; kept in `output`."""

    output: torch.Tensor

    def __init__(self, layer: torch.nn.Module) -> None:
        self.layer = layer

    def __enter__(self) -> "_LeafAt":
        self.handle = self.layer.register_forward_hook(self._replace)
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.remove()

    def _replace(self, _module: object, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        # The network goes on with a clone, so that an in-place activation after the layer leaves
        # the recorded output as it was.
        self.output = output.detach().requires_grad_()
        return self.output.clone()
