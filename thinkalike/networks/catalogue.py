"""The catalogue of models: entries, and what they take from each other."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from thinkalike.errors import InputError, did_you_mean

CATALOGUE = Path(__file__).resolve().parents[1] / "catalogue.yaml"

NETWORK = (
    "timm",
    "file",
    "build",
    "arguments",
    "outputs",
    "mean",
    "std",
    "layout",
    "prefix",
    "layers",
    "weights",
    "checkpoint",
    "classes",
)
"""Keys of an entry that say something about one network."""


@cache
def built_in_catalogue() -> dict[str, Any]:
    """Key → entry of the models that come with thinkalike, as the catalogue has them."""
    catalogue: dict[str, Any] = yaml.safe_load(CATALOGUE.read_text())
    return catalogue


def complete_entry(key: str, catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """Entry of a model with everything it takes from the one it is `like`.

    `training` is merged key by key. `size` belongs to `timm`, `file` and `arguments`, and is not taken by
    an entry that has one of these itself; nor is anything about the network (`NETWORK`) by one with a
    `file` from one of timm, or the other way round.

    Args:
        key: of the model.
        catalogue: key → entry.

    Raises:
        InputError: an entry is like a model that there is not, or like itself.
    """
    entry = dict(catalogue[key])
    chain = [key]
    while (like := entry.pop("like", None)) is not None:
        if like not in catalogue:
            raise InputError(
                f"{chain[-1]} is like {like!r}, which is no model{did_you_mean(like, catalogue)}"
            )
        if like in chain:
            raise InputError(f"{' → '.join([*chain, like])} is a circle; say what one of them is")
        chain.append(like)
        other = dict(catalogue[like])
        if entry.keys() & {"timm", "file", "arguments"}:
            other.pop("size", None)
        if ("timm" in entry and "file" in other) or ("file" in entry and "timm" in other):
            other = {name: value for name, value in other.items() if name not in NETWORK}
        training = {**other.get("training", {}), **entry.get("training", {})}
        entry = {**other, **entry, "training": training}
    return entry
