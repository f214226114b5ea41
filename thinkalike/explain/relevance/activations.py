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
    if any(isinstance(bound, torch.Tensor) for bound in (low, high)):
        tape.refuse(call, "a bound is a tensor")
    if (low is not None and low > 0) or (high is not None and high < 0):
        tape.refuse(call, "it moves zero")
    return activation(tape, call)


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
