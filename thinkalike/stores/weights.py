"""Weights files without torch: their headers, and copies of them."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError
from thinkalike.stores.atomic import atomic
from thinkalike.stores.checksums import ATTRIBUTE, PLACEHOLDER
from thinkalike.stores.damage import AGAIN, opening

HEADER = "thinkalike"
"""The key of our entry, one JSON text, in the header of a safetensors file (which keeps no order)."""


def read_header(path: str | Path) -> dict[str, Any]:
    """Header of a weights file, as `networks.weights.save` writes it; its tensors are not read.

    Raises:
        InputError: the file is missing, damaged, or not one of ours.
    """
    from safetensors import safe_open

    with opening(path, "safetensors file"), safe_open(path, framework="numpy") as file:
        entry = (file.metadata() or {}).get(HEADER)
    try:
        header: dict[str, Any] = json.loads(entry or "")
    except ValueError:
        raise InputError(f"{path} does not say which network it is of; {AGAIN}") from None
    header.pop(ATTRIBUTE, None)
    return header


def header_entry(header: Mapping[str, Any]) -> dict[str, str]:
    """Metadata of a weights file with a header, and room for the checksum of the file."""
    return {HEADER: json.dumps({**header, ATTRIBUTE: PLACEHOLDER}, sort_keys=True)}


def copy_weights(source: str | Path, path: str | Path) -> None:
    """Copy a weights file.

    A copy and no link: it is as new as the job that makes it, so that what depends on it is older than
    weights that have been exchanged, and results stay whole where they are moved alone.

    Raises:
        InputError: the file is missing, damaged, or not one of ours.
    """
    read_header(source)
    with atomic(path) as temporary:
        shutil.copyfile(source, temporary)
