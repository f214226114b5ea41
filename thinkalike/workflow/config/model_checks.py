"""Checks of a study's models: their entries, names, sizes and classes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError, did_you_mean, joined
from thinkalike.images.contents import Contents
from thinkalike.networks.catalogue import (
    built_in_catalogue,
    complete_entry,
    sizes_in_words,
)
from thinkalike.networks.timm_table import file_safe, timm_table, wrong_tag
from thinkalike.user_code import check_defined
from thinkalike.workflow.config.settings import (
    Config,
    class_names,
    is_path,
    replicas_of,
    selected_entries,
)

NEEDED = ("name", "family")
"""Keys that a complete entry of the catalogue has."""

NEEDED_OF = {"timm": ("timm", "layout", "layers"), "file": ("build",)}
"""What a network is from → further keys that its entry has."""

BUILT_BY = ("timm", "file", "build", "arguments")
"""Keys of an entry by which its network is built."""

RESERVED = ("model", "resolution", "communities", "modularity", "drawn", "agreement_pairs")
"""Columns, and one file, that stand beside those of the models."""

WEIGHTS_ARGUMENTS = (
    "cache_dir",
    "checkpoint_path",
    "pretrained",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "pretrained_custom_load",
    "pretrained_model_args",
)
"""Arguments of `timm.create_model` by which it would read weights from elsewhere, pickles among them."""

_FEATURES = "a network of features has no scores to explain"
GIVEN_ARGUMENTS = {
    "num_classes": "there is an output for each class of the images",
    "in_chans": "images have three channels",
    "img_size": "the size of the images is images.size",
    "features_only": _FEATURES,
    "out_indices": _FEATURES,
    "feature_cfg": _FEATURES,
    "model_name": "the name of the network is `timm`",
}
"""Argument of `timm.create_model` → why it is none of a catalogue entry."""

SMALLEST = 16
"""Smallest side of an image in pixels."""

LARGEST = 2048
"""Largest side that is proposed."""


def catalogue(config: Config) -> Iterator[str]:
    """Entries of the user's that are incomplete, or under a key that is taken."""
    entries = {**built_in_catalogue(), **config["catalogue"]}
    for key in config["catalogue"]:
        if key in built_in_catalogue():
            yield f"catalogue.{key}: a built-in model has this key; choose another"
        if key in RESERVED:
            yield (
                f"catalogue.{key}: a column or a file beside those of the models is called so; give the "
                "model another key"
            )
        try:
            entry = complete_entry(key, entries)
        except InputError as error:
            yield f"catalogue.{key}.like: {error}"
            continue
        kind = "file" if "file" in entry else "timm"
        for needed in (*NEEDED, *NEEDED_OF[kind]):
            if needed not in entry:
                hint = did_you_mean(entry["timm"], timm_table()) if "timm" in entry else ""
                yield (
                    f"catalogue.{key}: {needed} is missing; say it, or take it from another model with "
                    f"`like`{hint}"
                )
        yield from (f"catalogue.{key}{line}" for line in _network(entry))
        name = config["catalogue"][key].get("timm", "")
        if line := wrong_tag(name):
            # such an entry was made for a name (timm_names)
            is_made = key == file_safe(name) and key in config["models"]
            yield f"{'models' if is_made else f'catalogue.{key}.timm'}: {line}"
        if kind == "timm":
            yield from (
                f"catalogue.{key}.{line}" for line in _arguments(entry.get("arguments", {}))
            )


