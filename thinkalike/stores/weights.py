"""Headers of weights files, read without their tensors."""

import json
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError
from thinkalike.stores.damage import AGAIN, unreadable

HEADER = "thinkalike"
"""The key of our entry, one JSON text, in the header of a safetensors file (which keeps no order)."""


def read_header(path: str | Path) -> dict[str, Any]:
    """What `models.save` wrote into the header of a weights file; its tensors are not read.

    Raises:
        InputError: the file is missing, damaged, or not one of ours.
    """
    from safetensors import SafetensorError, safe_open

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
