"""Layer-wise relevance propagation of a logit to the pixels, with a ledger that closes.

One forward and one backward pass. In the forward pass a `Tape` holds gates and normalisers fixed, so that
value times gradient is relevance; the `Ledger` has the relevance of the biases. docs/reference/lrp.md
lists the rules and says how they were chosen.

Bach et al., On pixel-wise explanations for non-linear classifier decisions by layer-wise relevance
propagation, PLoS ONE 10(7), 2015; for attention and norms Ali et al., XAI for transformers: better
explanations through conservative propagation, ICML 2022.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from thinkalike.compare.bases import Pixels
from thinkalike.compare.maps import Maps
from thinkalike.errors import ImageError, InputError, counting_from
from thinkalike.explain.common import (
    Explanation,
    Question,
    baseline_image,
    check_maps,
    check_targets,
    explaining,
)
from thinkalike.explain.relevance.ledger import Ledger, MixedImagesError
from thinkalike.explain.relevance.table import TABLE
from thinkalike.explain.relevance.tape import Composite, Kind, Tape
from thinkalike.networks.model import Model
from thinkalike.networks.predict import check_finite
from thinkalike.stores.joining import joined_accounts

COMPOSITES: Mapping[str, Composite] = {
    "epsilon": Composite(),
    "gamma": Composite(convolutions=0.1),
    "plus": Composite(convolutions=float("inf")),
}
"""Epsilon everywhere; γ = 0.1, or z⁺, for convolutions, and epsilon for linear layers."""
TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-3}
"""Largest gap of the ledger, as a share of the score."""
BASELINE = "the baseline"
"""Account of the image of the baseline's colour."""
PIXELS = "pixels"
"""Account of the relevance that reached the input."""


@dataclass(frozen=True)
class Relevance:
    """The scores of N images, shared out among pixels and constants.

    Attributes:
        pixels: (N, height · width) relevance, summed over colours, of the network's type.
        accounts: name of a constant, or of the module that adds it → (N,) its share.
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
        """(N,) sums of relevance over the pixels."""
        return self.pixels.sum(1, dtype=np.float64)

    @property
    def constants(self) -> np.ndarray:
        """(N,) sums of relevance over the constants."""
        return sum(self.accounts.values(), np.zeros(len(self.scores)))

    @property
    def gap(self) -> np.ndarray:
        """(N,) |Σ pixels + Σ constants − score|, as a share of |score|.

        Where the score is smaller than the spread of the scores, as a share of the spread.
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
    composite: str = "gamma",
) -> Explanation:
    """Relevance of each pixel for the logit, (x − b) · g with g the modified gradient.

    x is the normalised image and b the baseline's colour in the same space: pixels of that colour get
    nothing, whatever the network's mean colour is. The sum of b · g has an account in the ledger, as a
    bias has.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts in the same pass.
        question: baseline and batch size are used; output must be `logit`, precision `float32`.
        composite: a key of `COMPOSITES`.

    Returns:
        Coefficients in the basis `Pixels(size, size)`, of the network's type, and the measures `score`,
        of the target class; `input_share` and `bias_share`, of the score, which sum to 1 (not numbers
        where the score is 0); and `ledger_gap`, by how much they do not. The accounts are those of the
        pixels and of the constants.

    Raises:
        InputError: an operation that is not known, a ledger that does not close, another output or
            precision, an unknown composite, a score or map that is not finite, a target that is no output,
            training mode.
    """
    if composite not in COMPOSITES:
        raise InputError(
            f"composite {composite!r} is none of {', '.join(COMPOSITES)}; choose one of them"
        )
    result = relevance(model, images, targets, question, COMPOSITES[composite])
    shares = [
        np.divide(part, result.scores, out=np.full(len(images), np.nan), where=result.scores != 0)
        for part in (result.input, result.constants)
    ]
    return Explanation(
        Maps(result.pixels, (Pixels(*images.shape[1:3]),)),
        result.targets,
        {
            "score": result.scores,
            "input_share": shares[0],
            "bias_share": shares[1],
            "ledger_gap": result.gap,
        },
        accounts={PIXELS: result.input, **result.accounts},
    )


