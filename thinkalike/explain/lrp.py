"""Layer-wise relevance propagation of a logit to the pixels, with a ledger that closes.

The network is passed once forth and once back. On the way forth a `Tape` holds gates and normalisers
fixed, so that value times gradient is relevance; where that of the biases went is in the `Ledger`.
docs/lrp.md says what rules there are and how they were chosen.

Bach et al., On pixel-wise explanations for non-linear classifier decisions by layer-wise relevance
propagation, PLoS ONE 10(7), 2015; for attention and norms Ali et al., XAI for transformers: better
explanations through conservative propagation, ICML 2022.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from thinkalike.compare.bases import Pixels
from thinkalike.compare.maps import Maps
from thinkalike.errors import ImageError, InputError
from thinkalike.explain.common import (
    Explanation,
    Question,
    baseline_image,
    check_targets,
    explaining,
)
from thinkalike.explain.relevance.ledger import Ledger, MixedImagesError
from thinkalike.explain.relevance.operations import TABLE
from thinkalike.explain.relevance.tape import Composite, Tape
from thinkalike.networks.model import Model
from thinkalike.networks.predict import check_finite
from thinkalike.stores.joining import joined_accounts

COMPOSITES: Mapping[str, Composite] = {
    "epsilon": Composite(),
    "gamma": Composite(convolutions=0.1),
    "plus": Composite(convolutions=float("inf")),
}
"""Epsilon everywhere; γ = 0.1, or z⁺, for convolutions, and epsilon for linear layers."""
FAMILIES: Mapping[str, str] = {"cnn": "epsilon", "transformer": "epsilon", "hybrid": "epsilon"}
"""Family of the catalogue → composite. docs/lrp.md has the figures that chose them."""
TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-3}
"""Of the ledger's gap, as a share of the score."""
BASELINE = "the baseline"
PIXELS = "pixels"
"""The account of what reached the input."""
"""Name of the account of the image of the baseline's colour."""


@dataclass(frozen=True)
class Relevance:
    """Where the scores of N images went.

    Attributes:
        pixels: (N, height · width) relevance, summed over colours, of the network's type.
        accounts: name of what adds a constant → (N,) its share.
        targets: (N,) the class explained.
        scores: (N,) its logit.
        spread: (N,) standard deviation of the image's logits over the classes.
    """

    pixels: np.ndarray
    accounts: Mapping[str, np.ndarray]
    targets: np.ndarray
    scores: np.ndarray
    spread: np.ndarray

    @property
    def input(self) -> np.ndarray:
        """(N,) what went to the pixels."""
        return self.pixels.sum(1, dtype=np.float64)

    @property
    def constants(self) -> np.ndarray:
        """(N,) what stayed in constants."""
        return sum(self.accounts.values(), np.zeros(len(self.scores)))

    @property
    def gap(self) -> np.ndarray:
        """(N,) |Σ pixels + Σ constants − score|, as a share of |score|.

        Where the score is nearly nothing, as a share of the spread of the scores instead.
        """
        missing = np.abs(self.input + self.constants - self.scores)
        scale = np.maximum(np.abs(self.scores), self.spread)
        return np.divide(missing, scale, out=np.where(missing > 0, np.inf, 0.0), where=scale > 0)


def explain(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    composite: str | None = None,
) -> Explanation:
    """Relevance of each pixel for the logit, (x − b) · g with g the modified gradient.

    x is the image as the network takes it, normalised, and b the baseline's colour in the same space:
    pixels of that colour get nothing, whatever the network's mean colour is. What b · g adds up to is in
    the ledger, as of a bias.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts in the same pass.
        question: baseline and batch size are used; output must be `logit`, precision `float32`.
        composite: a key of `COMPOSITES`; by default that of the model's family.

    Returns:
        Coefficients in the basis `Pixels(size, size)`, of the network's type, and the measures `score`,
        of the target class; `input_share` and `bias_share`, of the score, which sum to 1 (not numbers
        where the score is 0); and `ledger_gap`, by how much they do not. The accounts are what the pixels
        have, and what stayed in each constant.

    Raises:
        InputError: an operation that is not known, a ledger that does not close, another output or
            precision, an unknown composite, a score that is not finite, a target that is no output,
            training mode.
    """
    found = relevance(model, images, targets, question, chosen(model, composite))
    shares = [
        np.divide(part, found.scores, out=np.full(len(images), np.nan), where=found.scores != 0)
        for part in (found.input, found.constants)
    ]
    return Explanation(
        Maps(found.pixels, (Pixels(*images.shape[1:3]),)),
        found.targets,
        {
            "score": found.scores,
            "input_share": shares[0],
            "bias_share": shares[1],
            "ledger_gap": found.gap,
        },
        accounts={PIXELS: found.input, **found.accounts},
    )


