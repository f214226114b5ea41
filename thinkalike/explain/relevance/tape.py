"""A network's computation, operation by operation, with the kind of each tensor.

While a `Tape` is open, every function of torch that the network calls comes by here. Its rule is looked
up in `relevance.table`, by the function itself and not by its name. Tensors are of four kinds:

* a *constant* does not depend on the images: a parameter, a mask, an index of positions;
* a *signal* carries relevance: the images, and what is linear in them once gates are held fixed;
* a *gate* depends on the images and carries none: it may only be a factor of a signal, or make another
  gate;
* an *unresolved* tensor is one of which nobody has said how relevance goes through it: what a function
  without a rule gives, or a sum with a gate. It may become a gate, as in a softmax. What is made of it
  in another way is unresolved too, and refused as a score.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

import torch
from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from thinkalike.errors import InputError
from thinkalike.explain.relevance.calls import Call
from thinkalike.explain.relevance.ledger import Ledger

Kind = Enum("Kind", ["CONSTANT", "SIGNAL", "GATE", "UNRESOLVED"])


@dataclass(frozen=True)
class Origin:
    """The kind of a tensor, the operation and module that made it.

    Attributes:
        why: reason, if it is unresolved.
        gating: how much a signal looks like a gate: 2 straight out of a sigmoid, at most moved or averaged,
            1 straight out of another activation, else 0.
    """

    kind: Kind
    function: str
    module: str
    why: str = ""
    gating: int = 0


@dataclass(frozen=True)
class Composite:
    """The rules of layers with weights, by their γ: 0 is the rule epsilon, ∞ is z⁺.

    Attributes:
        convolutions, linears: γ of these layers.
    """

    convolutions: float = 0.0
    linears: float = 0.0

    def gamma(self, convolutional: bool) -> float:
        """γ of convolutions, else of linear layers."""
        return self.convolutions if convolutional else self.linears


Rule = Callable[["Tape", Call], Any]


@dataclass(frozen=True)
class Table:
    """Functions of torch that networks may call.

    Attributes:
        rules: function → its rule.
        gates: functions that make a gate even of what is unresolved.
        inquiries: functions whose result says nothing of the values of a tensor.
        activations: functions of each number by itself, of relevance that all passes on.
        moves: functions whose result comes straight out of an activation if what they take does.
    """

    rules: Mapping[Callable[..., Any], Rule]
    gates: Set[Callable[..., Any]]
    inquiries: Set[Callable[..., Any]]
    activations: Set[Callable[..., Any]]
    moves: Set[Callable[..., Any]]


class Tape(TorchFunctionMode):
    """Rules applied while open, in the forward pass of a network that is in `explaining`.

    Args:
        name: of the model, for error messages.
        network: whose modules are called.
        images: the input of the pass, which requires a gradient.
        ledger: for the constants.
        composite: of the layers with weights.
        table: of the functions.
        sigmoids: what they give, gates or signals.

    Attributes:
        with_sigmoids: whether one came.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        images: torch.Tensor,
        ledger: Ledger,
        composite: Composite,
        table: Table,
        sigmoids: Kind = Kind.GATE,
    ) -> None:
        super().__init__()
        self._table = table
        self.name, self.ledger, self.composite = name, ledger, composite
        self.sigmoids, self.with_sigmoids = sigmoids, False
        self._origins = WeakTensorKeyDictionary()
        self._origins[images] = Origin(Kind.SIGNAL, "the images", "")
        self.made: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        """Result of a convolution → its version, contributions, their ends and bias, for a batch norm."""
        self._names = {module: name for name, module in network.named_modules()}
        self._parameters = {
            tensor.untyped_storage().data_ptr(): name
            for name, tensor in (*network.named_buffers(), *network.named_parameters())
        }
        self._open: list[nn.Module] = []
        self._part_of = ""

    def __enter__(self) -> "Tape":
        self._handles = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        ]
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for handle in self._handles:
            handle.remove()

    @contextmanager
    def again(self, call: Call) -> Iterator[None]:
        """While open, what the rule of a call calls gets the rules too, under the name of that call."""
        before, self._part_of = self._part_of, call.name
        super().__enter__()
        try:
            yield
        finally:
            super().__exit__(None, None, None)
            self._part_of = before

    def _enter(self, module: nn.Module, _inputs: object) -> None:
        self._open.append(module)

    def _leave(self, _module: nn.Module, _inputs: object, _output: object) -> None:
        self._open.pop()

    @property
    def module(self) -> str:
        """Name of the module that computes now."""
        named = [self._names[module] for module in self._open if module in self._names]
        return named[-1] if named and named[-1] else "the network itself"

    def account(self, constant: Any) -> str:
        """Name of the account of a constant: that of the parameter, or of the module that adds it."""
        if not isinstance(constant, torch.Tensor):
            return self.module
        # also of a view of it
        return self._parameters.get(constant.untyped_storage().data_ptr(), self.module)

    def kind(self, value: Any) -> Kind:
        """Kind of a tensor; numbers are constants."""
        if not isinstance(value, torch.Tensor):
            return Kind.CONSTANT
        origin = self._origins.get(value)
        if origin is not None:
            return origin.kind
        if value.requires_grad:
            self._refuse(
                "a function that torch does not show (a custom autograd function, a script)"
            )
        return Kind.CONSTANT

    def gating(self, value: torch.Tensor) -> int:
        """How much a tensor looks like a gate, as `Origin` has it."""
        origin = self._origins.get(value)
        return 0 if origin is None else origin.gating

    def gate_among(self, *values: Any) -> str:
        """Reason why a sum with these values is unresolved, if one is a gate; else empty."""
        for value in values:
            if self.kind(value) is Kind.GATE:
                origin = self._origins[value]
                place = f"{origin.function} in {origin.module}"
                return f"it takes what {place} gives, a gate, for a value"
        return ""

    def with_gates_fixed(self, call: Call) -> Call:
        """The call with gates that no gradient reaches, which those made in place would let pass."""

        def fixed(value: torch.Tensor) -> torch.Tensor:
            is_gate = value.requires_grad and self.kind(value) is Kind.GATE
            return value.detach() if is_gate else value

        return call.mapped(fixed)

    def refuse(self, call: Call, why: str = "") -> NoReturn:
        """Refuse a call, naming it.

        Raises:
            InputError: always.
        """
        self._refuse(call.name, why)

    def _refuse(self, what: str, why: str = "", module: str | None = None) -> NoReturn:
        raise InputError(
            f"{self.name}: layer-wise relevance propagation knows no way through {what} in "
            f"{module or self.module}{why and ': '}{why}; leave the model out for this method, or add the "
            "operation to thinkalike/explain/relevance/table.py"
        )

    def check_output(self, scores: torch.Tensor) -> None:
        """Refuse scores that do not carry relevance.

        Raises:
            InputError: they do not.
        """
        kind = self.kind(scores)
        if kind is Kind.CONSTANT:
            self._refuse("scores that do not depend on the images")
        if kind is not Kind.SIGNAL:
            origin = self._origins[scores]
            why = "it is a gate and the score" if kind is Kind.GATE else origin.why
            self._refuse(origin.function, why, origin.module)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        call = Call(func, args, kwargs or {}, self._part_of).positional
        tensors = call.tensors
        if any(tensor.is_inference() for tensor in tensors):
            # a network may keep constants from an earlier pass, and autograd refuses those
            call = call.mapped(lambda t: t.clone() if t.is_inference() else t)
            tensors = call.tensors
        kinds = {self.kind(tensor) for tensor in tensors}
        if kinds <= {Kind.CONSTANT} or func in self._table.inquiries:
            return call()
        rule, kind = self._table.rules.get(func), Kind.GATE
        if Kind.SIGNAL in kinds and (func in LEAVING or call.kwargs.get("out") is not None):
            self.refuse(call)
        if Kind.SIGNAL in kinds and rule is None:
            return self._unknown(call)
        if Kind.SIGNAL not in kinds or (Kind.UNRESOLVED in kinds and func not in self._table.gates):
            result = self._beside(call)
        else:
            assert rule is not None
            result = rule(self, call)
        self.mark(result, call, kind)
        return result

    def _unknown(self, call: Call) -> Any:
        """Result of a function without a rule: unresolved, for a gate may be made of it."""
        versions = [(value, value._version) for value in call.tensors]
        result = self.unresolved(call)
        if any(value._version != version for value, version in versions):
            self.refuse(call)
        return result

    def unresolved(self, call: Call, why: str = "") -> Any:
        """Result of a call, without a graph, marked as unresolved."""
        with torch.no_grad():
            result = call()
        for value in tree_leaves(result):
            if isinstance(value, torch.Tensor):
                self._origins[value] = Origin(Kind.UNRESOLVED, call.name, self.module, why)
        return result

    def into_place(self, call: Call, result: torch.Tensor) -> torch.Tensor:
        """The result of a call, written into the tensor that the call changes, if it changes one."""
        if call.changed is None:
            return result
        # what it was before says nothing of what it is now
        self._origins.pop(call.changed, None)
        if (origin := self._origins.get(result)) is not None:
            self._origins[call.changed] = origin
        return call.changed.copy_(result)

    def gate(self, value: torch.Tensor, call: Call) -> torch.Tensor:
        """The tensor, marked as a gate whatever it was."""
        self._origins[value] = Origin(Kind.GATE, call.name, self.module)
        return value

    def constant(self, value: torch.Tensor, call: Call) -> torch.Tensor:
        """The tensor, marked as a constant although it was made from others."""
        self._origins[value] = Origin(Kind.CONSTANT, call.name, self.module)
        return value

    def _beside(self, call: Call) -> Any:
        """Result of a function that no relevance goes through: of gates, constants, unresolved tensors."""
        if call.function in LEAVING:
            self.refuse(call, "what is decided by it cannot be seen")
        given = {id(value): self.kind(value) for value in call.tensors}
        # the result is as unresolved as what it takes
        origin = max(
            (self._origins[t] for t in call.tensors if self.kind(t) is not Kind.CONSTANT),
            key=lambda origin: origin.kind is Kind.UNRESOLVED,
        )
        if origin.kind is not Kind.GATE and call.function in self._table.gates:
            origin = Origin(Kind.GATE, call.name, self.module)
        with torch.no_grad():
            result = call()
        for value in tree_leaves(result):
            if isinstance(value, torch.Tensor):
                if given.get(id(value)) is Kind.CONSTANT and value._is_view():
                    self.refuse(call, "it changes a part of a constant")
                self._origins[value] = origin
        return result

    def mark(self, result: Any, call: Call, kind: Kind) -> None:
        """Mark the results of a function: those with a graph as signals, all else as of this kind."""
        function = call.function
        if function in self._table.moves:
            gating = max(map(self.gating, call.tensors))
        elif function in self._table.activations:
            gating = 1
        else:
            gating = 2 if function in self._table.gates else 0
        origin = Origin(kind, call.name, self.module)
        signal = Origin(Kind.SIGNAL, call.name, self.module, gating=gating)
        for value in tree_leaves(result):
            if not isinstance(value, torch.Tensor):
                continue
            known = self._origins.get(value)
            marked = known is not None and known.kind in (Kind.GATE, Kind.UNRESOLVED)
            if value.requires_grad and not marked:
                self._origins[value] = signal
            elif known is None or known.kind is Kind.SIGNAL:
                self._origins[value] = origin


LEAVING = frozenset(
    getattr(torch.Tensor, name)
    for name in ("item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__")
)
"""Functions that give a value of a tensor as a number of Python."""
