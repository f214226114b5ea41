"""The catalogue of models."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from thinkalike.errors import InputError, did_you_mean

CATALOGUE = Path(__file__).resolve().parents[1] / "catalogue.yaml"


@cache
def built_in_catalogue() -> dict[str, Any]:
    """The models that come with thinkalike."""
    catalogue: dict[str, Any] = yaml.safe_load(CATALOGUE.read_text())
    return catalogue


def complete_entry(key: str, catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """A catalogue entry with everything it takes from the one it is `like`."""
    entry = dict(catalogue[key])
    chain = [key]
    while (like := entry.pop("like", None)) is not None:
        if like not in catalogue:
            raise InputError(
                f"catalogue.{key}.like: {like!r} is not a model{did_you_mean(like, catalogue)}"
            )
        if like in chain:
            raise InputError(
                f"catalogue.{key}.like: {' → '.join([*chain, like])} goes in a circle; say what "
                "one of them is"
            )
        chain.append(like)
        other = catalogue[like]
        training = {**other.get("training", {}), **entry.get("training", {})}
        entry = {**other, **{k: v for k, v in entry.items() if k != "like"}, "training": training}
    return entry
