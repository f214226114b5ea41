"""Rules of operations that move numbers, pick some of them, or fill in constants."""

from typing import Any

import torch

from thinkalike.explain.relevance.activations import gate
from thinkalike.explain.relevance.arithmetic import extreme
from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.tape import Kind, Tape


def as_it_is(tape: Tape, call: Call) -> Any:
    """Linear in its first argument, or a choice among its numbers; other tensors may be indices."""
    x = call.get(0, "input")
    for value in call.tensors:
        if value is not x and value.is_floating_point():
            tape.refuse(call, "two tensors of values are given")
    return call()


def as_another(tape: Tape, call: Call) -> Any:
    """Linear in its first argument; of the second one only the form matters."""
    match tape.kind(call.get(0, "input")):
        case Kind.SIGNAL:
            return call()
        case Kind.CONSTANT:
            return constant(tape, call)
    return gate(tape, call)


def constant(tape: Tape, call: Call) -> Any:
    """A constant in the form of a signal, of none of its values."""
    with torch.no_grad():
        return tape.constant(call(), call)


def largest(tape: Tape, call: Call) -> Any:
    """The winner along a dimension takes all."""
    if isinstance(call.get(1, "dim"), torch.Tensor) or "other" in call.kwargs:
        return extreme(tape, call)
    return call()


def iterate(tape: Tape, call: Call) -> Any:
    """The parts along the first dimension."""
    parts = call.args[0].unbind(0)
    tape.mark(parts, call, Kind.GATE)
    return iter(parts)


def pad(tape: Tape, call: Call) -> Any:
    """Padding with zeros or values from within; another constant gets an account."""
    result = as_it_is(tape, call)
    if call.get(3, "value"):
        tape.ledger.watch(
            tape.module, result, call.with_input(torch.zeros_like(call.get(0, "input")))
        )
    return result


def dropout(tape: Tape, call: Call) -> Any:
    """The input, in eval mode."""
    if call.get(2, "training", True):
        tape.refuse(call, "it drops values at random")
    return as_it_is(tape, call)


def detach(tape: Tape, call: Call) -> Any:
    """A gate: a network that detaches a tensor wants no gradient through it."""
    return tape.gate(call().detach(), call)
