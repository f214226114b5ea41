"""Weights files: networks written to safetensors and built from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.compiler import compiler_deferred
from thinkalike.networks.found_layers import as_mappings, found, with_found
from thinkalike.networks.model import TIMM_ERRORS, Model, classified, create
from thinkalike.networks.outputs import in_fast_format
from thinkalike.networks.pretrained import misfits
from thinkalike.stores.atomic import atomic
from thinkalike.stores.damage import opening
from thinkalike.stores.weights import header_entry, read_header

with compiler_deferred():
    import timm


def save(model: Model, path: str | Path, attributes: Mapping[str, Any]) -> None:
    """Write the weights of a model as safetensors, with all that using them takes in the header.

    Args:
        model: for the size that its weights are made for.
        path: of the file.
        attributes: further entries of the header.
    """
    header = {
        "timm": model.architecture.timm,
        **_about_own(model),
        "classes": model.classes,
        "mean": model.mean,
        "std": model.std,
        "size": model.size,
        **({"class_names": model.class_names} if model.class_names else {}),
        **attributes,
    }
    tensors = _apart(model.network.state_dict())
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata=header_entry(header))


def _about_own(model: Model) -> dict[str, Any]:
    """Entries of the header of a network from a file: what builds it, and its Grad-CAM layers."""
    architecture = model.architecture
    if not architecture.file:
        return {}
    layers = found(model.network, model.size, model.name)
    return {
        "build": source_of(architecture),
        "layers": as_mappings(layers.layers) if layers else {},
    }


def _apart(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors of a state as safetensors takes them: on the CPU, in a row, none in the memory of another.

    A parameter that a network has under two names is written under both, so that each is there to load.
    """
    tensors, taken = {}, set()
    for key, value in state.items():
        tensor = value.detach().cpu().contiguous()
        memory = tensor.untyped_storage()
        # a part of a larger one may be followed by another part
        if memory.data_ptr() in taken or memory.nbytes() > tensor.nbytes:
            tensor = tensor.clone()
        taken.add(memory.data_ptr())
        tensors[key] = tensor
    return tensors


def build(
    architecture: Architecture,
    weights: str | Path,
    device: torch.device,
    size: int | None = None,
) -> Model:
    """A classifier from its architecture and weights file, in eval mode, parameters frozen.

    Args:
        architecture: of the network.
        weights: file of `save`.
        device: that the network is on.
        size: side of the images it will be given; by default of those its weights are made for.
            Position embeddings are resampled, as timm does it; convolutions take any size.

    Raises:
        InputError: the file is missing, damaged, or of another architecture, or the network cannot
            take images of that size.
    """
    header = read_header(weights)
    known, source = header.get("build") or header["timm"], source_of(architecture)
    if known != source:
        raise InputError(
            f"the weights {weights} are of {known}, not {source}; put the right file there, or delete it "
            "and run again"
        )
    classes, native = header["classes"], int(header["size"])
    size = native if size is None else size
    network = create(architecture, classes=len(classes), size=size)
    with opening(weights, "safetensors file"):
        tensors = load_file(weights)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        if size == native or architecture.file:
            raise InputError(
                f"the weights {weights} do not fit {source} with {architecture.arguments} "
                f"({misfits(error)}); delete the file and run again"
            ) from None
        network = _resampled(architecture, weights, tensors, len(classes), (native, size))
    # Convolutions are faster with channels last in memory, on GPUs as on CPUs.
    in_fast_format(network.eval().requires_grad_(False).to(device))
    architecture = with_found(architecture, header)
    mean, std = tuple(header["mean"]), tuple(header["std"])
    class_names = tuple(header.get("class_names", classes))
    return Model(network, mean, std, size, tuple(classes), architecture, class_names)


def source_of(architecture: Architecture) -> str:
    """What the network of an architecture is built by: timm's name, or a function of a file."""
    return (
        f"{architecture.build} of {architecture.file}" if architecture.file else architecture.timm
    )


def _resampled(
    architecture: Architecture,
    weights: str | Path,
    tensors: Mapping[str, torch.Tensor],
    classes: int,
    sizes: tuple[int, int],
) -> nn.Module:
    """The network with weights that were made for another size; timm resamples while it loads."""
    outputs = 1 if architecture.outputs.get("kind") == "binary" else classes
    try:
        network = timm.create_model(
            architecture.timm,
            pretrained=True,
            num_classes=outputs,
            img_size=sizes[1],
            # our file has the outputs that it says, none to be cut off
            pretrained_cfg_overlay={
                "state_dict": tensors,
                "num_classes": outputs,
                "label_offset": 0,
            },
            **architecture.arguments,
        )
    except TIMM_ERRORS as error:
        raise InputError(
            f"the weights {weights} are made for {sizes[0]} x {sizes[0]} images and do not fit "
            f"{architecture.timm} for {sizes[1]} x {sizes[1]} ({misfits(error)}); set images.size to "
            f"{sizes[0]}, or leave the model out"
        ) from None
    configuration: Any = network.pretrained_cfg
    del configuration["state_dict"]
    if architecture.outputs:
        return classified(network, architecture, classes, sizes[1])
    return network
