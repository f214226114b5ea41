"""Problems of a configuration in words: the place, what is wrong, and the fix."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import ValidationError

from thinkalike.errors import did_you_mean, joined
from thinkalike.workflow.config.files import with_point_and_sign

NAME = (
    "lower-case letters, digits and underscores, beginning with a letter and not ending with an "
    "underscore"
)


def shown(value: Any) -> str:
    """A value as Python writes it, its beginning if that is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def sentence(error: ValidationError) -> str:
    """A validation error in words, with the nearest valid name."""
    where = ".".join(map(str, error.absolute_path)) or "(top level)"
    schema: Any = error.schema
    expected: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            hints = [
                f"{shown(key)} is not a key here{did_you_mean(key, known)}"
                for key in given
                if key not in known
            ]
            keys = f"keys: {', '.join(known)}"
            return f"{where}: {joined(*hints, keys)}"
        case "enum":
            options = ["null" if option is None else str(option) for option in expected]
            near = schema.get("examples", options)
            hint = _a_word(given) if type(given) is bool else did_you_mean(given, near)
            return f"{where}: {shown(given)} is not one of {schema.get('title', options)}{hint}"
        case "required":
            missing = [key for key in expected if key not in given]
            return f"{where}: {', '.join(missing)} missing; see docs/reference/configuration.md"
        case "pattern":
            hint = did_you_mean(given, schema.get("examples", []))
            return f"{where}: {shown(given)} must be {schema.get('title', NAME)}{hint}"
        case "uniqueItems":
            repeated = sorted({shown(value) for value in given if given.count(value) > 1})
            return f"{where}: {', '.join(repeated)} stands there twice; remove one"
        case "maxLength":
            return (
                f"{where}: {given[:expected]!r}… is {len(given)} characters long; give at most "
                f"{expected}"
            )
        case "minItems":
            return f"{where}: at least {expected} needed, {len(given)} given"
        case "type":
            hint = _of_another_type(given, [expected] if isinstance(expected, str) else expected)
            return f"{where}: {shown(given)} is not of type {expected}{hint}"
    return f"{where}: {error.message}"


def infinities(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Places of numbers that are infinite or NaN in mappings and lists, each with its sentence."""
    if isinstance(value, Mapping | list):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, child in items:
            yield from infinities(child, (*place, key))
    elif isinstance(value, float) and not math.isfinite(value):
        yield place, f"{'.'.join(map(str, place))}: {value} is no finite number; give one"


def _of_another_type(given: Any, expected: Sequence[str]) -> str:
    """What to write for a value that YAML reads as another type than it was meant to be."""
    if "string" in expected:
        if type(given) is bool:
            return _a_word(given)
        return f'; quote it: "{given}"' if type(given) in (int, float) else ""
    if not isinstance(given, str) or not {"integer", "number"}.intersection(expected):
        return ""
    try:
        number = float(given)
    except ValueError:
        return ""
    if number.is_integer() and "integer" in expected:
        return f"; write {int(number)}"
    return f"; write {with_point_and_sign(given) or number}"


def _a_word(given: bool) -> str:
    words = "yes, on and true" if given else "no, off and false"
    return f"; YAML reads {words} so: quote the word"
