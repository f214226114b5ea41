"""The schema of a configuration, and its validator."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from thinkalike.attributions import ATTRIBUTIONS
from thinkalike.methods import METHODS
from thinkalike.networks.catalogue import built_in_catalogue
from thinkalike.networks.timm_table import timm_table

SCHEMA = Path(__file__).with_name("config.schema.yaml")


@cache
def schema() -> dict[str, Any]:
    """The schema, with the names of the methods and, for their variants, the settings of each."""
    tree: dict[str, Any] = yaml.safe_load(SCHEMA.read_text())
    properties = tree["properties"]
    tree["$defs"]["method"] = {"enum": list(METHODS)}
    tree["$defs"]["attribution"] = {"enum": [*ATTRIBUTIONS, None]}
    properties["variants"]["additionalProperties"]["allOf"] = [
        {
            "if": {"required": ["method"], "properties": {"method": {"const": name}}},
            "then": {
                "properties": {
                    "method": {},
                    **properties["settings"]["properties"][name]["properties"],
                },
                "additionalProperties": False,
            },
        }
        for name in METHODS
    ]
    return tree


def validator(config: Mapping[str, Any]) -> Draft202012Validator:
    """Validator of a configuration, which knows the models and methods that it may name."""
    own, variants = config.get("catalogue"), config.get("variants")
    methods = [*METHODS, *(variants if isinstance(variants, Mapping) else {})]
    names = {
        "known_model": sorted(
            {*built_in_catalogue(), *map(str, own if isinstance(own, Mapping) else {})}
        ),
        "known_method": methods,
        "optional_method": [*methods, None],
    }
    if isinstance(config.get("models"), list):
        names["study_model"] = [key for key in config["models"] if key in names["known_model"]]
    definitions = dict(schema()["$defs"])
    for name, values in names.items():
        title = {key: text for key, text in definitions[name].items() if key == "title"}
        definitions[name] = {"enum": values, **title}
    if not set(map(str, _listed(config.get("models")))) <= set(names["known_model"]):
        definitions["known_model"]["examples"] = [*names["known_model"], *timm_table()]
    return checked_validator()({**schema(), "$defs": definitions})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@cache
def checked_validator() -> Any:
    """Class of validators of the draft, in which 1.0 is no integer and `$` is the end of a text."""
    # in JSON Schema 1.0 is an integer; as a seed or a count it would stop a job half-way
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    )
    return extend(Draft202012Validator, {"pattern": _whole_pattern}, type_checker=types)


def _whole_pattern(
    _: Any, pattern: str, instance: Any, __: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Error of a text that does not match as a whole; after Python's `$` a line end may follow."""
    if isinstance(instance, str) and not re.fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")
