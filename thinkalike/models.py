"""Models: build one from its catalogue entry and a weights file, ready to explain."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
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
        classes: names of its outputs, in order: its label space.
        entry: its catalogue entry.
        class_names: what people call the outputs; empty where the classes are called that.
    """

    network: nn.Module
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    size: int
    classes: tuple[str, ...]
    entry: Mapping[str, Any]
    class_names: tuple[str, ...] = ()

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


def penultimate(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """The features that the last layer of a timm network makes its logits of, (B, D), of inputs.

    Raises:
        InputError: the network has no such features, or has them on a grid.
    """
    try:
        timm_network: Any = network
        body = timm_network.forward_features(inputs)
        features: torch.Tensor = timm_network.forward_head(body, pre_logits=True)
    except (AttributeError, TypeError):
        raise InputError(
            f"a {type(network).__name__} of timm has no features before its head; leave the model out "
            "of neon.models"
        ) from None
    if features.ndim != 2:
        raise InputError(
            f"the features of a {type(network).__name__} have shape {tuple(features.shape)}, not images "
            "by features; leave the model out of neon.models"
        )
    return features


@dataclass(frozen=True)
class Pretrained:
    """What timm knows of the pretrained weights of a catalogue entry.

    Attributes:
        architecture, tag: of timm, which together name the weights.
        repository: where the hub has them, with `@` and a revision if it is not the main one; empty
            if it does not.
        size: side of the images they are tested with, in pixels.
        crop_pct: side of the middle that a test image is cropped to, in sides of the image.
        interpolation: how a test image is resized.
        classes: names of the outputs: synsets of WordNet.
        class_names: what people call them.
    """

    architecture: str
    tag: str
    repository: str
    size: int
    crop_pct: float
    interpolation: str
    classes: tuple[str, ...]
    class_names: tuple[str, ...]

    @property
    def transform(self) -> dict[str, Any]:
        """What a weights file says of its own transform, besides mean, std and size."""
        return {"crop_pct": self.crop_pct, "interpolation": self.interpolation}


def pretrained(entry: Mapping[str, Any]) -> Pretrained:
    """The pretrained weights that an entry names, from timm's tables; nothing is fetched.

    Raises:
        InputError: timm knows no such weights, or not what their outputs mean.
    """
    name = entry["timm"]
    try:
        configuration = timm.get_pretrained_cfg(name)
    except RuntimeError:  # the architecture exists, the tag behind the dot does not
        configuration = None
    if configuration is None:
        near = timm.list_models(f"{name.split('.')[0]}*", pretrained=True)[:3]
        hint = f"; there are {', '.join(near)}" if near else ""
        raise InputError(
            f"{entry['name']}: timm knows no weights {name!r}; mend `timm` in its catalogue entry{hint}"
        )
    subset = timm.data.infer_imagenet_subset({"num_classes": configuration.num_classes})
    if subset is None:
        raise InputError(
            f"{entry['name']}: the weights {name} have {configuration.num_classes} outputs, and what "
            "they stand for is in none of timm's lists of ImageNet classes; choose other weights"
        )
    labels = timm.data.ImageNetInfo(subset)
    test = timm.data.resolve_data_config(
        pretrained_cfg=configuration.to_dict(),
        # a network of fixed size has the size that it is built for
        use_test_size=not configuration.fixed_input_size,
    )
    return Pretrained(
        architecture=configuration.architecture or name,
        tag=configuration.tag or "",
        repository=configuration.hf_hub_id or "",
        size=test["input_size"][-1],
        crop_pct=test["crop_pct"],
        interpolation=test["interpolation"],
        classes=tuple(labels.label_names()),
        class_names=tuple(text.split(",")[0] for text in labels.label_descriptions()),
    )


def load_pretrained(entry: Mapping[str, Any], path: str | Path) -> nn.Module:
    """The network of an entry with the weights of a file as the hub has it, in eval mode.

    timm reads the file, so that weights which it stores under other names or shapes fit.

    Args:
        entry: of the catalogue.
        path: of a safetensors file, with that suffix.

    Raises:
        InputError: it is no safetensors file, or one of another network.
    """
    try:
        # strictly: a tensor too many, too few or of another shape is an error
        network = timm.create_model(
            entry["timm"],
            pretrained=True,
            pretrained_cfg_overlay={"file": str(path), "custom_load": False},
            **entry.get("arguments", {}),
        )
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is not a readable safetensors file ({str(error).splitlines()[0]}); delete it, "
            "or put the right one there, and run again"
        ) from None
    except (RuntimeError, KeyError, ValueError, TypeError, AssertionError) as error:
        raise InputError(
            f"the tensors of {path} do not fit {entry['timm']} with {entry.get('arguments', {})} "
            f"({misfits(error)}); put the right file there"
        ) from None
    return network.eval()


