"""The catalogue of models: entries, and what they take from each other."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from thinkalike.errors import InputError, did_you_mean
from thinkalike.networks.timm_table import (
    completed_by_timm,
    file_safe,
    timm_entry,
    timm_table,
)

if TYPE_CHECKING:
    import pandas as pd

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
    `file` from one of timm, or the other way round. What an entry with `timm` lacks then comes from the
    table of timm's architectures (`timm_table`).

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
    return completed_by_timm(key, entry)


def list_models(pattern: str = "*") -> "pd.DataFrame":
    """The models that a study or `ta.load` can name: those of the catalogue, and timm's architectures.

    Args:
        pattern: of names or keys, with `*` and `?` as in a shell.

    Returns:
        A row for each: name, to be written; key, the form of it in names of files; family; module of timm
        (empty for an entry of the catalogue); size, the side of the images its weights are made for, in
        pixels; sizes, those that it takes; weights, the tags of published ones, the default first.
    """
    import pandas as pd  # a plan needs none

    catalogue = built_in_catalogue()
    entries = {key: complete_entry(key, catalogue) for key in catalogue}
    entries |= {name: timm_entry(name) for name in timm_table() if name not in entries}
    rows = []
    for name, entry in entries.items():
        if fnmatchcase(name, pattern) or fnmatchcase(file_safe(name), pattern):
            architecture, _, tag = entry["timm"].partition(".")
            row = timm_table()[architecture]
            is_built_in = name in catalogue
            rows.append(
                {
                    "name": name,
                    "key": file_safe(name),
                    "family": entry["family"],
                    "module": "" if is_built_in else row["module"],
                    "size": int(row["size"]),
                    "sizes": sizes_in_words(entry.get("size", {})),
                    "weights": tag if is_built_in else row["tags"],
                }
            )
    columns = ["name", "key", "family", "module", "size", "sizes", "weights"]
    return pd.DataFrame(rows, columns=columns)


def sizes_in_words(size: Mapping[str, int]) -> str:
    """Sizes of images that a network takes, as its entry has them: `multiples of 32, at least 64`."""
    if "only" in size:
        return f"only {size['only']}"
    words = [f"multiples of {size['multiple']}"] if "multiple" in size else []
    words += [f"at least {size['minimum']}"] if "minimum" in size else []
    return ", ".join(words) or "any"
