"""Problems of a configuration in words."""

from typing import Any

from jsonschema import ValidationError

from thinkalike.errors import did_you_mean


def _sentence(error: ValidationError) -> str:
    """A validation error in words, with the nearest valid name."""
    where = ".".join(map(str, error.absolute_path)) or "(top level)"
    schema: Any = error.schema
    asked: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            extra = [key for key in given if key not in known]
            hints = "; ".join(
                f"{key!r} is not a key here{did_you_mean(key, known)}" for key in extra
            )
            return f"{where}: {hints}; keys: {', '.join(known)}"
        case "enum":
            options = [str(option) for option in asked]
            return f"{where}: {given!r} is not one of {options}{did_you_mean(str(given), options)}"
        case "required":
            missing = [key for key in asked if key not in given]
            return f"{where}: {', '.join(missing)} missing; see docs/configuration.md"
        case "pattern":
            asked = schema.get(
                "title",
                "lower-case letters, digits and underscores, beginning with a letter and not ending "
                "with an underscore",
            )
            return f"{where}: {given!r} must be {asked}"
        case "uniqueItems":
            twice = sorted({str(v) for v in given if given.count(v) > 1})
            return f"{where}: {', '.join(twice)} is there twice; remove one"
        case "maxLength":
            return (
                f"{where}: {given[:asked]!r}… is {len(given)} characters long; give at most {asked}"
            )
        case "minItems":
            return f"{where}: at least {asked} needed, {len(given)} given"
        case "type":
            return f"{where}: {given!r} is not of type {asked}"
    return f"{where}: {error.message}"
