"""Models: build one from its catalogue entry and a weights file, ready to explain."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from thinkalike.compiler import compiler_deferred
from thinkalike.errors import InputError
from thinkalike.stores import HEADER, atomic, read_header

with compiler_deferred():
    import timm


@dataclass(frozen=True)
class Classifier:
    """A network with its own preprocessing.

    Attributes:
        network: in eval mode, without gradients of its parameters.
        mean, std: of its normalisation, (3,) each, for RGB in [0, 1].
        size: side of its square input in pixels.
        classes: names of its outputs, in order.
        entry: its catalogue entry.
    """

    network: nn.Module
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    size: int
    classes: tuple[str, ...]
    entry: Mapping[str, Any]

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.network.parameters()).dtype

    def normalise(self, images: np.ndarray) -> torch.Tensor:
        """Images as the network takes them, on its device and of its type.

        Args:
            images: (N, size, size, 3) uint8, or float in [0, 1].

        Returns:
            (N, 3, size, size), colour channels last in memory, as the convolutions are fastest.
        """
        rgb = torch.from_numpy(np.ascontiguousarray(images)).to(self.device)
        scale = 255 if rgb.dtype == torch.uint8 else 1
        # row by row: three channels at a time are too few for a processor's vectors
        mean, std = (
            scale * torch.tensor(v, dtype=self.dtype, device=self.device).repeat(rgb.shape[2])
            for v in (self.mean, self.std)
        )
        rows = rgb.flatten(2).to(self.dtype, copy=True).sub_(mean).div_(std)
        return rows.view(rgb.shape).permute(0, 3, 1, 2)

    def layer(self, depth: int) -> nn.Module:
        """The Grad-CAM target layer at a depth in percent.

        Raises:
            InputError: the entry names no layer there, or one that the network does not have.
        """
        layers = self.entry["layers"]
        name = layers.get(f"depth_{depth}")
        if name is None:
            there = ", ".join(key.removeprefix("depth_") for key in layers)
            raise InputError(
                f"{self.entry['name']} has no Grad-CAM layer at depth {depth} (only at {there}); "
                f"add layers.depth_{depth} to its catalogue entry"
            )
        try:
            return self.network.get_submodule(name)
        except AttributeError:
            raise InputError(
                f"{self.entry['name']} has no layer {name!r} (layers.depth_{depth} in its "
                "catalogue entry); name one of its modules"
            ) from None

    def to_grid(self, activations: torch.Tensor) -> torch.Tensor:
        """Activations of a target layer as (N, C, rows, columns), prefix tokens dropped."""
        match self.entry["layout"]:
            case "nchw":
                return activations
            case "nhwc":
                return activations.permute(0, 3, 1, 2)
        tokens = activations[:, self.entry.get("prefix", 0) :]
        side = round(tokens.shape[1] ** 0.5)
        if side * side != tokens.shape[1]:
            raise InputError(
                f"{self.entry['name']}: {tokens.shape[1]} patch tokens are no square grid; "
                "set `prefix` in its catalogue entry to the number of tokens before them"
            )
        return tokens.reshape(len(tokens), side, side, -1).permute(0, 3, 1, 2)


def create(entry: Mapping[str, Any], *, classes: int, size: int) -> nn.Module:
    """The untrained network of a catalogue entry, in eval mode, from torch's random state.

    Raises:
        InputError: timm does not know the architecture, or refuses the arguments.
    """
    arguments = dict(entry.get("arguments", {}))
    name = entry["timm"]
    if not timm.is_model(name):
        near = timm.list_models(f"*{name.split('_')[0]}*")[:3]
        hint = f"; near: {', '.join(near)}" if near else ""
        raise InputError(f"timm has no model {name!r}; see timm.list_models(){hint}")
    try:
        try:
            network = timm.create_model(name, num_classes=classes, img_size=size, **arguments)
        except TypeError:  # convolutional networks take any size and do not know the argument
            network = timm.create_model(name, num_classes=classes, **arguments)
        # some sizes are refused only when an image comes
        with torch.inference_mode():
            network.eval()(torch.zeros(1, 3, size, size))
    except (TypeError, ValueError, AssertionError, RuntimeError) as error:
        raise InputError(
            f"timm cannot make {name!r} for {size} x {size} images with {arguments}: {error}; "
            "mend images.size, or `arguments` in its catalogue entry"
        ) from None
    return network


def preprocessing(network: nn.Module) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation that timm's configuration of the architecture gives."""
    configuration = timm.data.resolve_model_data_config(network)
    return tuple(configuration["mean"]), tuple(configuration["std"])


def save(
    network: nn.Module,
    path: str | Path,
    *,
    entry: Mapping[str, Any],
    classes: list[str],
    size: int,
    attributes: Mapping[str, Any],
) -> None:
    """Write weights as safetensors, with what is needed to use them in the file's header."""
    mean, std = preprocessing(network)
    header = {
        "timm": entry["timm"],
        "classes": classes,
        "mean": mean,
        "std": std,
        "size": size,
        **attributes,
    }
    tensors = {
        key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()
    }
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={HEADER: json.dumps(header, sort_keys=True)})


def build(entry: Mapping[str, Any], weights: str | Path, device: torch.device) -> Classifier:
    """A classifier from its catalogue entry and weights file, in eval mode, parameters frozen.

    Raises:
        InputError: the file is missing, damaged, or of another architecture.
    """
    header = read_header(weights)
    if header["timm"] != entry["timm"]:
        raise InputError(
            f"the weights {weights} are of {header['timm']}, not {entry['timm']}; put the right file "
            "there, or delete it and run again"
        )
    classes, size = header["classes"], int(header["size"])
    network = create(entry, classes=len(classes), size=size)
    try:
        network.load_state_dict(load_file(weights))
    except RuntimeError:
        raise InputError(
            f"the weights {weights} do not fit {entry['timm']} with {entry.get('arguments', {})}; "
            "delete the file and run again"
        ) from None
    # Convolutions are faster with channels last in memory, on GPUs as on CPUs.
    network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
    mean, std = tuple(header["mean"]), tuple(header["std"])
    return Classifier(network, mean, std, size, tuple(classes), entry)
