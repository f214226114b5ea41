"""Models that a configuration names by timm's name, as entries of its catalogue."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from thinkalike.networks.catalogue import built_in_catalogue
from thinkalike.networks.timm_table import (
    LONGEST_NAME,
    file_safe,
    is_architecture,
    shortened,
)


def with_timm_models(study: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration in which every model has a key of the catalogue.

    A name in `models`, or after `like`, that no entry has and timm's table knows becomes an entry under
    its file-safe form, which stands for it everywhere. Whatever has a wrong type stays as it is: the
    schema says so.
    """
    own = study.get("catalogue")
    if not isinstance(own, Mapping):
        return dict(study)
    catalogue = {**built_in_catalogue(), **own}
    named = [name for name in _named(study, own) if name not in catalogue and is_architecture(name)]
    keys: dict[str, str] = {}
    for name in dict.fromkeys(named):
        key = file_safe(name)
        keys[name] = f"{key}_timm" if key in catalogue else key
    if not keys:
        return dict(study)
    display = display_names(keys)
    entries = {key: {"timm": name, "name": display[name]} for name, key in keys.items()}
    translated: dict[str, Any] = _translated(study, keys)
    return {**translated, "catalogue": {**translated["catalogue"], **entries}}


def _named(study: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[str]:
    models = study.get("models")
    likes = [entry.get("like") for entry in own.values() if isinstance(entry, Mapping)]
    for name in [*(models if isinstance(models, list) else []), *likes]:
        if isinstance(name, str):
            yield name


def _translated(node: Any, keys: Mapping[str, str]) -> Any:
    """A copy of a part of a configuration with keys in the place of names, but where timm's are meant."""
    if isinstance(node, Mapping):
        return {
            keys.get(key, key): value if key == "timm" else _translated(value, keys)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_translated(value, keys) for value in node]
    return keys.get(node, node) if isinstance(node, str) else node


def display_names(names: Iterable[str]) -> dict[str, str]:
    """Name in timm → name in figures, of at most 24 characters, each another.

    The whole name where it is short enough, else the architecture without the tag where one model alone
    has it, else the name without its middle, and with a number where that is taken.
    """
    display: dict[str, str] = {}
    names = list(names)
    architectures = [name.partition(".")[0] for name in names]
    for name, architecture in zip(names, architectures, strict=True):
        is_alone = architectures.count(architecture) == 1 and architecture not in names
        choice = architecture if len(name) > LONGEST_NAME and is_alone else name
        choice, number = shortened(choice), 1
        while choice in display.values():
            number += 1
            choice = f"{shortened(name)[: LONGEST_NAME - len(str(number)) - 1]} {number}"
        display[name] = choice
    return display
