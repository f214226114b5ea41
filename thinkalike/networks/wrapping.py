"""Networks of a notebook as models: any torch network, and architectures with a checkpoint."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model
from thinkalike.networks.outputs import in_fast_format
from thinkalike.networks.trials import as_classifier

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
    layers: Mapping[str, str] | None = None,
    layout: str = "nchw",
    prefix: int = 0,
    family: str = "other",
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
        layers: `depth_<percent>` → name of the module that Grad-CAM explains there; None where Grad-CAM is
            not asked for.
        layout: of what these modules give: `nchw`, `nhwc` or `tokens`.
        prefix: tokens before the patch tokens, of layout `tokens`.
        family: of the model, for colours, tests and the rules of LRP.

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
    architecture = Architecture(
        name=name,
        family=family,
        layout=layout,
        prefix=prefix,
        layers=dict(layers or {}),
        outputs=dict(outputs),
    )
    return Model(
        in_fast_format(classifier),
        normalisation(mean, name, "mean"),
        normalisation(std, name, "std"),
        side,
        labels,
        architecture,
    )


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
