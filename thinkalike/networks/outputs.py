"""What a network gives, as logits (N, classes).

Networks give tensors, tuples, dictionaries or objects with the logits in them, one logit for two classes,
or logits on a grid of one cell. A `Classifier` takes the logits from there.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from thinkalike.errors import InputError, did_you_mean, joined

KINDS = ("softmax", "binary", "multilabel")
"""What logits mean: of classes of which one is right; one logit of the second of two classes; of classes of
which several can be right. A single logit is taken for `binary` also where it is not said."""


class Classifier(nn.Module):
    """A network that gives logits (N, classes), made of one that gives something else.

    Parameters, modules and their names, and whatever else is asked of it are those of the network inside,
    so that weights files, names of layers and hooks are the same.

    Attributes:
        inner: the network, in which the modules are.
        key: name or position of the logits in what it gives; None where it gives them alone.
        contiguous: whether it takes images only with their channels first in memory.
    """

    def __init__(self, inner: nn.Module, key: str | int | None, contiguous: bool) -> None:
        super().__init__()
        # not a module of this one, but the owner of the same modules
        self.__dict__["inner"] = inner
        self.__dict__["_modules"] = inner._modules
        self.__dict__["_parameters"] = inner._parameters
        self.__dict__["_buffers"] = inner._buffers
        self.key = key
        self.contiguous = contiguous
        self.training = inner.training

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits (N, classes) of inputs (N, 3, size, size)."""
        given = self.inner(inputs.contiguous() if self.contiguous else inputs)
        return class_logits(taken(given, self.key), len(inputs))

    def train(self, mode: bool = True) -> "Classifier":
        """Set the mode of the network inside, too."""
        self.inner.train(mode)
        self.training = mode
        return self

    def state_dict(self, *arguments: Any, **options: Any) -> Any:
        """State of the network inside."""
        return self.inner.state_dict(*arguments, **options)

    def load_state_dict(self, *arguments: Any, **options: Any) -> Any:
        """Load a state into the network inside."""
        return self.inner.load_state_dict(*arguments, **options)

    def _apply(self, *arguments: Any, **options: Any) -> "Classifier":
        self.inner._apply(*arguments, **options)
        return self

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            # `inner` is missing while a copy is made; what copying and pickling look for is not the inner's
            if name == "inner" or name.startswith("__"):
                raise
            return getattr(self.inner, name)


def inner_of(network: nn.Module) -> nn.Module:
    """The network inside of a `Classifier`, or the network itself."""
    return network.inner if isinstance(network, Classifier) else network


def in_fast_format(network: nn.Module) -> nn.Module:
    """A network with the memory format that its convolutions are fastest with, where it takes that."""
    if isinstance(network, Classifier) and network.contiguous:
        return network
    return network.to(memory_format=torch.channels_last)


def taken(given: Any, key: str | int | None) -> torch.Tensor:
    """The logits in what a network gives."""
    if key is None:
        return given  # type: ignore[no-any-return]
    if isinstance(given, Mapping) or isinstance(key, int):
        return given[key]  # type: ignore[no-any-return]
    return getattr(given, key)  # type: ignore[no-any-return]


def class_logits(logits: torch.Tensor, count: int) -> torch.Tensor:
    """Logits (N, classes) from (N, classes), (N, classes, 1, 1), (N, 1) or (N,).

    A single logit z becomes (−z/2, z/2): its softmax is (1 − σ(z), σ(z)), and both classes have a logit to
    explain.

    Args:
        logits: of N images.
        count: N.
    """
    rows = logits.reshape(count, -1)
    return torch.cat((-rows, rows), 1) / 2 if rows.shape[1] == 1 else rows


def probabilities(logits: torch.Tensor, outputs: Mapping[str, Any]) -> torch.Tensor:
    """Probabilities (N, classes) from logits: their softmax, or the sigmoid of each (`multilabel`)."""
    return logits.sigmoid() if outputs.get("kind") == "multilabel" else logits.softmax(1)


def check_outputs(outputs: Mapping[str, Any], name: str) -> None:
    """Refuse settings of outputs that there are not.

    Raises:
        InputError: an unknown key or kind.
    """
    for key in outputs:
        if key not in ("logits", "kind"):
            raise InputError(
                joined(
                    f"{name}: outputs has no {key!r}{did_you_mean(key, ['logits', 'kind'])}",
                    "it has `logits` and `kind`",
                )
            )
    if outputs.get("kind", "softmax") not in KINDS:
        raise InputError(
            f"{name}: outputs.kind {outputs['kind']!r} is none of {', '.join(KINDS)}; choose one of them"
        )


def key_of(given: Any, outputs: Mapping[str, Any], name: str) -> str | int | None:
    """Name or position of the logits in what a network gives; None where they are all that it gives.

    Raises:
        InputError: it is not said which of several things they are, or there is no such thing.
    """
    parts = _parts(given)
    if (key := outputs.get("logits")) is not None:
        if key not in parts:
            raise InputError(
                f"{name}: outputs.logits is {key!r}, and the network gives {_listed(given, parts)}; choose "
                f"one of these{did_you_mean(key, parts)}"
            )
        return key  # type: ignore[no-any-return]
    if isinstance(given, torch.Tensor):
        return None
    if "logits" in parts:
        return "logits"
    if len(parts) == 1:
        return next(iter(parts))
    raise InputError(
        f"{name} gives {_listed(given, parts)}; say which of them are the logits by outputs: "
        "{logits: …}"
    )


def _parts(given: Any) -> dict[Any, Any]:
    """Name or position → each thing that a network gives; empty for one tensor."""
    if isinstance(given, torch.Tensor):
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    if dataclasses.is_dataclass(given):
        return {f.name: getattr(given, f.name) for f in dataclasses.fields(given)}
    if isinstance(given, Sequence) and not isinstance(given, str):
        names = getattr(given, "_fields", ())
        return {**dict(enumerate(given)), **{n: getattr(given, n) for n in names}}
    return {key: value for key, value in getattr(given, "__dict__", {}).items() if key[0] != "_"}


def _listed(given: Any, parts: Mapping[Any, Any]) -> str:
    """What a network gives in words."""
    if isinstance(given, torch.Tensor):
        return f"one tensor {tuple(given.shape)}"
    what = (
        f"{key} {tuple(value.shape)}" if isinstance(value, torch.Tensor) else str(key)
        for key, value in parts.items()
    )
    return f"a {type(given).__name__} of {', '.join(what) or 'nothing'}"
