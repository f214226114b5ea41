"""What all attribution methods share: the question they are asked, and the form of the answer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from thinkalike.errors import InputError
from thinkalike.maps import Maps
from thinkalike.models import Classifier

BATCH_SIZE = 50
"""Images per forward pass of a job; no result depends on it."""


@dataclass(frozen=True)
class Question:
    """What is explained, the same for every model of a study.

    Attributes:
        output: `logit` or `probability` of the target class.
        baseline: RGB in [0, 1] of what a pixel is replaced by when it is taken away.
        batch_size: images per forward pass; the answer does not depend on it.
        segments: labels (N, height, width) of the superpixels; KernelSHAP needs them.
        seeds: (N,) one per image, not per model, so that all models are asked the same coalitions.
    """

    output: str
    baseline: tuple[float, float, float]
    batch_size: int
    segments: np.ndarray | None = None
    seeds: np.ndarray | None = None


@dataclass(frozen=True)
class Explanation:
    """Maps, and what the method says of each of them (completeness gap, evaluations, …), (N,)."""

    maps: Maps
    measures: Mapping[str, np.ndarray] = field(default_factory=dict)


def score_function(model: Classifier, output: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """Inputs (B, 3, size, size) → scores (B, classes): logits, or probabilities."""
    if output == "logit":
        return model.network
    if output == "probability":
        return lambda inputs: model.network(inputs).softmax(1)
    raise InputError(f"explanation.output {output!r} is neither logit nor probability")


def baseline_like(model: Classifier, inputs: torch.Tensor, rgb: tuple[float, ...]) -> torch.Tensor:
    """An image of the baseline colour as the model sees it, repeated for each of `inputs`."""
    size = inputs.shape[-1]
    image = np.broadcast_to(np.asarray(rgb, np.float32), (1, size, size, 3))
    return model.normalise(image).expand_as(inputs)


def batches(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count`."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def check_targets(model: Classifier, targets: np.ndarray) -> torch.Tensor:
    """Targets as a tensor on the model's device.

    Raises:
        InputError: a target is not one of the model's outputs, or the model is in training mode.
    """
    if model.network.training:
        raise InputError(
            f"{model.entry['name']} is in training mode; call .eval() before explaining"
        )
    targets = np.array(targets, np.int64)
    if targets.size and not 0 <= targets.min() <= targets.max() < len(model.classes):
        raise InputError(
            f"a target class is not among the {len(model.classes)} outputs of "
            f"{model.entry['name']}; explain its prediction, or train it on these classes"
        )
    return torch.from_numpy(targets).to(model.device)