def misfits(error: Exception) -> str:
    """The first three tensors that torch, or timm, complains of when weights do not fit."""
    keys = re.findall(r'"([^"]+)"|size mismatch for (\S+):', str(error))
    named = [quoted or mismatched for quoted, mismatched in keys]
    rest = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return (", ".join(named[:3]) + rest) or str(error).strip().splitlines()[0]


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
    class_names: Sequence[str] = (),
) -> None:
    """Write weights as safetensors, with what is needed to use them in the file's header.

    Args:
        network: of the entry.
        path: where to.
        entry: of the catalogue.
        classes: names of the outputs, in order.
        size: side of the images that the weights are made for.
        attributes: what else the header says; a key of the same name goes before what timm says.
        class_names: what people call the outputs, if not by the name of the class.
    """
    mean, std = preprocessing(network)
    header = {
        "timm": entry["timm"],
        "classes": classes,
        "mean": mean,
        "std": std,
        "size": size,
        **({"class_names": list(class_names)} if class_names else {}),
        **attributes,
    }
    tensors = {
        key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()
    }
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata={HEADER: json.dumps(header, sort_keys=True)})


def build(
    entry: Mapping[str, Any],
    weights: str | Path,
    device: torch.device,
    size: int | None = None,
) -> Classifier:
    """A classifier from its catalogue entry and weights file, in eval mode, parameters frozen.

    Args:
        entry: of the catalogue.
        weights: file of `save`.
        device: where to.
        size: side of the images it will be given; by default of those its weights are made for.
            Position embeddings are resampled, as timm does it; convolutions take any size.

    Raises:
        InputError: the file is missing, damaged, or of another architecture, or the network cannot
            take images of that size.
    """
    header = read_header(weights)
    if header["timm"] != entry["timm"]:
        raise InputError(
            f"the weights {weights} are of {header['timm']}, not {entry['timm']}; put the right file "
            "there, or delete it and run again"
        )
    classes, native = header["classes"], int(header["size"])
    size = native if size is None else size
    network = create(entry, classes=len(classes), size=size)
    tensors = load_file(weights)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        if size == native:
            raise InputError(
                f"the weights {weights} do not fit {entry['timm']} with "
                f"{entry.get('arguments', {})} ({misfits(error)}); delete the file and run again"
            ) from None
        network = _resampled(entry, weights, tensors, len(classes), (native, size))
    # Convolutions are faster with channels last in memory, on GPUs as on CPUs.
    network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
    mean, std = tuple(header["mean"]), tuple(header["std"])
    class_names = tuple(header.get("class_names", classes))
    return Classifier(network, mean, std, size, tuple(classes), entry, class_names)


def _resampled(
    entry: Mapping[str, Any],
    weights: str | Path,
    tensors: Mapping[str, torch.Tensor],
    classes: int,
    sizes: tuple[int, int],
) -> nn.Module:
    """The network with weights that were made for another size; timm resamples while it loads."""
    try:
        network = timm.create_model(
            entry["timm"],
            pretrained=True,
            num_classes=classes,
            img_size=sizes[1],
            # our file has the outputs that it says, none to be cut off
            pretrained_cfg_overlay={
                "state_dict": tensors,
                "num_classes": classes,
                "label_offset": 0,
            },
            **entry.get("arguments", {}),
        )
    except (RuntimeError, KeyError, ValueError, TypeError, AssertionError) as error:
        raise InputError(
            f"the weights {weights} are made for {sizes[0]} x {sizes[0]} images and do not fit "
            f"{entry['timm']} for {sizes[1]} x {sizes[1]} ({misfits(error)}); set images.size to "
            f"{sizes[0]}, or leave the model out"
        ) from None
    configuration: Any = network.pretrained_cfg
    del configuration["state_dict"]
    return network
