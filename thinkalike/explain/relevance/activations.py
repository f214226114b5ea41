"""Rules of functions of each number by itself, and of gates, which are held fixed."""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._pytree import tree_map

from thinkalike.explain.relevance.rules import by_ratio
from thinkalike.explain.relevance.tape import Call, Kind, Tape

F = torch.nn.functional

INPLACE_AT: dict[Callable[..., Any], int] = {
    **dict.fromkeys((F.silu, F.hardswish, F.mish, F.relu6, F.selu), 1),
    **dict.fromkeys((F.elu, F.celu), 2),
    F.hardtanh: 3,
}
"""Activations whose argument `inplace` may be given by position → that position."""

ROOT = 0.5
"""Exponent of a root, which norms are made of."""


def activation(tape: Tape, call: Call) -> Any:
    """φ(x) = x · φ(x)/x, in place or not."""
    x = call.get(0, "input")
    check_parameters(tape, call, x)
    function, changes = _out_of_place(call)
    rest = {key: value for key, value in call.kwargs.items() if key not in ("inplace", "input")}
    y = by_ratio(x, lambda t: function(t, *call.args[1:], **rest))
    return x.copy_(y) if changes else y


def clamp(tape: Tape, call: Call) -> Any:
    """An activation, if 0 stays where it is."""
    low, high = call.get(1, "min"), call.get(2, "max")
    # bounds may be tensors
    for bound, sign in ((low, 1), (high, -1)):
        moved = False if bound is None else bound * sign > 0
        if moved.any() if isinstance(moved, torch.Tensor) else moved:
            tape.refuse(call, "it moves zero")
    return activation(tape, call)


def power(tape: Tape, call: Call) -> Any:
    """x^p = x · x^(p−1) for p > 0, an activation; roots and inverses are gates."""
    x, exponent = call.get(0, "input"), call.get(1, "exponent")
    if tape.kind(x) is not Kind.SIGNAL:
        # a constant to the power of a signal
        return gate(tape, call)
    if exponent is None:  # a square
        exponent = 2
    least = float(exponent.min()) if isinstance(exponent, torch.Tensor) else exponent
    return gate(tape, call) if least <= 0 or least == ROOT else activation(tape, call)


def rectified(tape: Tape, call: Call) -> Any:
    """ReLU and its like, linear on either side of 0: as it is."""
    check_parameters(tape, call, call.get(0, "input"))
    return call()


def gate(tape: Tape, call: Call) -> Any:
    """A gate, held fixed, in place or not."""
    with torch.no_grad():
        result = call()
    return tree_map(
        lambda value: tape.gate(value, call) if isinstance(value, torch.Tensor) else value, result
    )


def check_parameters(tape: Tape, call: Call, x: torch.Tensor) -> None:
    """Refuse a call whose tensors besides its input depend on the images."""
    if any(tape.kind(value) is not Kind.CONSTANT for value in call.tensors if value is not x):
        tape.refuse(call, "its parameters depend on the images")


def _out_of_place(call: Call) -> tuple[Callable[..., Any], bool]:
    """The function that does not change its input, and whether the call does."""
    if call.changed is not None:
        name = call.function.__name__
        plain: Callable[..., Any] = getattr(torch.Tensor, name[:-1], None) or getattr(F, name[:-1])
        return plain, True
    if "inplace" in call.kwargs:
        return call.function, bool(call.kwargs["inplace"])
    flag = INPLACE_AT.get(call.function)
    if flag is not None and len(call.args) > flag and call.args[flag]:
        # by position: all before it are the function's own arguments
        return lambda x, *rest, **more: call.function(x, *rest[: flag - 1], **more), True
    return call.function, False
