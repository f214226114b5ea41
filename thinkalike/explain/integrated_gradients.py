"""Integrated Gradients, summed over colour channels, with as many steps as each image needs.

Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, ICML 2017, equations 1 and 3.
"""

import math
from collections.abc import Iterator

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
from thinkalike.explain.completeness import allowed_gap, measured
from thinkalike.explain.quadrature import first_nodes, weights, worst_halves
from thinkalike.networks.batches import Batches
from thinkalike.networks.devices import on_device
from thinkalike.networks.model import Model

KEPT = {False: 2**29, True: 2**31}
"""Whether the device is CUDA → bytes of gradients that are kept at a time, at most, but always those of one
image; fixed, so that a rerun explains the same images together.
"""

ADDED = 1 / 8
"""Nodes that are added at a time where the score says that they are missing, as a share of those there."""


def explain(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    tolerance: float,
    map_tolerance: float,
    most_steps: int,
) -> Explanation:
    """Integrated Gradients: (x − b) ∫₀¹ ∂score(b + a (x − b))/∂x da, with nodes added where needed.

    An image begins with the 6 nodes of the midpoint rule. All intervals are halved, to 13, 27, 55, …
    nodes, until its map is near its limit, up to `map_tolerance`. For exact integration a map sums to
    score(x) − score(b): then nodes are added where the score changes otherwise than the gradients say
    (`quadrature`), until the sum is that up to `tolerance`.

    How far the map m of all halves is from its limit is estimated from the map m' before: where gradients
    jump along the path, as those of ReLU networks do, the distance halves, and what remains is unlike
    what was removed, so that it is ‖m − m'‖/√3. Where gradients are smooth it is less.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts.
        question: output, baseline, precision and batch size are used, and logits where known.
        tolerance: of the gap, as a share of |score(x) − score(b)|; what rounding leaves of the scores is
            always allowed (`completeness.allowed_gap`).
        map_tolerance: of the distance of a map from its limit, as a share of its norm.
        most_steps: more are not taken, whatever is missing.

    Returns:
        Coefficients in the basis `Pixels(size, size)`, of the network's type, and the measures
        `difference`, score(x) − score(b); `gap`, Σ map − difference; `map_error`, the estimated distance
        of the map from its limit as a share of its norm, when all intervals were halved last;
        `converged`, whether both are within their tolerance, uint8; and `steps`, the number of gradients.

    Raises:
        InputError: a score or a map that is not finite, a target that is no output, training mode.
    """
    # whatever mode the caller is in
    with explaining(model), torch.inference_mode(False), torch.enable_grad():
        scores = endpoints(model, images, targets, question)
        gradients = _Gradients(model, images, scores.targets, question)
        allowed = allowed_gap(scores.full, scores.empty, tolerance, gradients.epsilon)
        done: list[_Path] = []
        for group in _groups(model, len(images), most_steps):
            pending = [
                _Path(i, scores.empty[i], scores.full[i], allowed[i], map_tolerance)
                for i in range(len(images))[group]
            ]
            done += pending
            while pending:
                gradients.add(pending, most_steps)
                pending = [path for path in pending if not path.ends(most_steps)]
    coefficients = torch.stack([path.map for path in done]).cpu().numpy()
    maps = Maps(coefficients, (Pixels(*images.shape[1:3]),))
    check_maps(maps, f"Integrated Gradients of {model.name}")
    sums = np.array([path.total for path in done])
    errors = np.array([path.error for path in done])
    measures = measured(scores.full, scores.empty, sums, tolerance, gradients.epsilon)
    measures["converged"] &= errors <= map_tolerance
    steps = np.array([len(path.nodes) for path in done])
    return Explanation(maps, scores.targets, {**measures, "map_error": errors, "steps": steps})


