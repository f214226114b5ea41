"""Networks of a notebook as models: any torch network, and architectures with a checkpoint."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.checkpoints import Checkpoint, fitted, load, read_checkpoint
from thinkalike.networks.compiler import compiler_deferred
from thinkalike.networks.config_files import preprocessing_beside
from thinkalike.networks.found_layers import as_mappings, found
from thinkalike.networks.model import Model, as_model, classified, create, name_of_head
from thinkalike.networks.outputs import in_fast_format, inner_of
from thinkalike.networks.trials import as_classifier

with compiler_deferred():
    import timm

PLACES = ("0", "1")
"""Names of the outputs of a head that is to be replaced."""

SIZE = 224
"""Side of the images of a network that does not say another."""


def wrap(
    network: nn.Module,
    *,
    name: str,
    mean: Sequence[float],
    std: Sequence[float],
    classes: Sequence[str],
    size: int | None = None,
    outputs: Mapping[str, Any] = MappingProxyType({}),
    layers: Mapping[str, str | Mapping[str, Any]] | None = None,
    layout: str = "nchw",
    prefix: int = 0,
    family: str | None = None,
) -> Model:
    """A model of any torch network, to be explained and compared like those of the catalogue.

    Args:
        network: stays as it is: the model has a copy, in eval mode and in float32, on the same device.
        name: in messages, tables and figures.
        mean, std: of its normalisation, a number for each of red, green and blue in [0, 1]; 0 and 1 for a
            network that takes images as they are.
        classes: names of its outputs, in their order.
        size: side of the square images that it takes, in pixels; None for 224.
        outputs: `logits`, the name or position of the logits in what the network gives, where that is no
            tensor; `kind`: `softmax`; `multilabel`, where several classes can be right; `binary`, a single
            logit z for the second of two classes, which becomes (−z/2, z/2).
        layers: `depth_<percent>` → name of the module that Grad-CAM explains there; None: they are found
            (`introspection.inspect`), with their layout and prefix. A mapping {module, layout, prefix} has
            its own.
        layout: of what these modules give: `nchw`, `nhwc` or `tokens`.
        prefix: tokens before the patch tokens, of layout `tokens`.
        family: of the model, for colours, tests and the rules of LRP; None: it is found, too.

    Raises:
        InputError: the network cannot be explained (`outputs.as_classifier`), or an argument does not fit.
    """
    side = SIZE if size is None else size
    labels = tuple(map(str, classes))
    if len(set(labels)) < len(labels):
        raise InputError(f"{name}: two of its classes have the same name; give each its own")
    try:
        copied = deepcopy(network)
    except Exception as error:
        raise InputError(
            f"{name} cannot be copied ({str(error).splitlines()[0]}); build it once more and give it "
            "before its first pass"
        ) from error
    classifier = as_classifier(
        copied, name=name, size=side, outputs=outputs, classes=len(labels)
    ).requires_grad_(False)
    known = None if layers and family else found(classifier, side, name)
    architecture = Architecture(
        name=name,
        family=family or (known.family if known else "other"),
        layout=layout,
        prefix=prefix,
        layers=dict(layers or {}),
        outputs=dict(outputs),
    )
    if known and known.layers and layers is None:
        architecture = replace(architecture, layers=as_mappings(known.layers))
    return Model(
        in_fast_format(classifier),
        normalisation(mean, name, "mean"),
        normalisation(std, name, "std"),
        side,
        labels,
        architecture,
    )


def with_checkpoint(
    architecture: Architecture,
    path: str | Path,
    *,
    classes: Sequence[str] = (),
    size: int,
    body: bool = False,
) -> Model:
    """A model of an architecture with the weights in a file, in eval mode, on the CPU.

    Names of classes and a normalisation that are not given are those that the file says. The normalisation
    of a network of timm that neither says is that of timm's config.json beside the file, or timm's own.

    Args:
        architecture: of timm, or of a file.
        path: of the weights (`checkpoints.read_checkpoint`).
        classes: names of the outputs, in their order.
        size: side of the images in pixels. Position embeddings of a network of timm may be made for its
            own size instead, which the model then has.
        body: whether the head does not count: it has random weights and two outputs, to be replaced.

    Raises:
        InputError: the file cannot be used or does not fit, or neither it nor the arguments say what the
            outputs are or how images are normalised.
    """
    checkpoint = read_checkpoint(path)
    name = architecture.name
    labels = PLACES if body else _labels(name, tuple(classes), checkpoint)
    beside = {} if architecture.file else preprocessing_beside(checkpoint.path, architecture.timm)
    mean, std = (
        getattr(architecture, key) or getattr(checkpoint, key) or tuple(beside.get(key, ()))
        for key in ("mean", "std")
    )
    architecture = replace(architecture, mean=mean, std=std)
    if not architecture.file:
        size = _fitting_size(architecture, checkpoint, len(labels), size)
    network = create(architecture, classes=len(labels), size=size)
    load(network, checkpoint, name, head=name_of_head(network, size, name) if body else "")
    if architecture.file:
        # once more, with the weights that count
        network = classified(inner_of(network), architecture, len(labels), size)
    network.eval().requires_grad_(False)
    return as_model(in_fast_format(network), architecture, classes=labels, size=size)


def _labels(name: str, given: tuple[str, ...], checkpoint: Checkpoint) -> tuple[str, ...]:
    """Names of the outputs: those given, else those of the checkpoint.

    Raises:
        InputError: there are none, or both have the same names in another order.
    """
    known = checkpoint.classes
    if not (given or known):
        raise InputError(
            f"{name}: {checkpoint.path} does not say what its outputs are; name them in classes, in their "
            "order"
        )
    if given and given != known and sorted(given) == sorted(known):
        raise InputError(
            f"{name}: classes are {', '.join(given[:3])}, … and {checkpoint.path} has the same in another "
            f"order, {', '.join(known[:3])}, …; leave classes out, or correct their order"
        )
    return given or known


def _fitting_size(
    architecture: Architecture, checkpoint: Checkpoint, classes: int, size: int
) -> int:
    """Size of the images that weights are made for: the given one, or that of the network in timm."""
    network = create(architecture, classes=classes, size=size)
    native = int(timm.data.resolve_model_data_config(network)["input_size"][-1])
    if native == size or not fitted(network, checkpoint.tensors).shapes:
        return size
    try:
        other = create(architecture, classes=classes, size=native)
    except InputError:
        return size
    shapes = [fitted(each, checkpoint.tensors).shapes for each in (network, other)]
    return native if len(shapes[1]) < len(shapes[0]) else size


def normalisation(values: Sequence[float], name: str, argument: str) -> tuple[float, float, float]:
    """Three numbers of a normalisation.

    Raises:
        InputError: they are not three, or a standard deviation is not positive.
    """
    try:
        red, green, blue = map(float, values)
    except (TypeError, ValueError):
        raise InputError(
            f"{name}: {argument} is {values!r}; give three numbers, for red, green and blue in [0, 1]"
        ) from None
    if argument == "std" and min(red, green, blue) <= 0:
        raise InputError(f"{name}: std is {values!r}; standard deviations are larger than 0")
    return red, green, blue
