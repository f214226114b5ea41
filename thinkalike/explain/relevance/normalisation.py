"""Rules of norms, whose statistics are held fixed."""

from typing import Any

import torch

from thinkalike.explain.relevance.activations import check_parameters
from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.rules import centred
from thinkalike.explain.relevance.tape import Kind, Tape


def variance_and_mean(tape: Tape, call: Call) -> Any:
    """The variance is held fixed, the mean is linear."""
    x, dims = call.get(0, "input"), call.get(1, "dim")
    with torch.no_grad():
        spread, _ = call()
    if isinstance(dims, bool):
        # whether the variance is unbiased, of all numbers
        dims = None
    return tape.gate(spread, call), x.mean(dims, keepdim=call.get(3, "keepdim", False))


def layer_norm(tape: Tape, call: Call) -> Any:
    """σ is held fixed, the mean is linear, the shift gets an account."""
    x, shape, weight, bias = (
        call.get(i, name) for i, name in enumerate(("input", "normalized_shape", "weight", "bias"))
    )
    check_constants(tape, call, x)
    eps = call.get(4, "eps", 1e-5)
    result = centred(x, call.with_input, None, tuple(shape), weight, eps)
    if bias is not None:
        tape.ledger.watch(tape.module, result, bias)
    return result


def group_norm(tape: Tape, call: Call) -> Any:
    """A layer norm of each group of channels."""
    groups, weight, bias = (
        call.get(i, name) for i, name in enumerate(("num_groups", "weight", "bias"), 1)
    )
    return _grouped(tape, call, groups, weight, bias, call.get(4, "eps", 1e-5))


def instance_norm(tape: Tape, call: Call) -> Any:
    """A layer norm of each channel."""
    if not call.get(5, "use_input_stats", True):
        tape.refuse(call, "it takes statistics of the training")
    _, _, weight, bias = statistics_and_scales(call)
    channels = call.get(0, "input").shape[1]
    return _grouped(tape, call, channels, weight, bias, call.get(7, "eps", 1e-5))


def _grouped(
    tape: Tape,
    call: Call,
    groups: int,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    eps: float,
) -> torch.Tensor:
    x = call.get(0, "input")
    check_constants(tape, call, x)
    result = centred(x, call.with_input, groups, (), weight, eps)
    if bias is not None:
        tape.ledger.watch(tape.module, result, bias.reshape(-1, *[1] * (x.ndim - 2)))
    return result


def rms_norm(tape: Tape, call: Call) -> Any:
    """x · w/r, with r held fixed."""
    x, shape, weight = (
        call.get(i, name) for i, name in enumerate(("input", "normalized_shape", "weight"))
    )
    check_constants(tape, call, x)
    eps = call.get(3, "eps")
    with torch.no_grad():
        dims = tuple(range(x.ndim - len(shape), x.ndim))
        mean = x.square().mean(dims, keepdim=True)
        factor = (mean + (torch.finfo(x.dtype).eps if eps is None else eps)).rsqrt()
    return x * (factor if weight is None else factor * weight)


def normalise(tape: Tape, call: Call) -> Any:
    """x/‖x‖, with the norm held fixed."""
    x = call.get(0, "input")
    order, dim, eps = call.get(1, "p", 2.0), call.get(2, "dim", 1), call.get(3, "eps", 1e-12)
    with torch.no_grad():
        norm = torch.linalg.vector_norm(x, order, dim, keepdim=True).clamp_min(eps)
    return x / norm


def statistics_and_scales(call: Call) -> tuple[torch.Tensor | None, ...]:
    """Mean, variance, weight and bias of a batch or instance norm.

    The functions of `torch` have the scales before the statistics, those of `torch.nn.functional` after.
    """
    native = call.function in (torch.batch_norm, torch.instance_norm)
    places = (3, 4, 1, 2) if native else (1, 2, 3, 4)
    names = ("running_mean", "running_var", "weight", "bias")
    return tuple(call.get(place, name) for place, name in zip(places, names, strict=True))


def check_constants(tape: Tape, call: Call, x: torch.Tensor) -> None:
    """Refuse a call whose input is no signal, or whose other tensors are not constant."""
    if tape.kind(x) is not Kind.SIGNAL:
        tape.refuse(call, "its parameters depend on the images, and its input does not")
    check_parameters(tape, call, x)
