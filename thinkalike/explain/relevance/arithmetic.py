"""Rules of sums, and of choices between tensors."""

from dataclasses import replace
from typing import Any

import torch

from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.tape import Kind, Tape


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
    if len(call.args) > 2:
        tape.refuse(call, "its arguments have an order that torch has given up")
    if why := tape.gate_among(a, b):
        return tape.unresolved(call, why)
    # before the call, which may change a in place
    dtype = torch.result_type(a, b)
    constants = [
        (value, (value.to(dtype) if isinstance(value, torch.Tensor) else value) * factor)
        for value, factor in ((a, first), (b, second))
        if tape.kind(value) is Kind.CONSTANT
    ]
    result = call()
    for value, amount in constants:
        tape.ledger.watch(tape.account(value), result, amount)
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


def where(tape: Tape, call: Call) -> Any:
    """One or the other; the condition may depend on the images."""
    # x.where(condition, other) has its value first
    first, second = (1, 0) if call.function is torch.Tensor.where else (0, 1)
    condition, a = call.get(first, "condition"), call.get(second, "input")
    b = call.get(2, "other")
    if tape.kind(condition) is Kind.SIGNAL:
        tape.refuse(call, "the condition carries relevance")
    if why := tape.gate_among(a, b):
        return tape.unresolved(call, why)
    result = call()
    for value, chosen in ((a, condition), (b, ~condition)):
        if tape.kind(value) is Kind.CONSTANT:
            # a number would be one of float32
            amount = torch.as_tensor(value, dtype=result.dtype, device=result.device)
            tape.ledger.watch(tape.account(value), result, torch.where(chosen, amount, 0))
    return result
