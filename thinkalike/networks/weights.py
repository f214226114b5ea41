"""Weights files: networks written to safetensors and built from them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.compiler import compiler_deferred
from thinkalike.networks.model import Model, create, preprocessing
from thinkalike.networks.pretrained import misfits
from thinkalike.stores.atomic import atomic
from thinkalike.stores.weights import HEADER, read_header

with compiler_deferred():
    import timm


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
) -> Model:
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
    return Model(network, mean, std, size, tuple(classes), entry, class_names)


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
