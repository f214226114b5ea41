"""One call of a function of torch: its arguments, however they are given, and what it changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.overrides import resolve_name
from torch.utils._pytree import tree_leaves, tree_map_only

FIRST = ("input", "self", "x", "a", "x1", "tensor")
"""Names that torch has for the first argument."""
NAMES: Mapping[str, tuple[str, ...]] = {
    "input": FIRST,
    "other": ("x2",),
    "dim": ("axis",),
    "keepdim": ("keepdims",),
    "training": ("train",),
}
"""Name of an argument → more names that torch takes for it, or has in some functions."""


@dataclass(frozen=True)
class Call:
    """One call of a function of torch.

    Attributes:
        function: what is called.
        args, kwargs: its arguments.
        part_of: name of the function that is written out in calls like this one, if one is.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    part_of: str = ""

    def __call__(self) -> Any:
        return self.function(*self.args, **self.kwargs)

    @property
    def name(self) -> str:
        return (
            self.part_of
            or resolve_name(self.function)
            or getattr(self.function, "__qualname__", repr(self.function))
        )

    @property
    def tensors(self) -> list[torch.Tensor]:
        leaves = tree_leaves((self.args, dict(self.kwargs)))
        return [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]

    @property
    def changed(self) -> torch.Tensor | None:
        """The tensor that a function named `…_` or `__i…__` changes in place."""
        name = getattr(self.function, "__name__", "")
        operator = name in ("__imul__", "__idiv__")
        in_place = operator or (name.endswith("_") and not name.endswith("__"))
        return self.get(0, "input") if in_place else None

    @property
    def on_copy(self) -> "Call":
        """The call on a copy of the tensor that it changes, whose old values the backward pass may need."""
        changed = self.changed
        if changed is None:
            return self
        old = changed.clone()
        return self.mapped(lambda tensor: old if tensor is changed else tensor)

    @property
    def positional(self) -> "Call":
        """The call with its first argument by position, if it was given by name."""
        name = next((name for name in FIRST if name in self.kwargs), None)
        if self.args or name is None or "condition" in self.kwargs:
            return self
        rest = {key: value for key, value in self.kwargs.items() if key != name}
        return replace(self, args=(self.kwargs[name],), kwargs=rest)

    def mapped(self, change: Callable[[torch.Tensor], torch.Tensor]) -> "Call":
        """The call with every tensor changed."""
        args, kwargs = tree_map_only(torch.Tensor, change, (self.args, dict(self.kwargs)))
        return replace(self, args=args, kwargs=kwargs)

    def get(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by its position or its name."""
        if position < len(self.args):
            return self.args[position]
        for known in (name, *NAMES.get(name, ())):
            if known in self.kwargs:
                return self.kwargs[known]
        return default

    def holding(self, value: torch.Tensor) -> "Call":
        """The call with one of its tensors held fixed."""
        return self.mapped(lambda tensor: tensor.detach() if tensor is value else tensor)

    def with_input(self, x: torch.Tensor) -> torch.Tensor:
        """Result of the call for another first argument."""
        return self.function(x, *self.args[1:], **self.kwargs)
