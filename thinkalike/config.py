"""Load and check a study, and say everything that is wrong with it at once."""

import difflib
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
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
DOWNLOADED = ("imagenette", "imagenette_320", "imagenette_160", "cifar10", "archive")
KEYS_OF_KINDS = {
    "path": ("folder",),
    "url": ("archive",),
    "checksum": ("archive",),
    "mirror": DOWNLOADED,
}
"""Key of `dataset` → kinds of data set that have it."""
METHODS = ("gradcam", "integrated_gradients", "kernelshap", "lrp")
COMPARED = ("images", "sign", "rescaling", "rbf_sigma", "ceiling_images")
"""Settings of a method that do not change its maps, only how many there are or how they are compared."""
FEW = 3
"""Models whose maps are clustered, if none are named."""
JOINT = "joint"
"""What stands for a model in the names of files where it is all of them at once."""
NEEDED = ("timm", "name", "family", "layout", "layers")
SHARED = ("benchmarks", "replication")
"""Folders of `results/` that are no study's."""
RESERVED = ("model", "resolution", "communities", "modularity", "drawn", "agreement_pairs")
"""Columns, and one file, that stand beside those of the models."""
OF_WEIGHTS = (
    "cache_dir",
    "checkpoint_path",
    "pretrained",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "pretrained_custom_load",
    "pretrained_model_args",
)
"""Arguments of `timm.create_model` by which it would read weights from elsewhere, pickles among them."""


def resolve(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check a study's configuration and complete its models.

    Args:
        config: as read from config.yaml and its overlays.

    Returns:
        The configuration, with `catalogue` holding the selected models alone, each complete: `like`
        followed, `training` and `weights` filled up from the study's; `settings` holding those of the
        variants, too, each with its `method`; `neon.models` and `spectral.models` lists; and every set
        of panels complete.

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
        key: _filled_up(complete_entry(key, catalogue), config) for key in config["models"]
    }
    study["settings"] = all_settings(config)
    study["neon"]["models"] = _clustered(config)
    study["spectral"]["models"] = _mapped(config)
    study["figures"]["panels"] = {
        name: {
            "count": panels["count"],
            "images": panels.get("images", "first"),
            "models": panels.get("models") or config["models"],
            "methods": panels.get("methods") or config["methods"],
        }
        for name, panels in config["figures"]["panels"].items()
    }
    return study


def _clustered(config: Mapping[str, Any]) -> list[str]:
    """The models whose features are clustered."""
    models = config["neon"]["models"]
    return list(config["models"] if models is None else models)


def _mapped(config: Mapping[str, Any]) -> list[str]:
    """The models whose maps are clustered."""
    models = config["spectral"]["models"]
    return list(config["models"][:FEW] if models is None else models)


def all_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of every method and variant, each with the `method` that it is or varies."""
    settings = {name: {**config["settings"][name], "method": name} for name in METHODS}
    for name, changes in config["variants"].items():
        inherited = dict(config["settings"][changes["method"]])
        if "depth" in changes:  # another layer has another grid
            inherited["mended_cells"] = {}
        settings[name] = {**inherited, **changes}
    return settings


def images_of(settings: Mapping[str, Any], count: int) -> int:
    """How many of the study's images a method explains."""
    images = settings["images"]
    return count if images is None else min(int(images), count)


def size_of(subset: str) -> int | None:
    """The number of images in the name of a subset, as in `all_64`; None if there is none."""
    _, _, number = subset.partition("_")
    return int(number) if number else None


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


def _filled_up(entry: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **entry,
        "training": {**config["training"], **entry.get("training", {})},
        "weights": entry.get("weights", config["weights"]),
    }


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
        if key in RESERVED:
            problems.append(
                f"catalogue.{key}: a column or a file beside those of the models is called so; give the "
                "model another key"
            )
        problems.extend(_entry_problems(key, catalogue))
    return problems or _name_problems(config["models"], catalogue)


def _name_problems(models: list[str], catalogue: Mapping[str, Any]) -> list[str]:
    """Two models of one name could not be told apart in a figure; not every name can be drawn."""
    named: dict[str, str] = {}
    problems = []
    for key in models:
        name = complete_entry(key, catalogue)["name"]
        if not name.isprintable() or name != name.strip():
            problems.append(
                f"catalogue.{key}.name: {name!a} has a character that cannot be seen, or a blank at an "
                "end; take it out"
            )
        # ligatures, wide letters, no-break blanks, …: drawn, they look the same or nearly so
        looks = unicodedata.normalize("NFKC", name)
        if looks in named:
            first = named[looks]
            # the one of the two that is the user's to name
            mine, other = (first, key) if key in built_in_catalogue() else (key, first)
            problems.append(
                f"catalogue.{mine}.name: {name!r} is the name of {other}, too; give it another"
            )
        named.setdefault(looks, key)
    return problems


