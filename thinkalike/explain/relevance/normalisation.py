"""Rules of norms and of attention, whose statistics and weights are held fixed."""

from typing import Any

import torch

from thinkalike.explain.relevance.activations import check_parameters
from thinkalike.explain.relevance.rules import centred
from thinkalike.explain.relevance.tape import Call, Kind, Tape


def variance_and_mean(tape: Tape, call: Call) -> Any:
    """The variance is held fixed, the mean is linear."""
    x = call.args[0]
    with torch.no_grad():
        spread, _ = call()
    dims, keep = call.get(1, "dim"), call.kwargs.get("keepdim", False)
    return tape.gate(spread, call), x.mean(dims, keepdim=keep)


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
    x, groups, weight, bias = (
        call.get(i, name) for i, name in enumerate(("input", "num_groups", "weight", "bias"))
    )
    check_constants(tape, call, x)
    eps = call.get(4, "eps", 1e-5)
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


def check_constants(tape: Tape, call: Call, x: torch.Tensor) -> None:
    """Refuse a call whose input is no signal, or whose other tensors are not constant."""
    if tape.kind(x) is not Kind.SIGNAL:
        tape.refuse(call, "its parameters depend on the images, and its input does not")
    check_parameters(tape, call, x)


def attention(tape: Tape, call: Call) -> Any:
    """softmax(Q Kᵀ/√d + mask) V with its weights held fixed."""
    query, key, value = (call.get(i, name) for i, name in enumerate(("query", "key", "value")))
    mask, dropped = call.get(3, "attn_mask"), call.get(4, "dropout_p", 0.0)
    if dropped:
        tape.refuse(call, "it drops values at random")
    if tape.kind(value) is not Kind.SIGNAL:
        return tape.unresolved(call, "its queries and keys carry relevance, and its values do not")
    if call.get(7, "enable_gqa", False):
        tape.refuse(call, "queries share keys in groups")
    causal, scale = call.get(5, "is_causal", False), call.get(6, "scale")
    with torch.no_grad():
        scaled = query * (query.shape[-1] ** -0.5 if scale is None else scale)
        weights = scaled @ key.transpose(-2, -1)
        if causal:
            rows, columns = weights.shape[-2:]
            allowed = torch.ones(rows, columns, dtype=torch.bool, device=weights.device).tril()
            weights = weights.masked_fill(~allowed, -torch.inf)
        if mask is not None:
            closed = mask.dtype is torch.bool
            weights = weights.masked_fill(~mask, -torch.inf) if closed else weights + mask
        weights = weights.softmax(-1)
    return weights @ value
