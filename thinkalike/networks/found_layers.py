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
    try:
        return inspect(network, size)
    except InputError as error:
        log.warning("%s: no layer for Grad-CAM found: %s", name, error)
        return None


def as_mappings(layers: Mapping[str, Layer]) -> dict[str, Any]:
    """Layers as an architecture, and the header of a weights file, has them: with their own form."""
    return {depth: asdict(layer) for depth, layer in layers.items()}


def with_found(architecture: Architecture, header: Mapping[str, Any]) -> Architecture:
    """An architecture with the layers that it asks for without a name, from the header of its weights.

    Args:
        architecture: with layers, all of them with names or none.
        header: of the weights, with the `layers` that were found (`as_mappings`).

    Raises:
        InputError: a layer was not found.
    """
    if all(architecture.layers.values()):
        return architecture
    known = header.get("layers", {})
    for depth in architecture.layers:
        if depth not in known:
            raise InputError(
                f"{architecture.name}: no layer for Grad-CAM was found at {depth} (only at "
                f"{', '.join(known) or 'none'}); name one by layers.{depth} and layout in its catalogue "
                "entry, or leave gradcam out"
            )
    return replace(architecture, layers={depth: known[depth] for depth in architecture.layers})
