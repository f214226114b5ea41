"""What maps of relevance are judged by: deletion, KernelSHAP, and whether trained networks agree."""

import numpy as np
import torch

from benchmarks.digits import BLACK
from thinkalike.explain import kernelshap
from thinkalike.explain.common import Question
from thinkalike.images.segments import superpixels
from thinkalike.networks.model import Model
from thinkalike.randomness import integer_seed


def sums(maps: np.ndarray, side: int) -> np.ndarray:
    """Sums of maps (N, pixels) over side x side cells, (N, cells)."""
    size = round(maps.shape[1] ** 0.5)
    width = size // side
    cells = maps.reshape(-1, side, width, side, width)
    return cells.sum((2, 4), dtype=np.float64).reshape(-1, side**2)


def deletion(
    model: Model,
    pixels: np.ndarray,
    targets: np.ndarray,
    relevances: np.ndarray,
    *,
    side: int,
    steps: int,
) -> np.ndarray:
    """Mean of the score while cells turn black, the most relevant first, less that of black, (N,).

    In units of the mean difference between the images and black. The lower, the sooner the score falls.

    Args:
        model: whose score falls.
        pixels: (N, size, size, 3) uint8.
        targets: (N,) its classes.
        relevances: (N, size · size), of this model or of another one.
        side: cells of a side, a divisor of the size.
        steps: in which all cells are removed, the same number in each.
    """
    count, size = pixels.shape[:2]
    width = size // side
    order = np.argsort(-sums(relevances, side), 1, kind="stable").reshape(count, steps, -1)
    left = pixels.reshape(count, side, width, side, width, 3).transpose(0, 1, 3, 2, 4, 5)
    left = left.reshape(count, side * side, width, width, 3).copy()
    rows = np.arange(count)
    curve = np.empty((steps + 1, count))
    for step in range(steps + 1):
        whole = left.reshape(count, side, side, width, width, 3).transpose(0, 1, 3, 2, 4, 5)
        with torch.inference_mode():
            scores = model.network(model.normalise(whole.reshape(pixels.shape)))
        curve[step] = scores.double().numpy()[rows, targets]
        if step < steps:
            left[rows[:, None], order[:, step]] = 0
    return (curve - curve[-1]).mean(0) / (curve[0] - curve[-1]).mean()


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosines of the rows of two arrays; of a row that is 0, no number."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.divide((a * b).sum(1), lengths, out=np.full(len(a), np.nan), where=lengths > 0)


class SuperpixelValues:
    """Shapley values of some superpixels of images, about 50 of each."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self.labels = np.stack([superpixels(each, count=50, compactness=10) for each in pixels])

    def values(self, model: Model, targets: np.ndarray) -> list[np.ndarray]:
        """Shapley values of the superpixels of each image, by 4 evaluations for each."""
        count = int(self.labels.max()) + 1
        seeds = np.array([integer_seed(0, "rules", i) >> 32 for i in range(len(self.labels))])
        question = Question("logit", BLACK, segments=self.labels, seeds=seeds)
        answer = kernelshap.explain(
            model, self.pixels, targets, question, evaluations=4 * (count + 2)
        )
        return [answer.maps.row(i) for i in range(len(answer.maps))]

    def agreement(self, maps: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
        """Cosines of the sums of maps (N, pixels) over superpixels with their Shapley values, (N,)."""
        pairs = zip(self.labels, maps[: len(self.labels)], values, strict=True)
        return np.array(
            [
                cosines(np.bincount(labels.ravel(), row)[None], value[None])[0]
                for labels, row, value in pairs
            ]
        )
