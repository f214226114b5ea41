"""Load and check a study, and say everything that is wrong with it at once."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from thinkalike.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schemas" / "config.schema.yaml"
CATALOGUE = ROOT / "thinkalike" / "catalogue.yaml"
BUILT_IN_DATASETS = ("digits",)
NEEDED = ("timm", "name", "family", "layout", "layers")


def resolve(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check a study's configuration and complete its models.

    Args:
        config: as read from config.yaml and its overlays.

    Returns:
        The configuration, with `catalogue` holding the selected models alone, each complete: `like`
        followed, `training` filled up from the study's.

    Raises:
        InputError: a line for every problem, with the mend.
    """
    errors = list(_validator().iter_errors(config))
    damaged = {str(error.absolute_path[0]) for error in errors if error.absolute_path}
    sound = {key for key in config if key not in damaged}
    problems = [_sentence(error) for error in errors]
    for sections, check in CHECKS.items():
        if sound.issuperset(sections.split()):
            problems.extend(check(config))
    if problems:
        raise InputError("\n".join(sorted(set(problems))))
    study = deepcopy(dict(config))
    catalogue = {**built_in_catalogue(), **config["catalogue"]}
    study["catalogue"] = {
        key: _with_training(complete_entry(key, catalogue), config["training"])
        for key in config["models"]
    }
    return study


@cache
def _validator() -> Draft202012Validator:
    # In JSON Schema 1.0 is an integer too; as a seed or a count it would stop a job half-way.
    whole = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    )
    return extend(Draft202012Validator, type_checker=whole)(yaml.safe_load(SCHEMA.read_text()))


@cache
def built_in_catalogue() -> dict[str, Any]:
    """The models that come with thinkalike."""
    catalogue: dict[str, Any] = yaml.safe_load(CATALOGUE.read_text())
    return catalogue


