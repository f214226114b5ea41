"""Checkpoints of training runs: what is in their files, and how it fits a network.

Read are safetensors, and files of `torch.save` as far as they hold tensors, numbers and text: torch's own
unpickler for such (`weights_only=True`) runs no code of the file.
"""

import json
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from thinkalike.errors import InputError
from thinkalike.progress import log
from thinkalike.stores.checksums import ChecksumError, check
from thinkalike.stores.plain import refuse_special
from thinkalike.stores.weights import HEADER

NESTS = (
    "state_dict_ema",
    "model_ema",
    "ema_state_dict",
    "ema",
    "state_dict",
    "model_state_dict",
    "model",
    "network",
    "net",
    "weights",
    "module",
)
"""Keys under which training scripts keep the weights, in the order in which they are looked for: the
averaged weights first, as timm does it, for they are those that are meant to be used.
"""

AVERAGED = NESTS[:4]

PREFIXES = ("module.", "model.", "_orig_mod.", "backbone.", "network.", "net.")
"""What wrappers of torch, training loops and classes around a network put before the names of tensors."""

NAMES = (
    "classes",
    "class_names",
    "class_to_idx",
    "idx_to_class",
    "id2label",
    "label2id",
    "categories",
    "CLASSES",
)
"""Keys under which the names of classes are kept."""

ABOUT = ("hyper_parameters", "hparams", "meta", "config", "args", HEADER)
"""Keys of mappings in which names of classes and a normalisation are looked for, too."""

HALF = (torch.float16, torch.bfloat16)

SHOWN = 3
"""Names of tensors in a message, at most."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file of weights holds.

    Attributes:
        path: of the file.
        tensors: name → value, on the CPU; half precision has become float32.
        classes: names of the outputs in their order; empty where the file has none.
        mean, std: of a normalisation; empty where the file has none.
        averaged: whether these are averages over the training (EMA), which are preferred.
    """

    path: Path
    tensors: Mapping[str, torch.Tensor]
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    averaged: bool = False


@dataclass
class Fit:
    """Tensors of a checkpoint under the names that a network has for them.

    Attributes:
        prefix: that was taken off their names.
        tensors: name in the network → tensor.
        missing: names in the network of what the file lacks.
        unexpected: names in the file of what the network lacks.
        beside: names in the file of what is not of the network: without the prefix that its tensors have.
        shapes: what has another shape, in words.
    """

    prefix: str
    tensors: dict[str, torch.Tensor] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The weights in a file, and the names of classes and the normalisation where it has them.

    Args:
        path: of safetensors, or of what `torch.save` has written: a state, or a mapping with one in it
            under one of `NESTS`, as training scripts and Lightning write them.

    Raises:
        InputError: the file is missing or damaged, would run code, or holds no weights.
    """
    path = Path(path)
    refuse_special(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the file of weights in it")
    if not path.is_file():
        raise InputError(f"{path} does not exist; correct the path of the weights")
    content = _safetensors(path) if path.suffix == ".safetensors" else _torch_file(path)
    tensors, averaged = _weights(content)
    if not tensors:
        keys = ", ".join(map(str, list(content)[:SHOWN])) if isinstance(content, Mapping) else "no"
        raise InputError(
            f"{path} holds no weights under any of {', '.join(NESTS)} (its keys: {keys}); save the "
            "network's state_dict() alone"
        )
    halves = {tensor.dtype for tensor in tensors.values()}.intersection(HALF)
    if halves:
        kinds = " and ".join(sorted(str(kind).removeprefix("torch.") for kind in halves))
        log.info("%s: weights in %s become float32", path, kinds)
        tensors = {k: t.float() if t.dtype in HALF else t for k, t in tensors.items()}
    classes, mean, std = _about(content)
    return Checkpoint(path, tensors, classes, mean, std, averaged)


def _safetensors(path: Path) -> dict[str, Any]:
    """Tensors and texts of a safetensors file, the texts read as JSON where they are."""
    try:
        check(path)
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            texts = file.metadata() or {}
    except (SafetensorError, ChecksumError, OSError) as error:
        raise InputError(
            f"{path} is not a readable safetensors file ({str(error).splitlines()[0]}); copy it once more"
        ) from None
    values: dict[str, Any] = {}
    for key, text in texts.items():
        try:
            values[key] = json.loads(text)
        except ValueError:
            continue
    return {**values, "state_dict": tensors}


def _torch_file(path: Path) -> Any:
    """What `torch.load` reads of a file without running code."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of scripted networks, which are refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        text = str(error)
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        text = str(error)
        if "TorchScript" not in text:
            first = (text.strip().splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"{path} is no readable file of torch.save ({first}); copy it once more, or save the "
                "weights again"
            ) from None
    kind = "a scripted network" if "TorchScript" in text else "a pickle"
    needed = re.search(r"(?:GLOBAL|global|class) `?([\w.]+)`?", text)
    what = f" (it asks for {needed[1]})" if needed and kind == "a pickle" else ""
    raise InputError(
        f"{path} is {kind} that is more than weights{what}, and reading it could run code of its maker; "
        "where you trust it, load it with the code that wrote it and save torch.save(network.state_dict(), "
        "'weights.pt')"
    )


def _weights(content: Any, depth: int = 0) -> tuple[dict[str, torch.Tensor], bool]:
    """Tensors of a state in what a file holds, and whether they are averages."""
    if not isinstance(content, Mapping) or depth > len(NESTS):
        return {}, False
    for key in NESTS:
        if isinstance(content.get(key), Mapping):
            found, averaged = _weights(content[key], depth + 1)
            if found:
                return found, averaged or key in AVERAGED
    tensors = {str(k): t for k, t in content.items() if isinstance(t, torch.Tensor)}
    return tensors, False


