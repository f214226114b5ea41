"""Architectures of the catalogue: names in timm, and the layers that Grad-CAM explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from thinkalike.errors import InputError
from thinkalike.settings import rebuilt


@dataclass(frozen=True)
class Layer:
    """A module that Grad-CAM explains, and the form of what it gives.

    Attributes:
        module: its name in the network.
        layout: dimensions of its output: nchw, nhwc or tokens.
        prefix: tokens before the patch tokens (class token, registers); layout tokens only.
    """

    module: str
    layout: str = "nchw"
    prefix: int = 0


@dataclass(frozen=True)
class Architecture:
    """Everything that building and explaining a network takes, apart from its weights.

    Attributes:
        name: of the model in messages.
        timm: name in timm, with a tag where weights are published; empty for a network from elsewhere.
        arguments: further arguments of `timm.create_model`.
        family: cnn, transformer, hybrid, or a label of the user's.
        layout: dimensions of the activations of its layers: nchw, nhwc or tokens.
        prefix: tokens before the patch tokens (class token, registers); layout tokens only.
        layers: `depth_<percent>` → the module that Grad-CAM explains there: its name, or a mapping
            {module, layout, prefix} where it has a layout or prefix of its own.
        file, build: Python file of the user's, and its function that builds the network.
        content: hash of that file and of those beside it that it imports.
        mean, std: of the network's normalisation; empty where timm's configuration has them.
        outputs: what the network gives: `logits`, their name or position in it; `kind`, what they mean
            (`networks.outputs`).
        head: `probe` or `means` of a head that is fitted (`networks.probes`), empty for the network's own.
    """

    name: str
    timm: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    family: str = ""
    layout: str = "nchw"
    prefix: int = 0
    layers: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    file: str = ""
    build: str = ""
    content: str = ""
    mean: Sequence[float] = ()
    std: Sequence[float] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    head: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Architecture":
        """The architecture of a catalogue entry, whose other keys (training, …) are left out.

        Raises:
            InputError: the entry has no name.
        """
        return rebuilt(cls, entry)

    def layer(self, depth: int) -> Layer:
        """The Grad-CAM layer at a depth in percent.

        Raises:
            InputError: there is none.
        """
        layer = self.grad_cam_layers.get(f"depth_{depth}")
        if layer is None:
            known = ", ".join(key.removeprefix("depth_") for key in self.layers)
            raise InputError(
                f"depth: {self.name} has no Grad-CAM layer at {depth}, only at {known}; give one of these"
            )
        return layer

    @property
    def grad_cam_layers(self) -> dict[str, Layer]:
        """`depth_<percent>` → the layer there, with its layout and prefix."""
        return {depth: self._with_form(layer) for depth, layer in self.layers.items()}

    def of_module(self, name: str) -> Layer:
        """The Grad-CAM layer that is a module; of one that is none of the layers, with their form."""
        layers = self.grad_cam_layers.values()
        return next((layer for layer in layers if layer.module == name), self._with_form(name))

    def _with_form(self, layer: str | Mapping[str, Any]) -> Layer:
        if isinstance(layer, str):
            return Layer(layer, self.layout, self.prefix)
        return Layer(**{"layout": self.layout, "prefix": self.prefix, **layer})
