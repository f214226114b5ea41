"""The question that all attribution methods answer, the form of their answer, and common checks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from thinkalike.compare.answers import Answers
from thinkalike.compare.maps import Maps
from thinkalike.errors import ImageError, InputError
from thinkalike.explain.explanation import Explanation
from thinkalike.methods import AUDITED
from thinkalike.networks.backward import frozen, right_gradients
from thinkalike.networks.batches import Batches, fitting
from thinkalike.networks.model import Model
from thinkalike.networks.predict import check_finite
from thinkalike.stores.joining import joined_accounts, padded

Score = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Question:
    """Question that explanations of images answer, whatever the method.

    Attributes:
        output: `logit` or `probability` of the target class.
        baseline: RGB in [0, 1] that replaces a pixel that is taken away.
        precision: `float32`, or `bfloat16` for the network's forward and backward passes; sums and
            statistics are in float64 either way.
        batch_size: inputs per pass, by default as many as fit (`fitting`); the answer does not depend
            on it.
        segments: labels (N, height, width) of the superpixels; KernelSHAP needs them.
        seeds: (N,) of the coalitions, one per image and not per model: models that are compared are
            evaluated on the same coalitions.
        logits: (N, classes) of the images, where they are known: their pass is not repeated.
    """

    output: str
    baseline: tuple[float, float, float]
    precision: str = "float32"
    batch_size: int | None = None
    segments: np.ndarray | None = None
    seeds: np.ndarray | None = None
    logits: np.ndarray | None = None

    def batches(self, model: Model, *, gradients: bool) -> Batches:
        """Batches of `batch_size` inputs, or of as many as fit."""
        return Batches(self.batch_size or fitting(model, gradients=gradients))

    def part(self, images: slice) -> "Question":
        """The question for some of the images."""
        return replace(
            self,
            segments=None if self.segments is None else self.segments[images],
            seeds=None if self.seeds is None else self.seeds[images],
            logits=None if self.logits is None else self.logits[images],
        )


@dataclass(frozen=True)
class Case:
    """One model, and the images that it explains.

    Attributes:
        model: ready to explain.
        image_ids: of N images.
        images: (N, size, size, 3) uint8.
        targets: (N,) the classes to explain.
        question: for these images.
    """

    model: Model
    image_ids: list[str]
    images: np.ndarray
    targets: np.ndarray
    question: Question


def joined(parts: Sequence[Explanation]) -> Explanation:
    """One explanation of all images from those of consecutive blocks of them.

    Rows on superpixels or coalitions are padded to the longest. An account that a block does not have is
    0 there.
    """
    first = parts[0]
    if not parts[1:]:
        return first

    def together(field: Callable[[Explanation], np.ndarray | None]) -> np.ndarray | None:
        rows = [array for part in parts if (array := field(part)) is not None]
        if not rows:
            return None
        shape = np.max([array.shape[1:] for array in rows], axis=0)
        return np.concatenate([padded(array, shape) for array in rows])

    coefficients = together(lambda part: part.maps.coefficients)
    assert coefficients is not None
    bases = first.maps.bases
    if not first.maps.shared:
        bases = tuple(basis for part in parts for basis in part.maps.bases)
    return Explanation(
        Maps(coefficients, bases),
        np.concatenate([part.targets for part in parts]),
        {name: np.concatenate([part.measures[name] for part in parts]) for name in first.measures},
        together(lambda part: part.draws),
        together(lambda part: part.standard_errors),
        joined_accounts([part.accounts for part in parts], [len(part.targets) for part in parts]),
        _joined_answers([part.answers for part in parts if part.answers is not None]),
    )


def _joined_answers(parts: Sequence[Answers]) -> Answers | None:
    """Answers about all images from those about blocks of them."""
    if not parts:
        return None
    length = max(part.scores.shape[1] for part in parts)
    return Answers(
        *(
            np.concatenate([padded(getattr(part, name), [length]) for part in parts])
            for name in ("scores", "size", "ink")
        )
    )


def score_function(model: Model, question: Question) -> Score:
    """Function from inputs (B, 3, size, size) to scores (B, classes): logits, or probabilities.

    Raises:
        InputError: an unknown output or precision.
    """
    if question.precision not in ("float32", "bfloat16"):
        raise InputError(f"precision {question.precision!r} is neither float32 nor bfloat16")
    reduced = question.precision == "bfloat16"

    def logits(inputs: torch.Tensor) -> torch.Tensor:
        if not reduced:
            return model.network(inputs)
        with torch.autocast(model.device.type, torch.bfloat16):
            return model.network(inputs).float()

    match question.output:
        case "logit":
            return logits
        case "probability":
            return lambda inputs: model.probabilities(logits(inputs))
    raise InputError(f"output {question.output!r} is neither logit nor probability")


def baseline_image(model: Model, rgb: tuple[float, ...]) -> torch.Tensor:
    """The normalised image of the baseline colour, (1, 3, size, size)."""
    return model.normalise(np.broadcast_to(np.asarray(rgb), (1, model.size, model.size, 3)))


@dataclass(frozen=True)
class Endpoints:
    """Scores between which attributions lie: those of N images and of the baseline.

    Attributes:
        targets: (N,) the class to explain.
        full: (N,) its score for the image.
        empty: (N,) its score for the baseline.
    """

    targets: np.ndarray
    full: np.ndarray
    empty: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        """(N,) full − empty, the sum of a complete attribution."""
        return self.full - self.empty


def endpoints(
    model: Model, images: np.ndarray, targets: np.ndarray | None, question: Question
) -> Endpoints:
    """Scores of images and baseline, from one pass that predicts too; called within `explaining`.

    With `question.logits` only the baseline is passed.

    Args:
        model: to score with.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts.
        question: output, baseline, precision and batch size are used, and logits where known.

    Raises:
        InputError: a target that is no output, an unknown output or precision, a score that is not
            finite.
    """
    if targets is not None:
        check_targets(model, targets)
    score = score_function(model, question)
    with torch.inference_mode():
        if question.logits is not None:
            values = torch.from_numpy(np.array(question.logits, np.float64))
            is_share = question.output == "probability"
            full = (model.probabilities(values) if is_share else values).numpy()
        else:
            batches = question.batches(model, gradients=False)
            parts = batches.over(len(images), lambda part: score(model.normalise(images[part])))
            full = torch.cat([values for _, values in parts]).double().cpu().numpy()
        empty = score(baseline_image(model, question.baseline)).double().cpu().numpy()[0]
    check_finite(model, full)
    check_finite(model, empty[None], "the baseline image")
    classes = full.argmax(1) if targets is None else np.asarray(targets)
    rows = np.arange(len(full))
    return Endpoints(classes, full[rows, classes], empty[classes])


def check_targets(model: Model, targets: np.ndarray) -> None:
    """Refuse targets (N,) that the model cannot explain.

    Raises:
        InputError: a target is not one of the model's outputs.
    """
    targets = np.asarray(targets)
    if targets.size and not 0 <= targets.min() <= targets.max() < len(model.classes):
        raise InputError(
            f"a target class is not among the {len(model.classes)} outputs of "
            f"{model.name}; explain its prediction, or train it on these classes"
        )


def check_maps(maps: Maps, source: str) -> None:
    """Refuse maps of which one is not finite.

    Args:
        maps: of the images.
        source: what made them, in words.

    Raises:
        ImageError: a map has a number that is NaN or infinite.
    """
    for number in range(len(maps)):
        if not np.isfinite(maps.row(number)).all():
            raise ImageError(
                number,
                f"{source} gives a map of {{image}} that is not finite; leave the image or {source} out",
            )


@contextmanager
def explaining(model: Model) -> Iterator[None]:
    """While open, no parameter requires a gradient, and gradients of images are right.

    Raises:
        InputError: the model is in training mode.
    """
    if any(module.training for module in model.network.modules()):
        raise InputError(f"{model.name} is in training mode; call .eval() before explaining")
    with frozen(model.network), right_gradients(model.network):
        yield


def audit(
    explain: Callable[..., Explanation],
    model: Model,
    images: np.ndarray,
    explanation: Explanation,
    question: Question,
    **settings: Any,
) -> dict[str, float]:
    """Distance of maps of lower precision from those of float32, on the first images.

    Args:
        explain: of a method.
        model, images, question: that were explained.
        explanation: of them.
        settings: of the method.

    Returns:
        `audit_images`, how many were explained again; `audit_largest_difference`, of a coefficient;
        `audit_relative_difference`, the largest over maps of ‖map − float32 map‖ / ‖float32 map‖.
    """
    part = slice(0, AUDITED)
    exact = replace(question.part(part), precision="float32", logits=None)
    again = explain(model, images[part], explanation.targets[part], exact, **settings).maps
    largest, relative = [0.0], [0.0]
    # row by row: the padding of rows depends on the other images
    for image in range(len(again)):
        reference = again.row(image).astype(np.float64)
        difference = explanation.maps.row(image) - reference
        largest.append(float(np.abs(difference).max()))
        if reference.any():
            relative.append(float(np.linalg.norm(difference) / np.linalg.norm(reference)))
    return {
        "audit_images": len(again),
        "audit_largest_difference": max(largest),
        "audit_relative_difference": max(relative),
    }
