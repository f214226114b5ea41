"""Configurations as Snakemake reads them: config.yaml with overlays on top."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from snakemake.utils import update_config

from tests.support.checkout import REPOSITORY, TINY


def configuration(*overlays: Path, **changes: Any) -> dict[str, Any]:
    """Configuration of config.yaml, with overlays and then changes on top of it."""
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    for overlay in overlays:
        update_config(config, yaml.safe_load((REPOSITORY / overlay).read_text()))
    update_config(config, changes)
    return config


def tiny(**changes: Mapping[str, Any] | Any) -> dict[str, Any]:
    """Configuration of the tiny study with changes."""
    return configuration(TINY, **changes)