def _method_problems(config: Mapping[str, Any]) -> list[str]:
    known = [*METHODS, *config["variants"]]
    problems = [
        f"methods.{index}: {name!r} is not one of {known}{_did_you_mean(name, known)}"
        for index, name in enumerate(config["methods"])
        if name not in known
    ]
    method = config["spectral"]["method"]
    if method not in known:
        problems.append(
            f"spectral.method: {method!r} is not one of {known}{_did_you_mean(method, known)}"
        )
    for panels, content in config["figures"]["panels"].items():
        problems += [
            f"figures.panels.{panels}.methods.{index}: {name!r} is not one of "
            f"{known}{_did_you_mean(name, known)}"
            for index, name in enumerate(content.get("methods", []))
            if name not in known
        ]
    return problems


def _variant_problems(config: Mapping[str, Any]) -> list[str]:
    whole: Any = _validator().schema
    problems = []
    for name, changes in config["variants"].items():
        if name in METHODS:
            problems.append(
                f"variants.{name}: this is a method itself; give the variant another key"
            )
        keys = whole["properties"]["settings"]["properties"][changes["method"]]
        schema = {**keys, "required": [], "$defs": whole["$defs"]}
        asked = {key: value for key, value in changes.items() if key != "method"}
        for error in _validator().evolve(schema=schema).iter_errors(asked):
            error.path.extendleft((name, "variants"))
            problems.append(_sentence(error))
    return problems


def _asked(config: Mapping[str, Any], method: str) -> dict[str, Mapping[str, Any]]:
    """The settings of a method and its variants, of those that the study uses at all; by where."""
    if _variant_problems(config) or _method_problems(config):
        return {}
    drawn = [
        m for panels in config["figures"]["panels"].values() for m in panels.get("methods", [])
    ]
    if config["neon"]["models"] != []:
        drawn.append(config["neon"]["method"])
    if config["spectral"]["models"] != []:
        drawn.append(config["spectral"]["method"])
    settings = all_settings(config)
    return {
        f"{'settings' if name in METHODS else 'variants'}.{name}": settings[name]
        for name in dict.fromkeys([*config["methods"], *drawn])
        if settings[name]["method"] == method
    }


def _depth_problems(config: Mapping[str, Any]) -> list[str]:
    if _model_problems(config):
        return []
    catalogue = {**built_in_catalogue(), **config["catalogue"]}
    layers = {key: complete_entry(key, catalogue)["layers"] for key in config["models"]}
    return [
        f"{where}.depth: {key} has no Grad-CAM layer at {settings['depth']} (it has "
        f"{', '.join(layers[key])}); choose another depth or leave the model out"
        for where, settings in _asked(config, "gradcam").items()
        for key in _models_of(config, where)
        if f"depth_{settings['depth']}" not in layers[key]
    ]


def _models_of(config: Mapping[str, Any], where: str) -> list[str]:
    """The models that a method explains: all, or those of its panels and whose clusters it explains."""
    name = where.split(".")[1]
    if name in config["methods"]:
        return list(config["models"])
    drawn = [
        model
        for panels in config["figures"]["panels"].values()
        if name in panels.get("methods", [])
        for model in panels.get("models") or config["models"]
        if model in config["models"]
    ]
    if name == config["neon"]["method"]:
        drawn += _clustered(config)
    if name == config["spectral"]["method"]:
        drawn += _mapped(config)
    return list(dict.fromkeys(drawn))


