"""Rules of products and quotients, and which of two values that multiply is held fixed.

A product u · v is linear in one factor if the other one is held fixed. Its relevance R goes to the factor
that is not: u · ∂/∂u = R with v held. Arras et al., Explaining recurrent neural network predictions in
sentiment analysis, WASSA 2017, hold the gate, which a sigmoid made. Where neither factor is a gate by
what made it, `held` decides from the two values alone:

1. the one that is stretched over the other, one number for many, is the gate (a map of attention with one
   channel, a descriptor of channels with one position);
2. else the one that comes straight out of an activation is (SwiGLU, StarNet, kernels of queries and keys);
3. else none is: each value gets R/2, as in a product of a value with itself (Achtibat et al., AttnLRP,
   ICML 2024, the rule of uniform shares). u · v = ½ u [v] + ½ [u] v, with [·] held fixed.

In each of the three the relevance of both factors sums to R, so that the ledger stays exact.
"""

from dataclasses import replace
from typing import Any

import torch

from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.tape import Kind, Tape


def product(tape: Tape, call: Call) -> Any:
    """u · v, number by number."""
    return _product(tape, call, True)


def contraction(tape: Tape, call: Call) -> Any:
    """Sums of products, as of two matrices."""
    return _product(tape, call, False)


def _product(tape: Tape, call: Call, single: bool) -> Any:
    given = call
    if call.changed is not None:
        with tape.again(call):
            given = replace(call.on_copy, function=_plain(call))
    signals = [value for value in given.tensors if tape.kind(value) is Kind.SIGNAL]
    if len(signals) > 2:
        return tape.unresolved(call, "more than two values multiply")
    given = tape.with_gates_fixed(given)
    if len(signals) < 2:
        return tape.into_place(call, given())
    gate = held(tape, signals[0], signals[1], single)
    result = given() if gate is None else given.holding(gate)()
    if gate is None:
        result.register_hook(lambda gradient: gradient / 2)
    return tape.into_place(call, result)


def held(tape: Tape, a: torch.Tensor, b: torch.Tensor, single: bool) -> torch.Tensor | None:
    """The one of two values that is the gate of the other, if one is.

    Args:
        tape: that knows where they come from.
        a, b: signals.
        single: whether they multiply number by number.
    """
    gating = tape.gating(a), tape.gating(b)
    more = None if gating[0] == gating[1] else a if gating[0] > gating[1] else b
    if a is b or max(gating) == 2:
        return more
    if single:
        size = torch.broadcast_shapes(a.shape, b.shape).numel()
        stretched = [value for value in (a, b) if value.numel() < size]
        if len(stretched) == 1:
            return stretched[0]
    return more


def quotient(tape: Tape, call: Call) -> Any:
    """Linear in the numerator; the denominator is held fixed, as the deviation in a norm is."""
    denominator = call.get(1, "other")
    if call.kwargs.get("rounding_mode") is not None:
        tape.refuse(call, "it rounds")
    if tape.kind(denominator) is Kind.SIGNAL:
        call = call.holding(denominator)
    return _product(tape, call, True)


def sample(tape: Tape, call: Call) -> Any:
    """Linear in the first argument; where it is looked up, the second one, is held fixed."""
    x, places = call.get(0, "input"), call.get(1, "grid")
    if tape.kind(x) is not Kind.SIGNAL:
        return tape.unresolved(call, "its places carry relevance, and its values do not")
    return tape.with_gates_fixed(call.holding(places))()


def _plain(call: Call) -> Any:
    """The function that multiplies as the call does, but not in place."""
    names = {"matmul": torch.matmul, "div": torch.div, "mul": torch.mul}
    return next(plain for name, plain in names.items() if name in call.function.__name__)
