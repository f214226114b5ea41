"""What a schema cannot say about a configuration."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError, did_you_mean
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.workflow.config.schema import _validator
from thinkalike.workflow.config.sentences import _sentence
from thinkalike.workflow.config.settings import (
    METHODS,
    all_settings,
    clustered_models,
    images_of,
    mapped_models,
    size_of,
)

DOWNLOADED = ("imagenette", "imagenette_320", "imagenette_160", "cifar10", "archive")


KEYS_OF_KINDS = {
    "path": ("folder",),
    "url": ("archive",),
    "checksum": ("archive",),
    "mirror": DOWNLOADED,
}
"""Key of `dataset` → kinds of data set that have it."""


JOINT = "joint"
"""What stands for a model in the names of files where it is all of them at once."""


NEEDED = ("timm", "name", "family", "layout", "layers")


SHARED = ("benchmarks", "published")
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


def _model_problems(config: Mapping[str, Any]) -> list[str]:
    catalogue = {**built_in_catalogue(), **config["catalogue"]}
    problems = [
        f"models.{index}: {key!r} is not one of {sorted(catalogue)}{did_you_mean(key, catalogue)}"
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
        f"methods.{index}: {name!r} is not one of {known}{did_you_mean(name, known)}"
        for index, name in enumerate(config["methods"])
        if name not in known
    ]
    method = config["spectral"]["method"]
    if method not in known:
        problems.append(
            f"spectral.method: {method!r} is not one of {known}{did_you_mean(method, known)}"
        )
    for panels, content in config["figures"]["panels"].items():
        problems += [
            f"figures.panels.{panels}.methods.{index}: {name!r} is not one of "
            f"{known}{did_you_mean(name, known)}"
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
        drawn += clustered_models(config)
    if name == config["spectral"]["method"]:
        drawn += mapped_models(config)
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
        f"{where}: {key!r} is not in `models`{did_you_mean(key, config['models'])}"
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
    if asked["joint"] and JOINT in mapped_models(config):
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
