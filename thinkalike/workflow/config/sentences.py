"""Problems of a configuration in words: the place, what is wrong, and the fix."""

from typing import Any

from jsonschema import ValidationError

from thinkalike.errors import did_you_mean

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
            hints = "; ".join(
                f"{shown(key)} is not a key here{did_you_mean(key, known)}"
                for key in given
                if key not in known
            )
            return f"{where}: {hints}; keys: {', '.join(known)}"
        case "enum":
            options = ["null" if option is None else str(option) for option in expected]
            return (
                f"{where}: {shown(given)} is not one of {schema.get('title', options)}"
                f"{did_you_mean(given, options)}"
            )
        case "required":
            missing = [key for key in expected if key not in given]
            return f"{where}: {', '.join(missing)} missing; see docs/configuration.md"
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
            return f"{where}: {shown(given)} is not of type {expected}"
    return f"{where}: {error.message}"