def chosen(model: Model, composite: str | None) -> Composite:
    """The composite of that name, or of the model's family.

    Raises:
        InputError: there is no composite of that name.
    """
    name = composite or FAMILIES[model.entry["family"]]
    if name not in COMPOSITES:
        raise InputError(
            f"composite {name!r} of lrp is none of {', '.join(COMPOSITES)}; choose one of them"
        )
    return COMPOSITES[name]


def relevance(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    composite: Composite,
) -> Relevance:
    """Relevance of pixels and constants; `explain` says what of.

    Raises:
        InputError: as `explain`.
    """
    if question.output != "logit":
        raise InputError(
            f"layer-wise relevance propagation explains logits, not a {question.output}: it would have to "
            "pass a softmax; set explanation.output to logit, or leave lrp out of methods"
        )
    if question.precision != "float32":
        raise InputError(
            f"the ledger of layer-wise relevance propagation does not close in {question.precision}; set "
            "explanation.precision to float32, or leave lrp out of methods"
        )
    if targets is not None:
        check_targets(model, targets)
    # whatever mode the caller is in
    with explaining(model), torch.inference_mode(False), torch.enable_grad():
        batches = question.batches(model, gradients=True)

        def work(part: slice) -> Relevance:
            given = None if targets is None else np.asarray(targets)[part]
            return _passed(model, images[part], given, question, composite)

        parts = [result for _, result in batches.over(len(images), work, "images")]
    found = _together(parts)
    tolerance = TOLERANCES[model.dtype]
    if not (found.gap <= tolerance).all():
        worst = int(np.argmax(found.gap))
        raise ImageError(
            worst,
            f"{model.entry['name']}: the relevance of {{image}} and of the biases misses its score by "
            f"{found.gap[worst]:.2g} of it, and {tolerance:g} is allowed; an operation of the network is "
            "not what torch says it is, leave the model out for this method",
        )
    return found


def _passed(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    composite: Composite,
) -> Relevance:
    """One pass forth and one back; image by image, where the network mixes them in its dimensions.

    Then constants cannot be told apart by image: it is seen from the dimensions or from the ledger.
    """
    try:
        found = _pass(model, images, targets, question, composite)
        if len(images) == 1 or (found.gap <= TOLERANCES[model.dtype]).all():
            return found
    except MixedImagesError:
        pass
    parts = [slice(i, i + 1) for i in range(len(images))]
    return _together(
        [
            _pass(model, images[i], None if targets is None else targets[i], question, composite)
            for i in parts
        ]
    )


def _pass(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    composite: Composite,
) -> Relevance:
    inputs = model.normalise(images).requires_grad_()
    ledger = Ledger(len(images))
    with Tape(model.entry["name"], model.network, inputs, ledger, composite, TABLE) as tape:
        scores = model.network(inputs)
    tape.check_output(scores)
    values = scores.detach().double().cpu().numpy()
    check_finite(model, values)
    classes = values.argmax(1) if targets is None else targets.astype(np.int64)
    picked = scores.gather(1, torch.as_tensor(classes, device=model.device)[:, None])
    (gradient,) = torch.autograd.grad(picked.sum(), inputs)
    baseline = baseline_image(model, question.baseline)
    ledger.pay(BASELINE, gradient, baseline)
    pixels = ((inputs.detach() - baseline) * gradient).sum(1).flatten(1).cpu().numpy()
    check_finite(model, pixels)
    rows = np.arange(len(images))
    return Relevance(pixels, ledger.balances(), classes, values[rows, classes], values.std(1))


def _together(parts: list[Relevance]) -> Relevance:
    """The relevance of all batches."""
    return Relevance(
        np.concatenate([part.pixels for part in parts]),
        joined_accounts([part.accounts for part in parts], [len(part.scores) for part in parts]),
        *(
            np.concatenate([getattr(part, field) for part in parts])
            for field in ("targets", "scores", "spread")
        ),
    )