def _arguments(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Arguments of `timm.create_model` that the study gives, or that leave no scores to explain."""
    for name in arguments:
        if name in WEIGHTS_ARGUMENTS:
            yield (
                f"arguments.{name}: where weights come from is not an argument; say it in `weights` (and "
                "pretrained.folder)"
            )
        elif name in GIVEN_ARGUMENTS:
            yield f"arguments.{name}: {GIVEN_ARGUMENTS[name]}; leave it out"
    if not arguments.get("global_pool", True):
        yield (
            "arguments.global_pool: without pooling there is no score for each class; name one, or leave "
            "it out"
        )


def _network(entry: Mapping[str, Any]) -> Iterator[str]:
    """What does not fit in an entry about a network of the user's; each line begins with its place."""
    if "file" in entry and "timm" in entry:
        yield ".file: the network is one of timm, too; leave one of the two out"
    if "file" in entry and "build" in entry:
        try:
            check_defined(entry["file"], entry["build"])
        except InputError as error:
            yield joined(f".file: {error}", "correct `file` or `build`")
    if "build" in entry and "file" not in entry:
        yield ".build: there is no file that it is a function of; give `file`"
    pairs = [("mean", "std"), ("std", "mean")]
    if any(isinstance(layer, str) for layer in entry.get("layers", {}).values()):
        pairs += [("layers", "layout")] if "file" in entry else []
    for one, other in pairs:
        if one in entry and other not in entry:
            yield f".{other}: missing beside {one}; give both, or none"
    if isinstance(entry.get("classes"), str):
        try:
            found = class_names(entry["classes"])
        except InputError as error:
            yield f".classes: {error}"
        else:
            if len(found) < 2 or len(set(found)) < len(found):
                yield (
                    f".classes: {entry['classes']} has {len(found)} names, {len(set(found))} of them "
                    "different; write one for each output in a line of its own, two at least"
                )
            if strange := [name for name in found if "<" in name or ">" in name]:
                yield f".classes: {strange[0]!r} has < or >; take them out"


def weights(config: Config) -> Iterator[str]:
    """Weights that a network cannot have, and files of weights that there are not."""
    for key, entry in selected_entries(config).items():
        given = str(entry.get("weights", config["weights"]))
        where = f"catalogue.{key}"
        is_own, kind = "file" in entry, entry.get("outputs", {}).get("kind", "softmax")
        if "noise" in entry:
            continue
        for place in ("weights", "checkpoint"):
            path = str(entry.get(place, ""))
            if is_path(path) and not Path(path).is_file():
                yield f"{where}.{place}: {path!r} is not a file; correct the path"
        if is_own and given == "pretrained":
            yield (
                f"{where}.weights: a network of your own has none that are pretrained; give the path of "
                "its weights, or set trained or random"
            )
        if is_own and given == "finetuned" and "checkpoint" not in entry:
            yield (
                f"{where}.checkpoint: missing; give the file of the weights that the network is fine-tuned "
                "from"
            )
        if "checkpoint" in entry and given != "finetuned":
            yield f"{where}.checkpoint: is for weights: finetuned; write this path as `weights`"
        if is_own and "mean" not in entry and not (is_path(given) or "checkpoint" in entry):
            yield (
                f"{where}.mean: missing; give mean and std of the normalisation of images in [0, 1], "
                "[0, 0, 0] and [1, 1, 1] for none"
            )
        if kind != "softmax" and not is_path(given):
            yield (
                f"{where}.outputs.kind: {given} weights are made for one class an image; leave kind out, "
                "or give weights of a file"
            )
        if kind == "binary" and "classes" in entry and len(_classes(entry)) != 2:
            number = len(_classes(entry))
            yield f"{where}.classes: a single logit is for two classes; name two, and not {number}"


def _classes(entry: Mapping[str, Any]) -> list[str]:
    """Names of the outputs of an entry, from its list or file; none where the file cannot be read."""
    given = entry.get("classes", [])
    try:
        return class_names(given) if isinstance(given, str) else list(given)
    except InputError:
        return []


def names(config: Config) -> Iterator[str]:
    """Display names that cannot be drawn or told apart in a figure."""
    first_with: dict[str, str] = {}
    for key, entry in selected_entries(config).items():
        name = entry["name"]
        if not name.isprintable() or name != name.strip():
            yield (
                f"catalogue.{key}.name: {name!a} has a character that cannot be seen, or a blank at an "
                "end; take it out"
            )
        # ligatures, wide letters, no-break blanks, …: drawn, they look the same or nearly so
        first = first_with.setdefault(unicodedata.normalize("NFKC", name), key)
        if first != key:
            # the one of the two that is the user's to name
            mine, other = (first, key) if key in built_in_catalogue() else (key, first)
            yield f"catalogue.{mine}.name: {name!r} is the name of {other}, too; give it another"


def noise(config: Config) -> Iterator[str]:
    """Noise on the weights of a model of another architecture, or of one that has noise itself."""
    entries = selected_entries(config)
    for key, entry in entries.items():
        source = entry.get("noise", {}).get("model")
        if source not in entries:
            continue
        where, other = f"catalogue.{key}.noise.model", entries[source]
        if "noise" in other:
            yield f"{where}: {source} has noise itself; name the model that it is added to"
        elif any(entry.get(part) != other.get(part) for part in BUILT_BY):
            yield (
                f"{where}: {source} is of another architecture, whose weights do not fit; write "
                f"`like: {source}`"
            )


def heads(config: Config) -> Iterator[str]:
    """Heads for models whose weights are made with a head, or are another model's."""
    for key, entry in selected_entries(config).items():
        if "head" not in entry:
            continue
        where, weights = f"catalogue.{key}.head", str(entry.get("weights", config["weights"]))
        if "noise" in entry:
            yield f"{where}: with `noise` a model has the head of another; leave one of the two out"
        elif weights not in ("pretrained", "random") and not is_path(weights):
            yield (
                f"{where}: a head is fitted to features of weights that are pretrained, random or in a "
                f"file, and {weights} models learn one themselves; leave it out, or set "
                f"catalogue.{key}.weights"
            )


def grounded(config: Config) -> Iterator[str]:
    """Groups in which no two models are alike, or none differ, and ladders without rungs."""
    groups, ladder = config["grounded"]["groups"], config["grounded"]["ladder"]
    sizes = Counter(groups.values())
    if groups and (len(sizes) < 2 or max(sizes.values()) < 2):
        yield "grounded.groups: give two groups, one of them of two models at least, or none"
    if len(ladder) in (1, 2):
        yield "grounded.ladder: give the first model and at least two that are less and less like it"


def replicas(config: Config) -> Iterator[str]:
    """Replicas under a key that is taken."""
    taken = {**built_in_catalogue(), **config["catalogue"]}
    for replica, model in replicas_of(config).items():
        if replica in taken:
            yield f"replicas.{model}: {replica} is a model of the catalogue; give that another key"


def selections(config: Config) -> Iterator[str]:
    """Models with settings of their own that are not compared; an empty list takes a model out."""
    for where, settings in (
        ("borders.layers", config["borders"]["layers"]),
        ("settings.gradcam.mended_cells", config["settings"]["gradcam"]["mended_cells"]),
    ):
        for key, values in settings.items():
            if values and key not in config["models"]:
                hint = did_you_mean(key, config["models"])
                yield f"{where}: {key!r} is not one of `models`{hint}"


def image_size(config: Config) -> Iterator[str]:
    """A size of images that a network does not take, and the nearest ones that all take."""
    size = config["images"]["size"]
    needs = {key: entry.get("size", {}) for key, entry in selected_entries(config).items()}
    wrong = {key: need for key, need in needs.items() if not _suits(size, need)}
    if not wrong:
        return
    refusals = ", ".join(f"{key} takes {sizes_in_words(need)}" for key, need in wrong.items())
    suitable = [
        side
        for side in range(SMALLEST, LARGEST + 1)
        if all(_suits(side, need) for need in needs.values())
    ]
    below = [side for side in suitable if side < size][-1:]
    above = [side for side in suitable if side > size][:1]
    nearest = " or ".join(map(str, below + above))
    fix = (
        f"set {nearest}, or leave these models out"
        if nearest
        else "no size suits all; leave some out"
    )
    yield f"images.size: {size} does not suit every model ({refusals}); {fix}"


def _suits(size: int, need: Mapping[str, int]) -> bool:
    is_multiple = size % need.get("multiple", 1) == 0
    return is_multiple and size >= need.get("minimum", 0) and size == need.get("only", size)


def classes(config: Config, held: Contents) -> Iterator[str]:
    """Weights with outputs for ImageNet's classes, whose names are synsets, for images of others."""
    strange = [name for name in held.classes if not re.fullmatch(r"n\d{8}", name)]
    for key, entry in selected_entries(config).items():
        weights = entry.get("weights", config["weights"])
        if "head" in entry or "noise" in entry:
            continue
        known = _classes(entry) if is_path(str(weights)) else []
        unknown = [name for name in held.classes if known and name not in known]
        if unknown:
            yield joined(
                f"catalogue.{key}.classes: no output is called {', '.join(unknown[:3])}"
                f"{', …' if unknown[3:] else ''}, as the images' classes are"
                f"{did_you_mean(unknown[0], known)}",
                "name outputs and class folders alike",
            )
        if "file" in entry:
            continue
        if strange and weights in ("pretrained", "random"):
            where = f"catalogue.{key}.weights" if "weights" in entry else "weights"
            yield (
                f"{where}: {weights} models have outputs for ImageNet's classes (n01440764, …) and none "
                f"for {', '.join(strange[:3])}{', …' if strange[3:] else ''}; set finetuned or trained, or "
                "give these a `head`"
            )