def _kernelshap_problems(config: Mapping[str, Any]) -> list[str]:
    segments = config["segments"]["count"]
    problems = []
    for where, settings in _asked(config, "kernelshap").items():
        evaluations, most = settings["evaluations"], settings["most_evaluations"]
        if evaluations < segments + 2:
            problems.append(
                f"{where}.evaluations: {evaluations} is too few for segments.count, "
                f"{segments}; give at least {segments + 2}"
            )
        if settings["tolerance"] is not None and where.startswith("variants"):
            problems.append(
                f"{where}.tolerance: only settings.kernelshap can have one; set null here"
            )
        elif settings["tolerance"] is not None and most < evaluations:
            problems.append(
                f"{where}.most_evaluations: {most} is less than evaluations, {evaluations}; "
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
    problems += [
        f"subsets.{index}: {subset} is not fewer than images.count, {count}; leave it out"
        for index, subset in enumerate(config["subsets"])
        if (size_of(subset) or 0) >= count
    ]
    if _variant_problems(config) or _method_problems(config):
        return problems
    settings = all_settings(config)
    for name, panels in config["figures"]["panels"].items():
        for method in panels.get("methods") or config["methods"]:
            there = images_of(settings[method], count)
            if panels["count"] > there:
                problems.append(
                    f"figures.panels.{name}.count: {panels['count']} is more than the {there} images "
                    f"that {method} explains; draw fewer, or explain more"
                )
    return problems


def _lrp_problems(config: Mapping[str, Any]) -> list[str]:
    """It explains logits in full precision; anything else would stop a job half-way."""
    if not _asked(config, "lrp"):
        return []
    return [
        f"explanation.{key}: lrp explains {only} alone; set {value}, or leave lrp out of methods"
        for key, value, only in (
            ("output", "logit", "logits"),
            ("precision", "float32", "in float32"),
        )
        if config["explanation"][key] != value
    ]


def _cluster_problems(config: Mapping[str, Any]) -> list[str]:
    clusters, count = config["neon"]["clusters"], config["images"]["count"]
    if config["neon"]["models"] == [] or clusters is None or clusters <= count:
        return []
    return [
        f"neon.clusters: {clusters} is more than images.count, {count}; give fewer, or more images"
    ]


def _selection_problems(config: Mapping[str, Any]) -> list[str]:
    """Models that are named outside of `models` must be there, too."""
    named = {
        "budgets.models": config["budgets"]["models"],
        "borders.layers": [m for m, layers in config["borders"]["layers"].items() if layers],
        "settings.gradcam.mended_cells": config["settings"]["gradcam"]["mended_cells"],
        "neon.models": config["neon"]["models"] or [],
        "spectral.models": config["spectral"]["models"] or [],
        **{
            f"figures.panels.{name}.models": panels.get("models", [])
            for name, panels in config["figures"]["panels"].items()
        },
    }
    return [
        f"{where}: {key!r} is not in `models`{_did_you_mean(key, config['models'])}"
        for where, models in named.items()
        for key in models
        if key not in config["models"]
    ]


def _spectral_problems(config: Mapping[str, Any]) -> list[str]:
    asked = config["spectral"]
    problems = []
    method = config["variants"].get(asked["method"], {"method": asked["method"]})["method"]
    if method == "kernelshap":
        problems.append(
            f"spectral.method: {asked['method']!r} has maps on superpixels, which differ from image to "
            "image; choose another method"
        )
    if asked["clusters"] is not None and asked["clusters"] > asked["images"]:
        problems.append(
            f"spectral.clusters: {asked['clusters']} is more than spectral.images, {asked['images']}; "
            "give fewer, or more images"
        )
    if asked["joint"] and JOINT in _mapped(config):
        problems.append(
            f"catalogue.{JOINT}: all models together are called so where maps are clustered; give the "
            "model another key, or set spectral.joint: false"
        )
    return problems


def _entry_problems(key: str, catalogue: Mapping[str, Any]) -> list[str]:
    try:
        entry = complete_entry(key, catalogue)
    except InputError as error:
        return [str(error)]
    missing = [
        f"catalogue.{key}: {need} is missing; say it, or take it from another model with `like`"
        for need in NEEDED
        if need not in entry
    ]
    return missing + [
        f"catalogue.{key}.arguments.{name}: where weights come from is not an argument; say it in "
        "`weights` (and pretrained.folder)"
        for name in entry.get("arguments", {})
        if name in OF_WEIGHTS
    ]


def _dataset_problems(config: Mapping[str, Any]) -> list[str]:
    dataset = config["dataset"]
    kind = dataset["kind"]
    problems = [
        f"dataset.{key}: the kind {kind} has no {key}; remove it"
        for key, kinds in KEYS_OF_KINDS.items()
        if key in dataset and kind not in kinds
    ]
    if kind == "archive":
        problems += [
            f"dataset.{key}: the kind archive needs it; give it"
            for key in ("url", "checksum")
            if key not in dataset
        ]
    if kind != "folder":
        return problems
    if "path" not in dataset:
        return ["dataset.path: the kind folder needs the path of an ImageFolder; give it"]
    if dataset["name"] in ("digits", "samples", *DOWNLOADED):
        problems.append(
            f"dataset.name: {dataset['name']!r} is a built-in data set; give your folder a name of "
            "its own"
        )
    if not Path(dataset["path"]).is_dir():
        problems.append(f"dataset.path: {dataset['path']!r} is not a folder; mend the path")
    return problems


def _study_problems(config: Mapping[str, Any]) -> list[str]:
    study = config["study"]
    if study not in SHARED:
        return []
    return [f"study: results/{study}/ is not a study's; give the study another name"]


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


def _did_you_mean(word: Any, known: Any) -> str:
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


CHECKS = {
    "study": _study_problems,
    "models catalogue": _model_problems,
    "models budgets borders figures settings neon spectral": _selection_problems,
    "settings variants": _variant_problems,
    "methods settings variants figures spectral": _method_problems,
    "models catalogue methods settings variants figures neon spectral": _depth_problems,
    "dataset": _dataset_problems,
    "methods settings variants segments figures neon spectral": _kernelshap_problems,
    "explanation methods settings variants figures neon spectral": _lrp_problems,
    "images methods settings variants subsets subsampling figures spectral": _count_problems,
    "images neon": _cluster_problems,
    "models variants spectral": _spectral_problems,
}
"""What a schema cannot say: the sections that must be sound first → the check."""
