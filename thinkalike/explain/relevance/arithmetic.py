"""Rules of sums, and of choices between tensors."""

from dataclasses import replace
from typing import Any

import torch

from thinkalike.explain.relevance.tape import Call, Kind, Tape


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
        with tape.again():
            return a + call.kwargs.get("value", 1) * (b * c)
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


def extreme(tape: Tape, call: Call) -> Any:
    """The larger or the smaller of two numbers: the winner takes all, two equal ones a half each."""
    a, b = call.get(0, "input"), call.get(1, "other")
    if why := tape.gate_among(a, b):
        return tape.unresolved(call, why)
    result = call()
    for value, other in ((a, b), (b, a)):
        if tape.kind(value) is Kind.CONSTANT:
            amount = torch.where(value == other, value / 2, value)
            tape.ledger.watch(tape.account(value), result, torch.where(result == value, amount, 0))
    return result


def assign(tape: Tape, call: Call) -> None:
    """x[places] = value: what was there is gone; of the two, what is constant gets an account."""
    x, places, value = call.args
    if tape.kind(places) is Kind.SIGNAL or tape.gate_among(x, value):
        tape.refuse(call, "it puts a gate among values, or values in places that carry relevance")
    amount = None
    if tape.kind(x) is Kind.CONSTANT:
        amount = x.clone()
        amount[places] = 0
    elif tape.kind(value) is Kind.CONSTANT:
        amount = torch.zeros_like(x, requires_grad=False)
        amount[places] = value
    call()
    if amount is not None:
        tape.ledger.watch(tape.account(value), x, amount)
    tape.mark(x, call, Kind.SIGNAL)


def fill(tape: Tape, call: Call) -> Any:
    """A number in the places of a mask, as `where` has it."""
    x, mask, value = (call.get(i, name) for i, name in enumerate(("input", "mask", "value")))
    if call.changed is not None:
        tape.refuse(call, "it changes a value in place")
    with tape.again():
        return torch.where(mask, value, x)


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
