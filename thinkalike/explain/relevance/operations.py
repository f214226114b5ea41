"""The table of operations: how relevance goes through each function of torch that networks call.

A function that is not here is refused. Each rule gets the `Tape` and the `Call`, computes what the
network computes, and takes care that the gradient, times the value, is the relevance:

* what is linear in the signals, and what picks one of them, is left as it is;
* a constant that is added gets an account in the ledger;
* activations are their input times a ratio that is held fixed;
* gates and statistics of norms are held fixed: they are computed without a graph;
* of a product of two signals nobody can tell which is the gate: its result is unresolved, and so is all
  that is made of it, until a gate is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_map

from thinkalike.explain.relevance.rules import (
    Layer,
    by_gamma,
    by_ratio,
    centred,
    convolution,
    linear,
)
from thinkalike.explain.relevance.tape import Call, Kind, Rule, Table, Tape

F = torch.nn.functional


def _functions(names: str) -> Iterator[Callable[..., Any]]:
    """The functions of these names wherever torch has them: functions, methods, operators."""
    spaces = (torch, torch.Tensor, F, torch._C._nn, torch.linalg, torch.special)
    for name in names.split():
        there = [getattr(space, name) for space in spaces if hasattr(space, name)]
        if not there:
            raise AttributeError(f"torch has no {name}")
        yield from there


def _properties(names: str) -> Iterator[Callable[..., Any]]:
    return (getattr(torch.Tensor, name).__get__ for name in names.split())


def _fixed(tape: Tape, call: Call) -> Call:
    """The call with gates that no gradient reaches, which those made in place would let pass."""

    def fixed(value: torch.Tensor) -> torch.Tensor:
        return value.detach() if value.requires_grad and tape.kind(value) is Kind.GATE else value

    return call.mapped(fixed)


def _adds_gate(tape: Tape, call: Call, values: Iterable[Any]) -> str:
    """Why a sum with these values is unresolved; empty if it is not."""
    for value in values:
        if tape.kind(value) is Kind.GATE:
            origin = tape.origin(value)
            return f"it takes what {origin.function} in {origin.module} gives, a gate, for a value"
    return ""


def as_it_is(tape: Tape, call: Call) -> Any:
    """Linear in its first argument, or a choice among its numbers; other tensors may be indices."""
    x = call.get(0, "input")
    for value in call.tensors:
        if value is not x and value.is_floating_point():
            tape.refuse(call, "two tensors of values are given")
    return call()


def as_another(tape: Tape, call: Call) -> Any:
    """Linear in its first argument; of the second one nothing but its form is asked."""
    match tape.kind(call.get(0, "input")):
        case Kind.SIGNAL:
            return call()
        case Kind.CONSTANT:
            return constant(tape, call)
    return gate(tape, call)


def constant(tape: Tape, call: Call) -> Any:
    """What has the form of a signal and none of its values."""
    with torch.no_grad():
        return tape.constant(call(), call)


def largest(tape: Tape, call: Call) -> Any:
    """The winner along a dimension takes all."""
    if isinstance(call.get(1, "dim"), torch.Tensor) or "other" in call.kwargs:
        tape.refuse(call, "two tensors of values are given")
    return call()


def iterate(tape: Tape, call: Call) -> Any:
    """The parts along the first dimension."""
    parts = call.args[0].unbind(0)
    tape.mark(parts, call, Kind.GATE)
    return iter(parts)


def pad(tape: Tape, call: Call) -> Any:
    """With zeros or values from within; another constant gets an account."""
    result = as_it_is(tape, call)
    if call.get(3, "value"):
        shape = torch.zeros_like(call.get(0, "input"))
        tape.ledger.watch(tape.module, result, _with_input(call, shape))
    return result


def dropout(tape: Tape, call: Call) -> Any:
    """Nothing, in eval mode."""
    if call.get(2, "training", True):
        tape.refuse(call, "it drops values at random")
    return as_it_is(tape, call)


def detach(tape: Tape, call: Call) -> Any:
    """A gate: whoever detached it wants no gradient there."""
    return tape.gate(call().detach(), call)


def _negated(value: Any) -> Any:
    return -value


def add(tape: Tape, call: Call) -> Any:
    """a + α b; what is constant gets an account."""
    return _sum(tape, call, 1)


def subtract(tape: Tape, call: Call) -> Any:
    """a − α b."""
    return _sum(tape, call, -1)


def subtract_from(tape: Tape, call: Call) -> Any:
    """b − α a."""
    scale = call.get(2, "alpha", 1)
    a, b = call.args[:2]
    if why := _adds_gate(tape, call, (a, b)):
        return unresolved(tape, call, why)
    result = call()
    for value, factor in ((a, -scale), (b, 1)):
        if tape.kind(value) is Kind.CONSTANT:
            tape.ledger.watch(tape.account(value), result, value * factor)
    return result


def _sum(tape: Tape, call: Call, sign: int) -> Any:
    a, b = call.get(0, "input"), call.get(1, "other")
    if why := _adds_gate(tape, call, (a, b)):
        return unresolved(tape, call, why)
    scale = sign * call.get(2, "alpha", 1)
    constants = [
        (value, value * factor)
        for value, factor in ((a, 1), (b, scale))
        if tape.kind(value) is Kind.CONSTANT
    ]
    result = call()
    for value, amount in constants:
        tape.ledger.watch(tape.account(value), result, amount)
    return result


def add_product(tape: Tape, call: Call) -> Any:
    """a + v · b · c."""
    a, b, c = call.args[:3]
    if why := _adds_gate(tape, call, (a,)):
        return unresolved(tape, call, why)
    signals = [value for value in (b, c) if tape.kind(value) is Kind.SIGNAL]
    if len(signals) == 2:
        return unresolved(tape, call, TWO)
    if not signals:
        why = _adds_gate(tape, call, (b, c))
        if why or tape.kind(a) is Kind.CONSTANT:
            return unresolved(tape, call, why)
        result, amount = call(), call.kwargs.get("value", 1) * b * c
        tape.ledger.watch(tape.module, result, amount)
        return result
    result = _fixed(tape, call)()
    if tape.kind(a) is Kind.CONSTANT:
        tape.ledger.watch(tape.account(a), result, a)
    return result


def join(tape: Tape, call: Call) -> Any:
    """Tensors beside one another; those that are constant get accounts."""
    parts = list(call.get(0, "tensors"))
    if why := _adds_gate(tape, call, parts):
        return unresolved(tape, call, why)
    result = call()
    for number, part in enumerate(parts):
        if tape.kind(part) is Kind.CONSTANT and part.numel():
            others = [torch.zeros_like(other) for other in parts]
            others[number] = part
            constant = replace(call, args=(others, *call.args[1:]), kwargs=_without_tensors(call))()
            tape.ledger.watch(tape.account(part), result, constant)
    return result


def _without_tensors(call: Call) -> dict[str, Any]:
    return {key: value for key, value in call.kwargs.items() if key != "tensors"}


def where(tape: Tape, call: Call) -> Any:
    """One or the other; the condition may depend on the images."""
    condition, a, b = call.args
    if tape.kind(condition) is Kind.SIGNAL:
        tape.refuse(call, "the condition carries relevance")
    if why := _adds_gate(tape, call, (a, b)):
        return unresolved(tape, call, why)
    result = call()
    if tape.kind(a) is Kind.CONSTANT:
        tape.ledger.watch(tape.account(a), result, torch.where(condition, a, 0))
    if tape.kind(b) is Kind.CONSTANT:
        tape.ledger.watch(tape.account(b), result, torch.where(condition, 0, b))
    return result


def activation(tape: Tape, call: Call) -> Any:
    """φ(x) = x · φ(x)/x, in place or not."""
    x = call.get(0, "input")
    if any(tape.kind(value) is not Kind.CONSTANT for value in call.tensors if value is not x):
        tape.refuse(call, "its parameters depend on the images")
    function, changes = _out_of_place(call)
    rest = {key: value for key, value in call.kwargs.items() if key not in ("inplace", "input")}
    y = by_ratio(x, lambda t: function(t, *call.args[1:], **rest))
    return x.copy_(y) if changes else y


def clamp(tape: Tape, call: Call) -> Any:
    """An activation, if 0 stays where it is."""
    low, high = call.get(1, "min"), call.get(2, "max")
    if any(isinstance(bound, torch.Tensor) for bound in (low, high)):
        tape.refuse(call, "a bound is a tensor")
    if (low is not None and low > 0) or (high is not None and high < 0):
        tape.refuse(call, "it moves zero")
    return activation(tape, call)


def leave_rectified(tape: Tape, call: Call) -> Any:
    """ReLU and its like: linear on either side of 0."""
    x = call.get(0, "input")
    if any(tape.kind(value) is not Kind.CONSTANT for value in call.tensors if value is not x):
        tape.refuse(call, "its parameters depend on the images")
    return call()


def _out_of_place(call: Call) -> tuple[Callable[..., Any], bool]:
    """The function that does not change its input, and whether the call does."""
    name = getattr(call.function, "__name__", "")
    if name.endswith("_") and not name.endswith("__"):
        plain: Callable[..., Any] = getattr(torch.Tensor, name[:-1], None) or getattr(F, name[:-1])
        return plain, True
    if "inplace" in call.kwargs:
        return call.function, bool(call.kwargs["inplace"])
    flag = INPLACE_AT.get(call.function)
    if flag is not None and len(call.args) > flag and call.args[flag]:
        # by position: all before it are the function's own arguments
        return lambda x, *rest, **more: call.function(x, *rest[: flag - 1], **more), True
    return call.function, False


def gate(tape: Tape, call: Call) -> Any:
    """Held fixed, in place or not."""
    with torch.no_grad():
        result = call()
    return tree_map(
        lambda value: tape.gate(value, call) if isinstance(value, torch.Tensor) else value, result
    )


def variance_and_mean(tape: Tape, call: Call) -> Any:
    """The variance is held fixed, the mean is linear."""
    x = call.args[0]
    with torch.no_grad():
        spread, _ = call()
    dims, keep = call.get(1, "dim"), call.kwargs.get("keepdim", False)
    return tape.gate(spread, call), x.mean(dims, keepdim=keep)


TWO = "two values multiply and nobody says which is the gate"


def unresolved(tape: Tape, call: Call, why: str = "it is not linear, and no gate") -> Any:
    """What may be part of a gate, and is refused as a value."""
    with torch.no_grad():
        return tape.unresolved(call(), call, why)


def product(tape: Tape, call: Call) -> Any:
    """Linear in one signal; of two, nobody can tell which is the gate."""
    signals = [value for value in call.tensors if tape.kind(value) is Kind.SIGNAL]
    changed = _changed(call)
    if changed is not None and tape.kind(changed) is not Kind.SIGNAL:
        tape.refuse(call, "it changes a value in place")
    if len(signals) > 1:
        return unresolved(tape, call, TWO)
    return _fixed(tape, call)()


def quotient(tape: Tape, call: Call) -> Any:
    """Linear in the numerator; a denominator that is a signal is no gate."""
    if tape.kind(call.get(1, "other")) is Kind.SIGNAL:
        return unresolved(tape, call, "it divides by what carries relevance")
    if call.kwargs.get("rounding_mode") is not None:
        tape.refuse(call, "it rounds")
    return product(tape, call)


def _changed(call: Call) -> torch.Tensor | None:
    """The tensor that a function named `…_` or `__i…__` changes."""
    name = getattr(call.function, "__name__", "")
    inner = name.strip("_")
    operator = name.startswith("__i") and inner in ("imul", "itruediv", "imatmul")
    return call.args[0] if operator or (name.endswith("_") and not name.endswith("__")) else None


def attention(tape: Tape, call: Call) -> Any:
    """softmax(Q Kᵀ/√d + mask) V with its weights held fixed."""
    query, key, value = (call.get(i, name) for i, name in enumerate(("query", "key", "value")))
    mask, dropped = call.get(3, "attn_mask"), call.get(4, "dropout_p", 0.0)
    if dropped:
        tape.refuse(call, "it drops values at random")
    if tape.kind(value) is not Kind.SIGNAL:
        return unresolved(tape, call, "its queries and keys carry relevance, and its values do not")
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


def dense(tape: Tape, call: Call) -> Any:
    """x Wᵀ + b."""
    return _layer(tape, call, lambda: linear())


def convolve(dimensions: int, transposed: bool = False) -> Rule:
    """Convolutions of so many dimensions."""

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
    """Zeros on either side of an input that is padded by name."""
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
        return unresolved(tape, call, "its weights depend on the images")
    if tape.kind(bias) is not Kind.CONSTANT:
        return unresolved(tape, call, "its bias depends on the images")
    layer = make()
    if not tape.composite.layers(layer.convolutional):
        result = _fixed(tape, call)()
        if bias is not None:
            tape.ledger.watch(tape.module, result, layer.along(bias))
        return result
    gamma = tape.gamma(layer.convolutional)
    fixed, ledger = weight.detach(), tape.ledger
    result = by_gamma(
        x, lambda t: _with_input(call, t), layer, fixed, bias, gamma, ledger, tape.module
    )
    if layer.convolutional:
        tape.made[result] = (result._version, x, layer, fixed, bias, gamma)
    return result


def batch_norm(tape: Tape, call: Call) -> Any:
    """Affine, with statistics of the training; one layer with a convolution before it."""
    x, mean, variance, weight, bias = (
        call.get(i, name)
        for i, name in enumerate(("input", "running_mean", "running_var", "weight", "bias"))
    )
    _constants(tape, call, x)
    if call.get(5, "training", False) or mean is None:
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
    _, source, layer, weights, offset, gamma = before
    if offset is not None:
        shift = shift + offset * scale
    fused = _scaled(layer, weights, scale)
    given = x.detach()

    def compute(_: torch.Tensor) -> torch.Tensor:
        return _with_input(call, given)

    return by_gamma(source, compute, layer, fused, shift, gamma, tape.ledger, tape.module)


def _scaled(layer: Layer, weights: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """W with each of its results scaled."""
    return weights * scale.reshape(-1, *[1] * (weights.ndim - 1))


def layer_norm(tape: Tape, call: Call) -> Any:
    """σ is held fixed, the mean is linear, the shift gets an account."""
    x, shape, weight, bias = (
        call.get(i, name) for i, name in enumerate(("input", "normalized_shape", "weight", "bias"))
    )
    _constants(tape, call, x)
    eps = call.get(4, "eps", 1e-5)
    result = centred(x, lambda t: _with_input(call, t), None, tuple(shape), weight, eps)
    if bias is not None:
        tape.ledger.watch(tape.module, result, bias)
    return result


def group_norm(tape: Tape, call: Call) -> Any:
    """As a layer norm of each group of channels."""
    x, groups, weight, bias = (
        call.get(i, name) for i, name in enumerate(("input", "num_groups", "weight", "bias"))
    )
    _constants(tape, call, x)
    eps = call.get(4, "eps", 1e-5)
    result = centred(x, lambda t: _with_input(call, t), groups, (), weight, eps)
    if bias is not None:
        tape.ledger.watch(tape.module, result, bias.reshape(-1, *[1] * (x.ndim - 2)))
    return result


def rms_norm(tape: Tape, call: Call) -> Any:
    """x · w/r, with r held fixed."""
    x, shape, weight = (
        call.get(i, name) for i, name in enumerate(("input", "normalized_shape", "weight"))
    )
    _constants(tape, call, x)
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


def _constants(tape: Tape, call: Call, x: torch.Tensor) -> None:
    if tape.kind(x) is not Kind.SIGNAL:
        tape.refuse(call, "its parameters depend on the images, and its input does not")
    if any(tape.kind(value) is not Kind.CONSTANT for value in call.tensors if value is not x):
        tape.refuse(call, "its parameters depend on the images")


def _with_input(call: Call, x: torch.Tensor) -> torch.Tensor:
    if call.args:
        return call.function(x, *call.args[1:], **call.kwargs)
    return call.function(**{**call.kwargs, "input": x})


INQUIRIES = frozenset(
    {
        *_functions(
            "dim size stride numel nelement element_size is_contiguous is_floating_point storage_offset "
            "get_device data_ptr is_complex is_tensor __len__ ndimension __repr__ __hash__ __format__"
        ),
        *_properties(
            "shape ndim dtype device requires_grad is_cuda layout is_leaf is_sparse is_quantized "
            "is_meta is_cpu is_mps itemsize nbytes"
        ),
    }
)
"""Functions that ask a tensor for no value of it."""


_TABLE: tuple[tuple[Rule, str], ...] = (
    (
        as_it_is,
        "reshape view flatten ravel unflatten permute transpose swapaxes movedim moveaxis swapdims t "
        "contiguous clone squeeze unsqueeze squeeze_ unsqueeze_ expand repeat "
        "repeat_interleave tile broadcast_to "
        "narrow select split tensor_split chunk unbind __getitem__ index_select gather roll flip rot90 "
        "neg neg_ negative __neg__ mean sum to float double type diagonal "
        "avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d "
        "max_pool1d max_pool2d adaptive_max_pool2d "
        "interpolate upsample pixel_shuffle pixel_unshuffle unfold fold channel_shuffle "
        "take_along_dim unsafe_chunk unsafe_split swapaxes_ permute_copy",
    ),
    (as_another, "expand_as view_as reshape_as type_as"),
    (largest, "max min amax amin"),
    (iterate, "__iter__"),
    (pad, "pad"),
    (dropout, "dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout"),
    (detach, "detach"),
    (add, "add add_ __add__ __radd__ __iadd__"),
    (subtract, "sub sub_ subtract __sub__ __isub__"),
    (subtract_from, "rsub __rsub__"),
    (add_product, "addcmul"),
    (join, "cat concat concatenate stack hstack vstack"),
    (where, "where"),
    (
        activation,
        "gelu silu silu_ hardswish mish mish_ tanh tanh_ relu6 hardtanh elu selu celu softsign "
        "hardshrink softshrink tanhshrink atan asinh",
    ),
    (clamp, "clamp clip"),
    (leave_rectified, "relu relu_ leaky_relu leaky_relu_ prelu abs"),
    (
        gate,
        "sigmoid sigmoid_ hardsigmoid softmax softmin softplus logsigmoid erf norm vector_norm var std "
        "sqrt rsqrt argmax argmin argsort topk eq ne lt le gt ge isnan isfinite sign sgn "
        "__eq__ __ne__ __lt__ __le__ __gt__ __ge__",
    ),
    (constant, "zeros_like ones_like full_like new_zeros new_ones new_full new_tensor"),
    (variance_and_mean, "var_mean"),
    (unresolved, "square pow __pow__ exp reciprocal log __rtruediv__ cosine_similarity"),
    (
        product,
        "mul mul_ multiply __mul__ __rmul__ __imul__ matmul __matmul__ __rmatmul__ bmm mm mv dot "
        "einsum",
    ),
    (quotient, "div div_ divide true_divide __truediv__ __itruediv__"),
    (attention, "scaled_dot_product_attention"),
    (dense, "linear"),
    (convolve(1), "conv1d"),
    (convolve(2), "conv2d"),
    (convolve(3), "conv3d"),
    (convolve(2, transposed=True), "conv_transpose2d"),
    (batch_norm, "batch_norm"),
    (layer_norm, "layer_norm"),
    (group_norm, "group_norm"),
    (rms_norm, "rms_norm"),
    (normalise, "normalize"),
)


OPERATIONS: dict[Callable[..., Any], Rule] = {
    function: rule
    for rule, functions in (
        (as_it_is, _properties("T mT H mH")),
        (detach, _properties("data")),
        *((rule, _functions(names)) for rule, names in _TABLE),
    )
    for function in functions
}
"""Function of torch → how relevance goes through it."""


GATES = frozenset(_functions(dict(_TABLE)[gate] + " tanh tanh_"))
"""Functions that make a gate even of a product of two signals."""


INPLACE_AT: dict[Callable[..., Any], int] = {
    **dict.fromkeys((F.silu, F.hardswish, F.mish, F.relu6, F.selu), 1),
    **dict.fromkeys((F.elu, F.celu), 2),
    F.hardtanh: 3,
}
"""Activations whose `inplace` may be given by position, and where."""


TABLE = Table(OPERATIONS, GATES, INQUIRIES)
