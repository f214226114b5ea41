"""Published weights: what timm's tables say of them, and models with them or in their place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.compiler import compiler_deferred
from thinkalike.networks.model import TIMM_ERRORS, Model, as_model, create

with compiler_deferred():
    import timm


NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Pretrained:
    """Published weights of an architecture, as timm's tables have them, or a config.json beside them.

    Attributes:
        architecture, tag: of timm, which together name the weights.
        repository: where the hub has them, with `@` and a revision if it is not the main one; empty
            if it does not.
        size: side of the images they are tested with, in pixels.
        crop_pct: side of the middle that a test image is cropped to, in sides of the image.
        interpolation: how a test image is resized.
        classes: names of the outputs: synsets of WordNet; none of weights whose outputs are no classes
            (DINOv2, CLIP, SigLIP, MAE): the network is a backbone without a head.
        class_names: names that people use for them.
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
        """Attributes that a weights file has for its makers' transform, besides mean, std and size."""
        return {"crop_pct": self.crop_pct, "interpolation": self.interpolation}


def pretrained(
    architecture: Architecture, preprocessing: Mapping[str, Any] = NOTHING
) -> Pretrained:
    """The published weights of an architecture, from timm's tables; nothing is fetched.

    Args:
        architecture: with a name in timm.
        preprocessing: what a config.json beside the weights says of their images (`config_files`), which
            goes before timm's tables.

    Raises:
        InputError: timm knows no such weights.
    """
    name = architecture.timm
    try:
        configuration = timm.get_pretrained_cfg(name)
    except RuntimeError:  # the architecture exists, the tag behind the dot does not
        configuration = None
    if configuration is None:
        near = timm.list_models(f"{name.split('.')[0]}*", pretrained=True)[:3]
        hint = f"; there are {', '.join(near)}" if near else ""
        raise InputError(
            f"{architecture.name}: timm knows no weights {name!r}; correct `timm` in its catalogue "
            f"entry{hint}"
        )
    subset = timm.data.infer_imagenet_subset({"num_classes": configuration.num_classes})
    labels = timm.data.ImageNetInfo(subset) if subset else None
    test = timm.data.resolve_data_config(
        pretrained_cfg={**configuration.to_dict(), **preprocessing},
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
        classes=tuple(labels.label_names()) if labels else (),
        class_names=(
            tuple(text.split(",")[0] for text in labels.label_descriptions()) if labels else ()
        ),
    )


def load_pretrained(
    architecture: Architecture, path: str | Path, preprocessing: Mapping[str, Any] = NOTHING
) -> Model:
    """A model with the published weights in a file as the hub has it, in eval mode.

    timm reads the file, so that weights which it stores under other names or shapes fit. Images are
    normalised as the architecture says, else as the config.json beside the weights, else as timm's tables.

    Args:
        architecture: of the network.
        path: of a safetensors file, with that suffix.
        preprocessing: as of `pretrained`.

    Raises:
        InputError: it is no safetensors file, or one of another network, or timm knows no such weights.
    """
    try:
        # strictly: a tensor too many, too few or of another shape is an error
        network = timm.create_model(
            architecture.timm,
            pretrained=True,
            pretrained_cfg_overlay={**preprocessing, "file": str(path), "custom_load": False},
            **architecture.arguments,
        )
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is not a readable safetensors file ({str(error).splitlines()[0]}); delete it, "
            "or put the right one there, and run again"
        ) from None
    except TIMM_ERRORS as error:
        raise InputError(
            f"the tensors of {path} do not fit {architecture.timm} with {architecture.arguments} "
            f"({misfits(error)}); put the right file there"
        ) from None
    return _as_published(network.eval(), architecture, pretrained(architecture, preprocessing))


def randomised(architecture: Architecture, seed: int) -> Model:
    """A model with random weights in the place of the published ones: same size, same outputs.

    Raises:
        InputError: timm knows no such weights.
    """
    published = pretrained(architecture)
    torch.manual_seed(seed)
    network = create(
        replace(architecture, head=""), classes=len(published.classes), size=published.size
    )
    return _as_published(network, architecture, published)


def _as_published(network: nn.Module, architecture: Architecture, published: Pretrained) -> Model:
    if not published.classes:
        timm_network: Any = network
        timm_network.reset_classifier(0)
    return as_model(
        network,
        architecture,
        classes=published.classes,
        size=published.size,
        class_names=published.class_names,
    )


def misfits(error: Exception) -> str:
    """Names of the first three tensors in an error that says which weights do not fit."""
    keys = re.findall(r'"([^"]+)"|size mismatch for (\S+):', str(error))
    named = [quoted or mismatched for quoted, mismatched in keys]
    rest = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return (", ".join(named[:3]) + rest) or str(error).strip().splitlines()[0]
