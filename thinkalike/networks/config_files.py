"""The config.json beside published weights, as timm writes it: of which network they are, and what images
it takes.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError
from thinkalike.progress import log
from thinkalike.stores.plain import refuse_special

CONFIG = "config.json"


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and math.isfinite(value)


def _three(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) == 3 and all(map(holds, value))


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_size(value: Any) -> bool:
    return _three(lambda side: isinstance(side, int) and side > 0)(value)


PREPROCESSING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "mean": (_three(_is_number), "three numbers"),
    "std": (_three(_is_positive), "three numbers above 0"),
    "input_size": (_is_size, "three whole numbers above 0"),
    "test_input_size": (_is_size, "three whole numbers above 0"),
    "crop_pct": (_is_positive, "a number above 0"),
    "test_crop_pct": (_is_positive, "a number above 0"),
    "interpolation": (lambda value: isinstance(value, str), "a name"),
}
"""Entry that says how images are made for a network → whether a value is one, and what one is."""

TOGETHER = {"input_size": "test_input_size", "crop_pct": "test_crop_pct"}
"""Entry → the one that goes before it in tests: a file that has the first alone has no such other."""


@dataclass(frozen=True)
class ConfigFile:
    """What a config.json says of the weights beside it.

    Attributes:
        architecture: in timm.
        tag: of the weights in timm; empty where it is not said.
        preprocessing: entries of `PREPROCESSING`, as timm's configurations of weights have them; None for a
            `test_…` that timm's own table may have, and that does not count here.
    """

    architecture: str
    tag: str
    preprocessing: Mapping[str, Any]


def read_config(path: Path) -> ConfigFile:
    """Read a config.json.

    Raises:
        InputError: it cannot be read, names no architecture, or an entry of `PREPROCESSING` is none.
    """
    refuse_special(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        # older files have all at the top
        entries = content.get("pretrained_cfg", content)
        architecture, tag = content["architecture"], entries.get("tag") or ""
        stated = {key: entries[key] for key in PREPROCESSING if entries.get(key) is not None}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise InputError(
            f"{path} is no config.json of a timm model; put the right one there, or delete it "
            "and run again"
        ) from None
    for key, value in stated.items():
        holds, what = PREPROCESSING[key]
        if not holds(value):
            raise InputError(f"{path}: {key} is {value!r}, not {what}; correct it")
    for key, of_tests in TOGETHER.items():
        if key in stated:
            stated.setdefault(of_tests, None)
    return ConfigFile(architecture, tag, stated)


def checked_preprocessing(path: Path | None, *, architecture: str, tag: str) -> Mapping[str, Any]:
    """What the config.json of certain weights says of their images; nothing where there is no file.

    Other weights may have tensors of the same shapes; their config.json says that they are others.

    Raises:
        InputError: it is of other weights, or cannot be read.
    """
    if path is None:
        return {}
    config = read_config(path)
    if config.architecture != architecture or (config.tag or tag) != tag:
        named = ".".join(filter(None, (config.architecture, config.tag)))
        raise InputError(
            f"{path} says that the weights beside it are {named}, not "
            f"{architecture}.{tag}; put the right files there, or correct `timm` in the catalogue entry"
        )
    told = {key: value for key, value in config.preprocessing.items() if value is not None}
    log.info("%s says of images: %s", path, told or "nothing")
    return config.preprocessing


def preprocessing_beside(weights: Path, name: str) -> Mapping[str, Any]:
    """What a config.json in the folder of a checkpoint says of its images.

    A folder of checkpoints may have a config.json of anything: nothing is said where it is none of timm's,
    or of another architecture.

    Args:
        weights: file of the checkpoint.
        name: of the network in timm, with a tag or without.

    Raises:
        InputError: it is of this architecture, and an entry of `PREPROCESSING` is none.
    """
    path = weights.with_name(CONFIG)
    refuse_special(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    is_ours = isinstance(content, dict) and content.get("architecture") == name.partition(".")[0]
    if not is_ours:
        return {}
    return read_config(path).preprocessing