def complete_entry(key: str, catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """A catalogue entry with everything it takes from the one it is `like`."""
    entry = dict(catalogue[key])
    chain = [key]
    while (like := entry.pop("like", None)) is not None:
        if like not in catalogue:
            raise InputError(
                f"catalogue.{key}.like: {like!r} is not a model{_did_you_mean(like, catalogue)}"
            )
        if like in chain:
            raise InputError(
                f"catalogue.{key}.like: {' → '.join([*chain, like])} goes in a circle; say what "
                "one of them is"
            )
        chain.append(like)
        other = catalogue[like]
        training = {**other.get("training", {}), **entry.get("training", {})}
        entry = {**other, **{k: v for k, v in entry.items() if k != "like"}, "training": training}
    return entry


def _with_training(entry: dict[str, Any], training: Mapping[str, Any]) -> dict[str, Any]:
    return {**entry, "training": {**training, **entry.get("training", {})}}


def _model_problems(config: Mapping[str, Any]) -> list[str]:
    catalogue = {**built_in_catalogue(), **config["catalogue"]}
    problems = [
        f"models.{index}: {key!r} is not one of {sorted(catalogue)}{_did_you_mean(key, catalogue)}"
        for index, key in enumerate(config["models"])
        if key not in catalogue
    ]
    for key in config["catalogue"]:
        if key in built_in_catalogue():
            problems.append(f"catalogue.{key}: a built-in model has this key; choose another")
        problems.extend(_entry_problems(key, catalogue))
    return problems or _name_problems(config["models"], catalogue)


def _name_problems(models: list[str], catalogue: Mapping[str, Any]) -> list[str]:
    """Two models of one name could not be told apart in a figure."""
    named: dict[str, str] = {}
    problems = []
    for key in models:
        name = complete_entry(key, catalogue)["name"]
        if name in named:
            first = named[name]
            # the one of the two that is the user's to name
            mine, other = (first, key) if key in built_in_catalogue() else (key, first)
            problems.append(
                f"catalogue.{mine}.name: {name!r} is the name of {other}, too; give it another"
            )
        named.setdefault(name, key)
    return problems


def _depth_problems(config: Mapping[str, Any]) -> list[str]:
    if "gradcam" not in config["methods"] or _model_problems(config):
        return []
    catalogue = {**built_in_catalogue(), **config["catalogue"]}
    depth = config["settings"]["gradcam"]["depth"]
    layers = {key: complete_entry(key, catalogue)["layers"] for key in config["models"]}
    return [
        f"settings.gradcam.depth: {key} has no Grad-CAM layer at {depth} (it has "
        f"{', '.join(layers[key])}); choose another depth or leave the model out"
        for key in config["models"]
        if f"depth_{depth}" not in layers[key]
    ]


def _kernelshap_problems(config: Mapping[str, Any]) -> list[str]:
    if "kernelshap" not in config["methods"]:
        return []
    settings = config["settings"]["kernelshap"]
    evaluations, most = settings["evaluations"], settings["most_evaluations"]
    segments = config["segments"]["count"]
    problems = []
    if evaluations < segments + 2:
        problems.append(
            f"settings.kernelshap.evaluations: {evaluations} is too few for segments.count, "
            f"{segments}; give at least {segments + 2}"
        )
    if settings["tolerance"] is not None and most < evaluations:
        problems.append(
            f"settings.kernelshap.most_evaluations: {most} is less than evaluations, {evaluations}; "
            "with a tolerance they only grow: give more"
        )
    return problems


def _count_problems(config: Mapping[str, Any]) -> list[str]:
    count = config["images"]["count"]
    problems = [
        f"subsampling.sizes.{index}: {size} is more than images.count, {count}; without "
        f"replacement at most {count} can be drawn"
        for index, size in enumerate(config["subsampling"]["sizes"])
        if size > count
    ]
    panels = config["figures"]["panels"]
    if panels > count:
        problems.append(f"figures.panels: {panels} is more than images.count, {count}; draw fewer")
    return problems


def _entry_problems(key: str, catalogue: Mapping[str, Any]) -> list[str]:
    try:
        entry = complete_entry(key, catalogue)
    except InputError as error:
        return [str(error)]
    return [
        f"catalogue.{key}: {need} is missing; say it, or take it from another model with `like`"
        for need in NEEDED
        if need not in entry
    ]


def _dataset_problems(config: Mapping[str, Any]) -> list[str]:
    dataset = config["dataset"]
    if dataset["kind"] != "folder":
        if "path" in dataset:
            return [f"dataset.path: the kind {dataset['kind']} has no path; remove it"]
        return []
    if "path" not in dataset:
        return ["dataset.path: the kind folder needs the path of an ImageFolder; give it"]
    problems = []
    if dataset["name"] in BUILT_IN_DATASETS:
        problems.append(
            f"dataset.name: {dataset['name']!r} is a built-in data set; give your folder a name of "
            "its own"
        )
    if not Path(dataset["path"]).is_dir():
        problems.append(f"dataset.path: {dataset['path']!r} is not a folder; mend the path")
    return problems


def folder_listing(path: str | Path) -> str:
    """A hash of the names and sizes of a folder's files: has something been added or replaced?"""
    root = Path(path)
    files = sorted(f for f in root.rglob("*") if f.is_file())
    listing = [(f.relative_to(root).as_posix(), f.stat().st_size) for f in files]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]


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
                f"{key!r} is not a key here{_did_you_mean(key, known)}" for key in extra
            )
            return f"{where}: {hints}; keys: {', '.join(known)}"
        case "enum":
            options = [str(option) for option in asked]
            return f"{where}: {given!r} is not one of {options}{_did_you_mean(str(given), options)}"
        case "required":
            missing = [key for key in asked if key not in given]
            return f"{where}: {', '.join(missing)} missing; see docs/configuration.md"
        case "pattern":
            return (
                f"{where}: {given!r} must be lower-case letters, digits and underscores, "
                "beginning with a letter"
            )
        case "uniqueItems":
            twice = sorted({str(v) for v in given if given.count(v) > 1})
            return f"{where}: {', '.join(twice)} is there twice; remove one"
        case "minItems":
            return f"{where}: at least {asked} needed, {len(given)} given"
        case "type":
            return f"{where}: {given!r} is not of type {asked}"
    return f"{where}: {error.message}"


def _did_you_mean(word: Any, known: Any) -> str:
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


CHECKS = {
    "models catalogue": _model_problems,
    "models catalogue methods settings": _depth_problems,
    "dataset": _dataset_problems,
    "methods settings segments": _kernelshap_problems,
    "images subsampling figures": _count_problems,
}
"""What a schema cannot say: the sections that must be sound first → the check."""
