"""The defaults of all settings, which stand in config.yaml and nowhere in the code."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PLACES = (Path(__file__).with_name("config.yaml"), Path(__file__).parents[1] / "config.yaml")
"""Where config.yaml is: inside an installed library, or in the root of a checkout."""


@cache
def default_study() -> Mapping[str, Any]:
    """The default study, by section, as config.yaml has it."""
    path = next(place for place in PLACES if place.exists())
    study: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return study