def _groups(model: Model, count: int, most_steps: int) -> Iterator[slice]:
    """Slices of images whose gradients may be kept together."""
    of_one = most_steps * model.size**2 * model.dtype.itemsize
    size = max(KEPT[model.device.type == "cuda"] // of_one, 1)
    return (slice(start, start + size) for start in range(0, count, size))


class _Path:
    """Straight line from the baseline to an image, and what is known at its nodes.

    Attributes:
        image: its number.
        nodes: (n,) places in [0, 1], in the order in which they were added.
        map: (pixels,), when the path has ended.
        error: estimated distance of the map from its limit, as a share of its norm.
    """

    def __init__(
        self, image: int, empty: float, full: float, allowed: float, map_tolerance: float
    ) -> None:
        self.image = image
        self.nodes = np.empty(0)
        self.map: torch.Tensor
        self.error = math.inf
        self._ends, self._allowed, self._map_tolerance = (empty, full), allowed, map_tolerance
        self._slopes, self._scores = np.empty(0), np.empty(0)
        self._shares: list[torch.Tensor] = []
        self._halved, self._change = torch.zeros(0), torch.zeros(2)

    @property
    def is_near(self) -> bool:
        """Whether the map is near its limit."""
        return self.error <= self._map_tolerance

    @property
    def total(self) -> float:
        """Sum of the map."""
        return float(self._weights() @ self._slopes)

    def wanted(self, most: int, epsilon: float) -> np.ndarray:
        """Nodes to add."""
        count = len(self.nodes)
        if not count:
            return first_nodes()
        more = max(int(count * ADDED), 1) if self.is_near else count + 1
        order = np.argsort(self.nodes)
        empty, full = self._ends
        scores = np.concatenate([[empty], self._scores[order], [full]])
        nodes, slopes = self.nodes[order], self._slopes[order]
        return worst_halves(nodes, slopes, scores, min(more, most - count), epsilon)

    def add(self, nodes: np.ndarray, known: np.ndarray, shares: torch.Tensor) -> torch.Tensor:
        """Take in scores and slopes (2, n) at nodes (n,), and what pixels have of slopes (n, pixels).

        Returns:
            How far the map was moved when all intervals were halved last, and its norm then, (2,).
        """
        all_halved = len(nodes) > len(self.nodes)
        self.nodes = np.concatenate([self.nodes, nodes])
        self._scores = np.concatenate([self._scores, known[0]])
        self._slopes = np.concatenate([self._slopes, known[1]])
        self._shares.append(shares)
        if all_halved:
            before = self._halved if len(self._halved) else shares.new_zeros(())
            self._halved = self._mean()
            self._change = torch.stack([(self._halved - before).norm(), self._halved.norm()])
        return self._change

    def settle(self, moved: float, norm: float) -> None:
        """Estimate the distance of the map from its limit from what `add` has returned."""
        limit = norm * math.sqrt(3)
        self.error = moved / limit if limit else math.inf if moved else 0.0

    def ends(self, most: int) -> bool:
        """Whether no more nodes are wanted; the map is then made, and the rest let go of."""
        empty, full = self._ends
        is_complete = abs(self.total - (full - empty)) <= self._allowed
        goes_on = len(self.nodes) < most and np.isfinite(self.total)
        if goes_on and not (self.is_near and is_complete):
            return False
        self.map = self._mean()
        self._shares, self._halved = [], torch.zeros(0)
        return True

    def _mean(self) -> torch.Tensor:
        """Weighted mean (pixels,) of what pixels have of the slopes."""
        shares = torch.cat(self._shares)
        return on_device(torch.from_numpy(self._weights()).to(shares.dtype), shares.device) @ shares

    def _weights(self) -> np.ndarray:
        """Weights (n,) of the nodes."""
        order = np.argsort(self.nodes)
        found = np.empty(len(order))
        found[order] = weights(self.nodes[order])
        return found


class _Gradients:
    """Gradients at nodes of paths; batches mix images and nodes."""

    def __init__(
        self, model: Model, images: np.ndarray, targets: np.ndarray, question: Question
    ) -> None:
        self.model, self.images = model, images
        self.targets = torch.as_tensor(np.asarray(targets), device=model.device).long()
        self.score = score_function(model, question)
        self.baseline = baseline_image(model, question.baseline)
        self.batches: Batches = question.batches(model, gradients=True)
        self.epsilon = torch.finfo(model.dtype).eps

    def add(self, paths: list[_Path], most: int) -> None:
        """Add to paths, which are in the order of their images, the nodes that each wants."""
        wanted = [path.wanted(most, self.epsilon) for path in paths]
        counts = [len(nodes) for nodes in wanted]
        owners = np.repeat([path.image for path in paths], counts)
        device = self.model.device
        places = on_device(torch.from_numpy(np.concatenate(wanted)).to(self.model.dtype), device)
        rows = on_device(torch.from_numpy(owners), device)

        def work(part: slice) -> tuple[torch.Tensor, torch.Tensor]:
            first, last = owners[part.start], owners[part.stop - 1]
            whole = self.model.normalise(self.images[first : last + 1]) - self.baseline
            difference = whole[rows[part] - first]
            inputs = self.baseline + places[part, None, None, None] * difference
            inputs.requires_grad_()
            scores = self.score(inputs).gather(1, self.targets[rows[part], None])[:, 0]
            (gradient,) = torch.autograd.grad(scores.sum(), inputs)
            shares = (gradient * difference).sum(1).flatten(1)
            return shares, torch.stack([scores.detach().double(), shares.double().sum(1)])

        # where few nodes are added to many, there is little to tell of
        what = "" if all(path.is_near for path in paths) else "gradients"
        passes = [result for _, result in self.batches.over(len(owners), work, what)]
        known = torch.cat([each for _, each in passes], 1).cpu().numpy()
        ends = np.cumsum(counts)[:-1]
        shares = torch.cat([each for each, _ in passes]).tensor_split(ends.tolist())
        # a GPU is waited for once, and not for every image
        changes = [
            path.add(nodes, of_nodes, own)
            for path, nodes, of_nodes, own in zip(
                paths, wanted, np.split(known, ends, 1), shares, strict=True
            )
        ]
        for path, change in zip(paths, torch.stack(changes).cpu().numpy().tolist(), strict=True):
            path.settle(*change)