def _about(content: Any) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...]]:
    """Names of the classes, mean and standard deviation that a file says of its weights."""
    if not isinstance(content, Mapping):
        return (), (), ()
    places = [content, *(content[key] for key in ABOUT if isinstance(content.get(key), Mapping))]
    named = (_class_names(place[key]) for place in places for key in NAMES if key in place)
    classes: tuple[str, ...] = next(filter(None, named), ())
    mean, std = (
        next(filter(None, (_three(place.get(key)) for place in places)), ())
        for key in ("mean", "std")
    )
    return classes, mean, std


def _class_names(value: Any) -> tuple[str, ...]:
    """Names of classes from a list of them, or from a mapping between names and numbers; else none."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
        if all(type(number) is int for _, number in pairs):
            pairs = [(number, name) for name, number in pairs]
        numbered = {int(key): name for key, name in pairs if re.fullmatch(r"\d+", str(key))}
        is_whole = sorted(numbered) == list(range(len(pairs)))
        value = [numbered[i] for i in range(len(numbered))] if is_whole else []
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    names = tuple(value)
    is_named = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    return names if is_named else ()


def _three(value: Any) -> tuple[float, ...]:
    """Three numbers, or none."""
    if isinstance(value, torch.Tensor):
        value = value.flatten().tolist()
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 3:
        return ()
    is_number = all(isinstance(number, int | float) for number in value)
    return tuple(map(float, value)) if is_number else ()


def load(network: nn.Module, checkpoint: Checkpoint, name: str, *, head: str = "") -> None:
    """Load a checkpoint into a network, all of it, or all but a head.

    Prefixes of `PREFIXES`, also several in a row, are taken off the names of tensors, or put before them,
    where more of them then are the network's. What stands in the file beside tensors with the prefix (a
    loss with parameters, say) is left out, and logged.

    Args:
        network: whose parameters and buffers are set.
        checkpoint: of the same architecture.
        name: of the model in messages.
        head: name of the module whose tensors stay as they are; empty for none.

    Raises:
        InputError: a tensor is missing, unexpected, or of another shape.
    """
    fit = fitted(network, checkpoint.tensors, head)
    problems = [
        f"{what} {_some(names)}"
        for what, names in (
            ("the file lacks", fit.missing),
            ("the network has no", fit.unexpected),
            ("shapes differ:", fit.shapes),
        )
        if names
    ]
    if problems:
        raise InputError(
            f"the weights {checkpoint.path} do not fit {name}: {'; '.join(problems)}; build the network "
            "that they were trained in, or give its own weights"
        )
    for words, value in (
        ("the prefix %r is taken off the names of its tensors", fit.prefix),
        ("left out, beside the network: %s", _some(fit.beside)),
        ("%s are taken", "the averaged weights (EMA)" if checkpoint.averaged else ""),
    ):
        if value:
            log.info(f"%s: {words}", checkpoint.path, value)
    network.load_state_dict(fit.tensors, strict=False)


def fitted(network: nn.Module, tensors: Mapping[str, torch.Tensor], head: str = "") -> Fit:
    """Tensors under the names of a network, after the prefix is taken off with which most of them fit.

    Tensors of a head are left out on both sides.
    """
    headed = f"{head}." if head else "\0"
    state: dict[str, torch.Tensor] = dict(network.state_dict())
    # the network itself may stand in a class of the user's, and the file be of what is inside
    short = {_without_prefixes(key): key for key in state}
    aliases = short if len(short) == len(state) else {}
    targets = {**aliases, **{key: key for key in state}}
    names = {prefix: _named(tensors, prefix, targets) for prefix in _prefixes(tensors)}
    prefix = max(names, key=lambda p: (len(names[p]), -len(p)))
    # what fits as it is, or with another prefix: a head beside a backbone
    for other in sorted(names, key=len):
        for target, key in names[other].items():
            names[prefix].setdefault(target, key)
    chosen = names[prefix]
    used = set(chosen.values())
    fit = Fit(prefix)
    for key in tensors:
        is_head = key.removeprefix(prefix).startswith(headed)
        if not (key in used or is_head or key.endswith("num_batches_tracked")):
            (fit.unexpected if key.startswith(prefix) else fit.beside).append(key)
    for target, value in state.items():
        if target.startswith(headed):
            continue
        if target not in chosen:
            if not target.endswith(
                "num_batches_tracked"
            ):  # which files older than torch 0.4.1 lack
                fit.missing.append(target)
            continue
        tensor = tensors[chosen[target]]
        if tensor.shape != value.shape:
            fit.shapes.append(
                f"{target} {tuple(tensor.shape)} in the file, {tuple(value.shape)} in the network"
            )
        fit.tensors[target] = tensor
    return fit


def _named(tensors: Iterable[str], prefix: str, targets: Mapping[str, str]) -> dict[str, str]:
    """Name in the network → name in the file, of tensors whose names begin with a prefix."""
    names = {}
    for key in tensors:
        if key.startswith(prefix) and (target := targets.get(key.removeprefix(prefix))):
            names[target] = key
    return names


def _prefixes(tensors: Iterable[str]) -> list[str]:
    """Beginnings of names that are prefixes, or several in a row; the empty one first."""
    return list(dict.fromkeys(["", *(p for key in tensors for p in _beginnings(key))]))


def _beginnings(key: str) -> Iterator[str]:
    taken = ""
    while known := next((p for p in PREFIXES if key[len(taken) :].startswith(p)), ""):
        taken += known
        yield taken


def _without_prefixes(key: str) -> str:
    return key.removeprefix(max(_beginnings(key), key=len, default=""))


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
