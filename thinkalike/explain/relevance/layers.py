"""Rules of layers with weights: linear layers, convolutions, and batch norms behind them."""

from collections.abc import Callable
from typing import Any

import torch

from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.normalisation import check_constants, statistics_and_scales
from thinkalike.explain.relevance.rules import Contributions, Layer, by_gamma, convolution, linear
from thinkalike.explain.relevance.tape import Kind, Rule, Tape


def dense(tape: Tape, call: Call) -> Any:
    """x Wᵀ + b."""
    return _layer(tape, call, linear)


def convolve(dimensions: int, transposed: bool = False) -> Rule:
    """Rule of convolutions of one, two or three dimensions."""

    def rule(tape: Tape, call: Call) -> Any:
        def layer() -> Layer:
            padding = call.get(4, "padding", 0)
            if isinstance(padding, str):
                padding = _padding(tape, call, padding, dimensions)
            if transposed:
                outside, groups = call.get(5, "output_padding", 0), call.get(6, "groups", 1)
                dilation = call.get(7, "dilation", 1)
            else:
                outside, groups = 0, call.get(6, "groups", 1)
                dilation = call.get(5, "dilation", 1)
            return convolution(
                dimensions,
                call.get(3, "stride", 1),
                padding,
                dilation,
                groups,
                transposed,
                outside,
            )

        return _layer(tape, call, layer)

    return rule


def _padding(tape: Tape, call: Call, how: str, dimensions: int) -> list[int]:
    """Zeros on either side of an input, in every dimension, of a padding given by name."""
    if how == "valid":
        return [0] * dimensions
    sizes, dilation = call.get(1, "weight").shape[2:], call.get(5, "dilation", 1)
    steps = [dilation] * dimensions if isinstance(dilation, int) else list(dilation) * dimensions
    whole = [step * (size - 1) for step, size in zip(steps, sizes, strict=False)]
    if any(zeros % 2 for zeros in whole):
        tape.refuse(call, "it pads one side more than the other")
    return [zeros // 2 for zeros in whole]


def _layer(tape: Tape, call: Call, make: Callable[[], Layer]) -> Any:
    x, weight, bias = (call.get(i, name) for i, name in enumerate(("input", "weight", "bias")))
    if tape.kind(x) is not Kind.SIGNAL or tape.kind(weight) is Kind.SIGNAL:
        return tape.unresolved(call, "its weights depend on the images")
    if tape.kind(bias) is not Kind.CONSTANT:
        return tape.unresolved(call, "its bias depends on the images")
    layer = make()
    gamma = tape.composite.gamma(layer.convolutional)
    if not gamma:
        result = tape.with_gates_fixed(call)()
        if bias is not None:
            tape.ledger.watch(tape.module, result, layer.along(bias))
        return result
    with torch.no_grad():
        result = call.with_input(x)
    contributions = Contributions(x, layer, weight.detach(), gamma)
    ends = contributions.ends(x, result.shape)
    result = by_gamma(contributions, ends, lambda: result, None, bias, tape.ledger, tape.module)
    if layer.convolutional:
        tape.made[result] = (result._version, contributions, ends, bias)
    return result


def batch_norm(tape: Tape, call: Call) -> Any:
    """Affine, with statistics of the training; one layer with a convolution before it."""
    x = call.get(0, "input")
    mean, variance, weight, bias = statistics_and_scales(call)
    check_constants(tape, call, x)
    if call.get(5, "training", False) or mean is None or variance is None:
        tape.refuse(call, "it takes statistics of the batch")
    scale = (variance + call.get(7, "eps", 1e-5)).rsqrt()
    if weight is not None:
        scale = scale * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    before = tape.made.get(x)
    # what was changed in place, also through a view, is no longer what the layer gave
    if before is None or before[0] != x._version:
        result = call()
        tape.ledger.watch(tape.module, result, shift.reshape(-1, *[1] * (x.ndim - 2)))
        return result
    _, contributions, ends, offset = before
    if offset is not None:
        shift = shift + offset * scale
    given = x.detach()

    def compute() -> torch.Tensor:
        return call.with_input(given)

    return by_gamma(contributions, ends, compute, scale, shift, tape.ledger, tape.module)
