"""Settings as frozen dataclasses, rebuilt from the plain mappings that configurations consist of."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from thinkalike.errors import InputError

T = TypeVar("T")


def rebuilt(kind: type[T], values: Mapping[str, Any]) -> T:
    """The dataclass `kind` with those of the values that are its fields; others are left out.

    Raises:
        InputError: a field without a default has no value.
    """
    known: Any = fields(kind)  # type: ignore[arg-type]
    required = [f.name for f in known if f.default is f.default_factory is MISSING]
    missing = [name for name in required if name not in values]
    if missing:
        raise InputError(f"{kind.__name__}: {', '.join(missing)} is missing; give it a value")
    return kind(**{f.name: values[f.name] for f in known if f.name in values})
