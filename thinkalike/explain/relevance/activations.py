"""Rules of functions of each number by itself, and of gates, which are held fixed."""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._pytree import tree_map

from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.rules import by_ratio
from thinkalike.explain.relevance.tape import Kind, Tape

F = torch.nn.functional

INPLACE_AT: dict[Callable[..., Any], int] = {
    **dict.fromkeys((F.silu, F.hardswish, F.mish, F.relu6, F.selu, F.hardsigmoid), 1),
    **dict.fromkeys((F.elu, F.celu), 2),
    F.hardtanh: 3,
}
"""Activations whose argument `inplace` may be given by position → that position."""

ROOT = 0.5
"""Exponent of a root, which norms are made of."""


def activation(tape: Tape, call: Call) -> Any:
    """φ(x) = x · φ(x)/x, in place or not."""
    return _by_ratio(tape, call, 0.0)


def _by_ratio(tape: Tape, call: Call, at_zero: float) -> Any:
    x = call.get(0, "input")
    check_parameters(tape, call, x)
    function, changes = _out_of_place(call)
    rest = {key: value for key, value in call.kwargs.items() if key != "inplace"}
    y = by_ratio(x, lambda t: function(t, *call.args[1:], **rest), at_zero)
    if at_zero:
        tape.ledger.watch(tape.module, y, at_zero)
    return x.copy_(y) if changes else y


def sigmoid(tape: Tape, call: Call) -> Any:
    """A gate; in a network that takes sigmoids for values, ½ + x · (σ(x) − ½)/x, and ½ has an account.

    So is ½ + ½ tanh(x/2), with tanh as an activation.
    """
    tape.with_sigmoids = True
    return _by_ratio(tape, call, 0.5) if tape.sigmoids is Kind.SIGNAL else gate(tape, call)


def clamp(tape: Tape, call: Call) -> Any:
    """An activation, if 0 stays where it is; else the larger and the smaller of two values.

    Then a bound that wins takes all, and has an account if it is constant.
    """
    name = call.function.__name__
    low = None if "max" in name else call.get(1, "min")
    high = call.get(1 if "max" in name else 2, "max")
    if not any(_moves_zero(tape, bound, sign) for bound, sign in ((low, 1), (high, -1))):
        return activation(tape, call)
    with tape.again(call):
        result = call.get(0, "input").clone()
        for bound, extreme in ((low, torch.maximum), (high, torch.minimum)):
            if bound is not None:
                number = not isinstance(bound, torch.Tensor)
                result = extreme(result, result.new_tensor(bound) if number else bound)
    return tape.into_place(call, result)


def _moves_zero(tape: Tape, bound: Any, sign: int) -> bool:
    """Whether a bound from below, 1, or from above, −1, moves 0 or may do so for other images."""
    if bound is None or tape.kind(bound) is not Kind.CONSTANT:
        return bound is not None
    return bool((torch.as_tensor(bound) * sign > 0).any())


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
