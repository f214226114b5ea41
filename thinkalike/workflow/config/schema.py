"""The schema of a configuration, and its validator."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

SCHEMA = Path(__file__).with_name("config.schema.yaml")


@cache
def _validator() -> Draft202012Validator:
    # In JSON Schema 1.0 is an integer too; as a seed or a count it would stop a job half-way.
    whole = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    )
    checked = extend(Draft202012Validator, {"pattern": _whole_pattern}, type_checker=whole)
    return checked(yaml.safe_load(SCHEMA.read_text()))


def _whole_pattern(
    _: Any, pattern: str, instance: Any, __: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """The patterns of our schema are of whole strings; Python's `$` would let a line end follow."""
    if isinstance(instance, str) and not re.fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")
