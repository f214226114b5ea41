"""Grad-CAM layers of networks that do not say them: found when weights are made, kept in their header."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture, Layer
from thinkalike.networks.introspection import Layers, inspect
from thinkalike.progress import log


def found(network: nn.Module, size: int, name: str) -> Layers | None:
    """Layers and family of a network (`introspection.inspect`); None, with a warning, if it has none."""
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    network.requires_grad_(False)  # the graph then leads to the image alone
    try:
        return inspect(network, size)
    except InputError as error:
        log.warning("%s: no layer for Grad-CAM found: %s", name, error)
        return None
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def as_header(layers: Mapping[str, Layer]) -> dict[str, Any]:
    """Layers as they are written into the header of a weights file."""
    return {depth: asdict(layer) for depth, layer in layers.items()}


def with_found(architecture: Architecture, header: Mapping[str, Any]) -> Architecture:
    """An architecture with the layers that it asks for without a name, from the header of its weights.

    Args:
        architecture: with layers, all of them with names or none.
        header: of the weights, with the `layers` that were found (`as_header`).

    Raises:
        InputError: a layer was not found.
    """
    if all(architecture.layers.values()):
        return architecture
    known = {depth: Layer(**layer) for depth, layer in header.get("layers", {}).items()}
    for depth in architecture.layers:
        if depth not in known:
            raise InputError(
                f"{architecture.name}: no layer for Grad-CAM was found at {depth} (only at "
                f"{', '.join(known) or 'none'}); name one by layers.{depth} and layout in its catalogue "
                "entry, or leave gradcam out"
            )
    return with_layers(architecture, {depth: known[depth] for depth in architecture.layers})


def with_layers(architecture: Architecture, layers: Mapping[str, Layer]) -> Architecture:
    """An architecture with other layers, each of the layout and prefix that it has."""
    return replace(architecture, layers=as_header(layers))
