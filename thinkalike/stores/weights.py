"""Weights files without torch: their headers, and copies of them."""

import json
import shutil
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError
from thinkalike.stores.atomic import atomic
from thinkalike.stores.damage import AGAIN, unreadable
from thinkalike.stores.plain import refuse_special

HEADER = "thinkalike"
"""The key of our entry, one JSON text, in the header of a safetensors file (which keeps no order)."""


def read_header(path: str | Path) -> dict[str, Any]:
    """Header of a weights file, as `networks.weights.save` writes it; its tensors are not read.

    Raises:
        InputError: the file is missing, damaged, or not one of ours.
    """
    from safetensors import SafetensorError, safe_open

    refuse_special(path)
    try:
        with safe_open(path, framework="numpy") as file:
            header: dict[str, Any] = json.loads((file.metadata() or {})[HEADER])
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run the rule that makes it") from None
    except (SafetensorError, OSError) as error:
        raise unreadable(path, "safetensors file", error) from None
    except (KeyError, ValueError):
        raise InputError(f"{path} does not say which network it is of; {AGAIN}") from None
    return header


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
