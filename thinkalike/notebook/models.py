"""Networks by their names, with random, published or one's own weights."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import torch
from safetensors import safe_open

from thinkalike.errors import InputError, did_you_mean, joined
from thinkalike.networks import hub
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.networks.compiler import compiler_deferred
from thinkalike.networks.config_files import checked_preprocessing, preprocessing_beside
from thinkalike.networks.devices import device_called
from thinkalike.networks.found_layers import as_mappings, found
from thinkalike.networks.model import Model, as_model, create
from thinkalike.networks.pretrained import load_pretrained, pretrained, randomised
from thinkalike.networks.timm_table import (
    file_safe,
    is_architecture,
    timm_entry,
    timm_table,
    wrong_tag,
)
from thinkalike.networks.weights import build, save
from thinkalike.networks.wrapping import with_checkpoint
from thinkalike.notebook.settings import checked_seed
from thinkalike.randomness import integer_seed
from thinkalike.stores.damage import opening
from thinkalike.stores.weights import HEADER, read_header

with compiler_deferred():
    import timm


def load_model(
    name: str,
    *,
    weights: str | PathLike[str] | None,
    pretrained: bool,
    classes: Sequence[str] | None,
    size: int | None,
    seed: int,
    device: Any,
) -> Model:
    """A network by its name: see `thinkalike.api.load`."""
    if weights is not None and pretrained:
        raise InputError("weights: stands beside pretrained=True; give one of the two")
    if isinstance(classes, str):
        raise InputError(f"classes: {classes!r} is one text; give a list of names")
    architecture, place = _architecture(name), device_called(device)
    draws = integer_seed(checked_seed(seed), "initialise_weights", architecture.name)
    # weights are drawn from torch's generator, which is the notebook's own
    with torch.random.fork_rng(devices=[]):
        if weights is not None:
            return _with_layers(_from_file(architecture, Path(weights), classes, size, place))
        if pretrained:
            model = _through_file(_published(architecture), size, place)
        elif classes is None and _has_published(architecture):
            model = _through_file(randomised(architecture, draws), size, place)
        else:
            model = _untrained(architecture, classes, size, draws, place)
    return _with_layers(model if classes is None else _called(model, classes))


def _with_layers(model: Model) -> Model:
    """The model with layers for Grad-CAM, found by running the network, if it names none."""
    if model.architecture.layers:
        return model
    known = found(model.network, model.size, model.name)
    if known is None:
        return model
    family = model.architecture.family or known.family
    architecture = replace(model.architecture, family=family, layers=as_mappings(known.layers))
    return replace(model, architecture=architecture)


def _from_file(
    architecture: Architecture,
    path: Path,
    classes: Sequence[str] | None,
    size: int | None,
    device: torch.device,
) -> Model:
    """The model with the weights in a file: one of a study's, or a checkpoint from elsewhere."""
    if path.suffix == ".safetensors" and path.is_file():
        with opening(path, "safetensors file"), safe_open(path, framework="numpy") as file:
            is_study = HEADER in (file.metadata() or {})
        if is_study:
            headed = replace(architecture, head=read_header(path).get("head", ""))
            model = build(headed, path, device, size)
            return model if classes is None else _called(model, classes)
    side = _native_size(architecture, path) if size is None else size
    model = with_checkpoint(architecture, path, classes=classes or (), size=side)
    model.network.to(device)
    return model


def _native_size(architecture: Architecture, weights: Path | None = None) -> int:
    """Side of the images that a network is tested with, by a config.json beside its weights, or by timm."""
    known: Any = timm.get_pretrained_cfg(architecture.timm, allow_unregistered=True)
    beside = preprocessing_beside(weights, architecture.timm) if weights else {}
    usual = {**known.to_dict(), **beside}
    side: int = (usual.get("test_input_size") or usual["input_size"])[-1]
    return side


def known_models(pattern: str) -> pd.DataFrame:
    """Names that `load_model` takes: see `thinkalike.api.list_models`."""
    catalogue, table = built_in_catalogue(), timm_table()
    entries = {key: complete_entry(key, catalogue) for key in catalogue}
    rows = [
        {"model": key, "timm": entry["timm"], "family": entry["family"], "from": "catalogue"}
        for key, entry in entries.items()
    ]
    rows += [
        {"model": name, "timm": name, "family": row["family"], "from": "timm"}
        for name, row in table.items()
        if name not in catalogue
    ]
    known = pd.DataFrame(rows).assign(
        key=lambda rows: rows["model"].map(file_safe),
        weights=lambda rows: [
            table.get(name.partition(".")[0], {}).get("tags", "") for name in rows["timm"]
        ],
    )
    known = known.set_index("model")[["key", "timm", "family", "weights", "from"]]
    return known[[fnmatchcase(name, pattern) for name in known.index]]


def _architecture(name: Any) -> Architecture:
    """Architecture with this key of the catalogue, or name in timm, with its Grad-CAM layers.

    Raises:
        InputError: there is none, or no such weights of it.
    """
    catalogue = built_in_catalogue()
    if name in catalogue:
        return Architecture.of({**complete_entry(name, catalogue), "name": name})
    # a newer timm has more than the table: layers of its architectures are found by running them
    if not isinstance(name, str) or not (is_architecture(name) or timm.is_model(name)):
        known = [*catalogue, *timm.list_models()]
        raise InputError(
            joined(
                f"name: there is no model {name!r}{did_you_mean(name, known)}",
                "see ta.list_models()",
            )
        )
    if (problem := wrong_tag(name)) and name not in timm.list_pretrained(
        f"{name.partition('.')[0]}.*"
    ):
        raise InputError(f"name: {problem}")
    return Architecture.of({"timm": name, **timm_entry(name), "name": name})


def _published(architecture: Architecture) -> Model:
    """The model with its published weights, from the hub's cache or the hub."""
    published = pretrained(architecture)
    files = hub.fetch(architecture.timm, published.repository)
    stated = checked_preprocessing(
        files.config, architecture=published.architecture, tag=published.tag
    )
    return load_pretrained(architecture, files.weights, stated)


def _has_published(architecture: Architecture) -> bool:
    """Whether timm knows what the outputs of this network stand for."""
    try:
        pretrained(architecture)
    except InputError:
        return False
    return True


def _through_file(model: Model, size: int | None, device: torch.device) -> Model:
    """The model for a size and a device, as a job of a study would build it from its file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        save(model, path, {})
        return build(model.architecture, path, device, size)


def _untrained(
    architecture: Architecture,
    classes: Sequence[str] | None,
    size: int | None,
    seed: int,
    device: torch.device,
) -> Model:
    """A network with random weights for these classes."""
    usual: Any = timm.get_pretrained_cfg(architecture.timm, allow_unregistered=True)
    side = _native_size(architecture) if size is None else size
    names = list(map(str, classes or range(usual.num_classes)))
    torch.manual_seed(seed)
    network = create(architecture, classes=len(names), size=side)
    network.requires_grad_(False).to(device).to(memory_format=torch.channels_last)
    return as_model(network, architecture, classes=names, size=side)


def _called(model: Model, classes: Sequence[str]) -> Model:
    """The model with other names of its outputs.

    Raises:
        InputError: another number of names, or a name that stands twice.
    """
    names = tuple(map(str, classes))
    if len(names) != len(model.classes):
        raise InputError(
            f"classes: {len(names)} names for the {len(model.classes)} outputs of {model.name}; give one "
            "for each output"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"classes: {twice!r} stands twice; give every output a name of its own")
    return replace(model, classes=names, class_names=())
