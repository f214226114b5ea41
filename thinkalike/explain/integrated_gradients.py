"""Integrated Gradients, summed over colour channels, with as many steps as each image needs.

Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, ICML 2017, equations 1 and 3.
"""

import numpy as np
import torch

from thinkalike.compare.bases import Pixels
from thinkalike.compare.maps import Maps
from thinkalike.explain.common import (
    Explanation,
    Question,
    baseline_image,
    check_maps,
    endpoints,
    explaining,
    score_function,
)
from thinkalike.explain.completeness import measured
from thinkalike.methods import FIRST_STEPS
from thinkalike.networks.batches import Batches
from thinkalike.networks.devices import on_device
from thinkalike.networks.model import Model


def explain(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    tolerance: float,
    most_steps: int,
) -> Explanation:
    """Integrated Gradients: (x − b) ∫₀¹ ∂score(b + a (x − b))/∂x da, by the midpoint rule.

    For exact integration the map sums to score(x) − score(b). Steps are added for an image until
    it does up to `tolerance`: 6, 18, 54, …, each time with the steps before among the new ones, whose
    gradients are kept as one running sum. The midpoint rule, because networks with ReLUs have
    gradients that jump along the path, where rules of high order gain nothing.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts.
        question: output, baseline, precision and batch size are used, and logits where known.
        tolerance: of the gap, as a share of |score(x) − score(b)|; what rounding leaves of the scores is
            always allowed (`completeness.allowed_gap`).
        most_steps: more are not taken, whatever the gap.

    Returns:
        Coefficients in the basis `Pixels(size, size)`, of the network's type, and the measures
        `difference`, score(x) − score(b); `gap`, Σ map − difference; `converged`, whether the gap is
        within the tolerance; and `steps`.

    Raises:
        InputError: a score or a map that is not finite, a target that is no output, training mode.
    """
    # whatever mode the caller is in
    with explaining(model), torch.inference_mode(False), torch.enable_grad():
        scores = endpoints(model, images, targets, question)
        path = _Path(model, images, scores.targets, question)
        epsilon = torch.finfo(model.dtype).eps
        steps = np.zeros(len(images), np.int64)
        sums = np.full(len(images), np.inf)
        number = FIRST_STEPS
        while True:
            measures = measured(scores.full, scores.empty, sums, tolerance, epsilon)
            pending = np.flatnonzero(measures["converged"] == 0)
            if not len(pending) or (steps.any() and number > most_steps):
                break
            path.add(pending, _new_nodes(number))
            steps[pending] = number
            sums[pending] = path.totals(pending) / number
            if not np.isfinite(sums[pending]).all():
                maps = Maps(path.means(steps), (Pixels(*images.shape[1:3]),))
                check_maps(maps, f"Integrated Gradients of {model.name}")
            number *= 3
    return Explanation(
        Maps(path.means(steps), (Pixels(*images.shape[1:3]),)),
        scores.targets,
        {**measures, "steps": steps},
    )


def _new_nodes(number: int) -> np.ndarray:
    """Midpoints of `number` equal steps without those of a third as many, which are there already."""
    index = np.arange(number)
    return ((index + 0.5) / number)[(index % 3 != 1) | (number == FIRST_STEPS)]


class _Path:
    """Straight lines from the baseline to images, and the gradients summed along them so far."""

    def __init__(
        self, model: Model, images: np.ndarray, targets: np.ndarray, question: Question
    ) -> None:
        self.model, self.images = model, images
        self.targets = torch.as_tensor(np.asarray(targets), device=model.device).long()
        self.score = score_function(model, question)
        self.baseline = baseline_image(model, question.baseline)
        self.batches: Batches = question.batches(model, gradients=True)
        size = images.shape[1]
        self._sums = torch.zeros(len(images), size * size, dtype=model.dtype, device=model.device)

    def add(self, chosen: np.ndarray, nodes: np.ndarray) -> None:
        """Add (x − b) · ∂score/∂x at the nodes, for the chosen images; batches mix images and nodes."""
        device = self.model.device
        place = on_device(torch.from_numpy(nodes).to(self.model.dtype), device)[:, None, None, None]
        targets = self.targets[on_device(torch.from_numpy(chosen), device), None]
        count = len(nodes)

        def work(part: slice) -> None:
            first, last = part.start // count, (part.stop - 1) // count
            whole = self.model.normalise(self.images[chosen[first : last + 1]]) - self.baseline
            # made on the device, which would be waited for if indices were copied there
            rows = torch.arange(part.start, part.stop, device=device)
            difference = whole[rows // count - first]
            inputs = self.baseline + place[rows % count] * difference
            inputs.requires_grad_()
            total = self.score(inputs).gather(1, targets[rows // count]).sum()
            (gradient,) = torch.autograd.grad(total, inputs)
            shares = (gradient * difference).sum(1).flatten(1)
            # One image after the other, because adding by index is not reproducible on GPUs. All is
            # allocated before any is added: a pass that does not fit is repeated as a whole.
            edges = [image * count - part.start for image in range(first + 1, last + 1)]
            sums = [share.sum(0) for share in shares.tensor_split(edges)]
            for image, share in zip(chosen[first : last + 1], sums, strict=True):
                self._sums[image] += share

        for _ in self.batches.over(count * len(chosen), work, "gradients"):
            pass

    def totals(self, chosen: np.ndarray) -> np.ndarray:
        """Sums over pixels, (len(chosen),) float64."""
        return self._sums[torch.as_tensor(chosen)].double().sum(1).cpu().numpy()

    def means(self, steps: np.ndarray) -> np.ndarray:
        """Maps (N, pixels) from the sums, by the number of steps (N,) of each image."""
        sums = self._sums.cpu().numpy()
        return sums / steps[:, None].astype(sums.dtype)