def relevance(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    composite: Composite,
) -> Relevance:
    """Relevance of pixels and constants for the logits of images.

    Args:
        model, images, targets, question: as for `explain`.
        composite: rules of layers with weights.

    Raises:
        InputError: as `explain`.
    """
    if question.output != "logit":
        raise InputError(
            f"layer-wise relevance propagation explains logits, not a {question.output}: it would have to "
            "pass a softmax; set output to logit, or leave this method out"
        )
    if question.precision != "float32":
        raise InputError(
            f"the ledger of layer-wise relevance propagation does not close in {question.precision}; set "
            "precision to float32, or leave this method out"
        )
    if model.dtype not in TOLERANCES:
        kind = str(model.dtype).removeprefix("torch.")
        raise InputError(
            f"{model.name}: the ledger of layer-wise relevance propagation does not close in {kind}; "
            "convert the network to float32, or leave this method out"
        )
    if targets is not None:
        check_targets(model, targets)
    # whatever mode the caller is in
    with explaining(model), torch.inference_mode(False), torch.enable_grad():
        batches = question.batches(model, gradients=True)
        one_pass = partial(_pass, model, baseline_image(model, question.baseline), composite)

        def work(part: slice) -> Relevance:
            classes = None if targets is None else np.asarray(targets)[part]
            with counting_from(part.start):
                return _of_batch(model, images[part], classes, one_pass)

        parts = [result for _, result in batches.over(len(images), work, "images")]
    result = _joined(parts)
    check_maps(Maps(result.pixels, (Pixels(*images.shape[1:3]),)), f"LRP of {model.name}")
    tolerance = TOLERANCES[model.dtype]
    if not (result.gap <= tolerance).all():
        worst = int(np.argmax(result.gap))
        raise ImageError(
            worst,
            f"{model.name}: the relevance of {{image}} and of the biases misses its score by "
            f"{result.gap[worst]:.2g} of it, and {tolerance:g} is allowed; an operation of the network is "
            "not what torch says it is, leave the model out for this method",
        )
    return result


def _of_batch(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    one_pass: Callable[[np.ndarray, np.ndarray | None], Relevance],
) -> Relevance:
    """Relevance from one pass of a batch, or of each image where the network mixes images in dimensions.

    Then the constants of images cannot be told apart, which shows in the dimensions or in the ledger.
    """
    try:
        result = one_pass(images, targets)
        if len(images) == 1 or (result.gap <= TOLERANCES[model.dtype]).all():
            return result
    except MixedImagesError:
        pass
    alone = []
    for i in range(len(images)):
        one = slice(i, i + 1)
        with counting_from(i):
            alone.append(one_pass(images[one], None if targets is None else targets[one]))
    return _joined(alone)


def _pass(
    model: Model,
    baseline: torch.Tensor,
    composite: Composite,
    images: np.ndarray,
    targets: np.ndarray | None,
) -> Relevance:
    """Relevance from one forward and one backward pass."""
    inputs = model.normalise(images).requires_grad_()
    scores, ledger = _scores(model, inputs, composite)
    values = scores.detach().double().cpu().numpy()
    check_finite(model, values)
    classes = values.argmax(1) if targets is None else targets.astype(np.int64)
    picked = scores.gather(1, torch.as_tensor(classes, device=model.device)[:, None])
    (gradient,) = torch.autograd.grad(picked.sum(), inputs)
    ledger.pay(BASELINE, gradient, baseline)
    pixels = ((inputs.detach() - baseline) * gradient).sum(1).flatten(1).cpu().numpy()
    rows = np.arange(len(images))
    return Relevance(pixels, ledger.balances(), classes, values[rows, classes], values.std(1))


def _scores(
    model: Model, inputs: torch.Tensor, composite: Composite
) -> tuple[torch.Tensor, Ledger]:
    """Scores with the graph of their relevance.

    Sigmoids are gates, and where the network does not take them for gates alone, they are values, in a
    second forward pass.
    """
    for sigmoids in (Kind.GATE, Kind.SIGNAL):
        ledger = Ledger(len(inputs))
        with Tape(model.name, model.network, inputs, ledger, composite, TABLE, sigmoids) as tape:
            scores = model.network(inputs)
        if tape.kind(scores) is Kind.SIGNAL or not tape.with_sigmoids:
            break
    tape.check_output(scores)
    return scores, ledger


def _joined(parts: list[Relevance]) -> Relevance:
    """The relevance of consecutive batches."""
    return Relevance(
        np.concatenate([part.pixels for part in parts]),
        joined_accounts([part.accounts for part in parts], [len(part.scores) for part in parts]),
        *(
            np.concatenate([getattr(part, field) for part in parts])
            for field in ("targets", "scores", "spread")
        ),
    )
