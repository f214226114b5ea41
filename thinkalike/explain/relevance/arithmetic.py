"""Rules of sums, products and quotients of tensors."""

from dataclasses import replace
from typing import Any

import torch

from thinkalike.explain.relevance.tape import Call, Kind, Tape

TWO = "two values multiply and nobody says which is the gate"


def add(tape: Tape, call: Call) -> Any:
    """a + α b; what is constant gets an account."""
    return _sum(tape, call, 1, call.get(2, "alpha", 1))


def subtract(tape: Tape, call: Call) -> Any:
    """a − α b."""
    return _sum(tape, call, 1, -call.get(2, "alpha", 1))


def subtract_from(tape: Tape, call: Call) -> Any:
    """b − α a."""
    return _sum(tape, call, -call.get(2, "alpha", 1), 1)


def _sum(tape: Tape, call: Call, first: Any, second: Any) -> Any:
    a, b = call.get(0, "input"), call.get(1, "other")
    if why := tape.gate_among(a, b):
        return tape.unresolved(call, why)
    # before the call, which may change a in place
    constants = [
        (value, value * factor)
        for value, factor in ((a, first), (b, second))
        if tape.kind(value) is Kind.CONSTANT
    ]
    result = call()
    for value, amount in constants:
        tape.ledger.watch(tape.account(value), result, amount)
    return result


def add_product(tape: Tape, call: Call) -> Any:
    """a + v · b · c."""
    a, b, c = call.args[:3]
    if why := tape.gate_among(a):
        return tape.unresolved(call, why)
    signals = [value for value in (b, c) if tape.kind(value) is Kind.SIGNAL]
    if len(signals) == 2:
        return tape.unresolved(call, TWO)
    if not signals:
        why = tape.gate_among(b, c)
        if why or tape.kind(a) is Kind.CONSTANT:
            return tape.unresolved(call, why)
        result, amount = call(), call.kwargs.get("value", 1) * b * c
        tape.ledger.watch(tape.module, result, amount)
        return result
    result = tape.with_gates_fixed(call)()
    if tape.kind(a) is Kind.CONSTANT:
        tape.ledger.watch(tape.account(a), result, a)
    return result


def join(tape: Tape, call: Call) -> Any:
    """Tensors beside one another; those that are constant get accounts."""
    parts = list(call.get(0, "tensors"))
    if why := tape.gate_among(*parts):
        return tape.unresolved(call, why)
    result = call()
    rest = {key: value for key, value in call.kwargs.items() if key != "tensors"}
    for number, part in enumerate(parts):
        if tape.kind(part) is Kind.CONSTANT and part.numel():
            others = [torch.zeros_like(other) for other in parts]
            others[number] = part
            constant = replace(call, args=(others, *call.args[1:]), kwargs=rest)()
            tape.ledger.watch(tape.account(part), result, constant)
    return result


def where(tape: Tape, call: Call) -> Any:
    """One or the other; the condition may depend on the images."""
    condition, a, b = call.args
    if tape.kind(condition) is Kind.SIGNAL:
        tape.refuse(call, "the condition carries relevance")
    if why := tape.gate_among(a, b):
        return tape.unresolved(call, why)
    result = call()
    if tape.kind(a) is Kind.CONSTANT:
        tape.ledger.watch(tape.account(a), result, torch.where(condition, a, 0))
    if tape.kind(b) is Kind.CONSTANT:
        tape.ledger.watch(tape.account(b), result, torch.where(condition, 0, b))
    return result


def product(tape: Tape, call: Call) -> Any:
    """Linear in one signal; of two, nobody can tell which is the gate."""
    signals = [value for value in call.tensors if tape.kind(value) is Kind.SIGNAL]
    changed = _changed(call)
    if changed is not None and tape.kind(changed) is not Kind.SIGNAL:
        tape.refuse(call, "it changes a value in place")
    if len(signals) > 1:
        return tape.unresolved(call, TWO)
    return tape.with_gates_fixed(call)()


def quotient(tape: Tape, call: Call) -> Any:
    """Linear in the numerator; a denominator that is a signal is no gate."""
    if tape.kind(call.get(1, "other")) is Kind.SIGNAL:
        return tape.unresolved(call, "it divides by what carries relevance")
    if call.kwargs.get("rounding_mode") is not None:
        tape.refuse(call, "it rounds")
    return product(tape, call)


def unresolved(tape: Tape, call: Call) -> Any:
    """A function that may be part of a gate, and is refused as a value."""
    return tape.unresolved(call, "it is not linear, and no gate")


def _changed(call: Call) -> torch.Tensor | None:
    """The tensor that a function named `…_` or `__i…__` changes."""
    name = getattr(call.function, "__name__", "")
    operator = name in ("__imul__", "__itruediv__", "__imatmul__")
    return call.args[0] if operator or (name.endswith("_") and not name.endswith("__")) else None
