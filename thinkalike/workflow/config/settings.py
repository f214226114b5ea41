"""What follows from the keys of a configuration: everything that is null or left out in it."""

import math
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from thinkalike.compare.scales import SEGMENTS, Pool
from thinkalike.errors import InputError
from thinkalike.images import region_settings
from thinkalike.images.contents import OF_DIGITS
from thinkalike.methods import METHODS, Method, kernelshap_budget, method_of
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.user_code import content_of

Config = Mapping[str, Any]
"""Configuration of a study, as `resolve` takes or gives it."""

JOINT = "joint"
"""Stands for a model in the names of files about all models at once."""

MAPPED = 3
"""Number of models whose maps are clustered, if none are named."""

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
"""Ends of the names of files of weights."""


def selected_entries(config: Config) -> dict[str, dict[str, Any]]:
    """Catalogue entries of the study's models, with what they take from other models."""
    catalogue = {**built_in_catalogue(), **config["catalogue"]}
    return {key: complete_entry(key, catalogue) for key in config["models"]}


def replicas_of(config: Config) -> dict[str, str]:
    """Replica → the model that it is another seed of, for the models that the study trains."""
    entries = completed_models(config)
    return {
        f"{model}_seed{number}": model
        for model, count in (config["replicas"] or {}).items()
        if model in entries and is_trained(entries[model])
        for number in range(1, count + 1)
    }


def is_trained(entry: Mapping[str, Any]) -> bool:
    """Whether a complete entry is of a model that the study trains or fine-tunes."""
    epochs = entry["training"]["epochs"]
    return entry["weights"] == "finetuned" or (entry["weights"] == "trained" and epochs > 0)


def completed_models(config: Config) -> dict[str, dict[str, Any]]:
    """Catalogue entries of the study's models, with weights and the whole training of each.

    The weights of an entry with `noise` are `disturbed`, whatever else it says of them; those of one with
    `head` are `fitted`, and `body` says where those before the head come from. Weights in a file are
    `imported`, and `checkpoint` is its path. A network from a file has the `content` of it; its random
    weights are `trained` for no epoch, with outputs for the classes of the data set.
    """
    completed = {}
    for key, entry in selected_entries(config).items():
        weights = entry.get("weights", config["weights"])
        training = {**config["training"], **entry.get("training", {})}
        completed[key] = {**entry, "training": training, "weights": weights}
        if is_path(str(weights)):
            completed[key] |= {"weights": "imported", "checkpoint": weights}
        if "noise" in entry:
            completed[key]["weights"] = "disturbed"
        elif "head" in entry:
            completed[key] |= {"weights": "fitted", "body": completed[key]["weights"]}
        if isinstance(entry.get("classes"), str):
            completed[key]["classes"] = class_names(entry["classes"])
        if "file" in entry:
            completed[key]["content"] = _content(entry["file"])
            if weights == "random":
                completed[key] |= {"weights": "trained", "training": {**training, "epochs": 0}}
    return completed


def completed_training(config: Config, training: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a training; half of the images are mirrored, if nothing is said, where they may be.

    A mirrored photograph shows the same thing, a mirrored digit another or none.
    """
    mirror = training["mirror"]
    if mirror is None:
        mirror = config["dataset"]["kind"] not in OF_DIGITS
    return {**training, "mirror": mirror}


def is_path(weights: str) -> bool:
    """Whether weights are those in a file."""
    return weights.endswith(SUFFIXES)


def class_names(file: str) -> list[str]:
    """Names of classes in a text file, one in each line.

    Raises:
        InputError: the file cannot be read, or is no text.
    """
    try:
        lines = Path(file).read_text("utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); correct the path") from None
    except UnicodeDecodeError:
        raise InputError(f"{file} is no text in UTF-8; save it as such") from None
    return [line.strip() for line in lines if line.strip()]


def network_of(entry: Mapping[str, Any]) -> list[Any]:
    """What a network is built from: timm's name, or a function of a file."""
    return [entry[key] for key in ("timm", "file", "build") if key in entry]


def completed_entries(config: Config) -> dict[str, dict[str, Any]]:
    """Complete catalogue entries of the study's models and of their replicas."""
    entries = completed_models(config)
    for entry in entries.values():
        entry["training"] = completed_training(config, entry["training"])
    for replica, model in replicas_of(config).items():
        number = replica.removeprefix(f"{model}_seed")
        entries[replica] = {**entries[model], "name": f"{entries[model]['name']} (seed {number})"}
    return entries


def clustered_models(config: Config) -> list[str]:
    """The models whose features are clustered."""
    models = config["neon"]["models"]
    return list(config["models"] if models is None else models)


def mapped_models(config: Config) -> list[str]:
    """The models whose maps are clustered: by default trained ones, of different families first."""
    if (given := config["spectral"]["models"]) is not None:
        return list(given)
    entries = completed_models(config)
    seen: set[str] = set()
    ranks = {}
    for model, entry in entries.items():
        origin = entry.get("body", entry["weights"])
        is_control = not is_trained(entry) and origin not in ("pretrained", "imported")
        # then other networks of the same families, then further seeds of one network
        ranks[model] = (is_control, entry["family"] in seen, str(network_of(entry)) in seen)
        if not is_control:
            seen |= {entry["family"], str(network_of(entry))}
    return sorted(entries, key=lambda model: ranks[model])[:MAPPED]


def base_method(config: Config, name: str) -> str:
    """The method that a key of `methods` is, or is a variant of."""
    return str(name if name in METHODS else config["variants"][name]["method"])


def row_of(config: Config, name: str) -> Method:
    """Row of a method or variant, with what its settings choose among its needs."""
    return method_of(all_settings(config)[name])


def drawn_methods(config: Config) -> list[str]:
    """Methods of the study that have maps of their own; if none has, those whose maps they compare."""
    rows = {name: METHODS[base_method(config, name)] for name in config["methods"]}
    explaining = dict.fromkeys(row.explained_by for row in rows.values() if row.explained_by)
    return [name for name, row in rows.items() if row.has_maps] or list(explaining)


def mapped_method(config: Config) -> str:
    """The method whose maps are clustered: by default the last without segments."""
    if (given := config["spectral"]["method"]) is not None:
        return str(given)
    on_grid = (m for m in drawn_methods(config) if not row_of(config, m).segments)
    return ["gradcam", *on_grid][-1]


AS_COMPUTED = "none"
"""Setting of maps that are clustered as they were computed."""

CELLS = 8
"""Cells a side at which maps are clustered that the study compares over segments."""


def mapped_pool(config: Config) -> Pool:
    """Cells a side at which maps are clustered: by default those at which the study compares them.

    Segments differ from image to image; in their place are `CELLS`.
    """
    if (given := config["spectral"]["pool"]) is not None:
        return None if given == AS_COMPUTED else int(given)
    pool: Pool = all_settings(config)[mapped_method(config)].get("pool")
    return CELLS if pool == SEGMENTS else pool


def mapped_class_of(config: Config) -> str | None:
    """Name of the class whose maps are clustered; None for all classes."""
    name = config["spectral"]["class"]
    if name is None and config["dataset"]["kind"] in OF_DIGITS:
        return "8"
    return None if name == "*" else name


def all_settings(config: Config) -> dict[str, Any]:
    """The settings of every method and variant, each with the `method` that it is or varies."""
    settings = {name: {**config["settings"][name], "method": name} for name in METHODS}
    for name, changes in config["variants"].items():
        inherited = dict(config["settings"][changes["method"]])
        if "depth" in changes and "mended_cells" in inherited:  # another layer has another grid
            inherited["mended_cells"] = {}
        settings[name] = {**inherited, **changes}
    for values in settings.values():
        if values["method"] == "kernelshap":
            values |= kernelshap_budget(values, region_count(config))
        elif values["method"] == "file":
            values["content"] = _content(values["file"])
    for values in settings.values():
        if source := METHODS[values["method"]].explained_by:
            limits = values["images"], settings[source]["images"]
            values["images"] = min((n for n in limits if n is not None), default=None)
    return settings


def _content(file: str | None) -> str:
    """Hash of a file of the user's; empty where it cannot be read, which a check says."""
    try:
        return content_of(file) if file else ""
    except InputError:
        return ""


def least_evaluations(config: Config) -> int:
    """Least number of evaluations that KernelSHAP takes for the superpixels of the study."""
    return region_count(config) + 2


def cells_of_segments(config: Config) -> int:
    """Cells a side of the kind `grid`: by default as many as fit into `segments.count`, but two."""
    return region_settings.cells_a_side(config["segments"])


def region_count(config: Config) -> int:
    """Number of regions of an image: of a grid exactly, of superpixels about, of masks at most."""
    return region_settings.region_count(config["segments"])


def images_of(settings: Mapping[str, Any], count: int) -> int:
    """Number of the study's images that a method explains."""
    images = settings["images"]
    return count if images is None else min(int(images), count)


def image_counts(config: Config) -> dict[str, int]:
    """Method of the study → number of images that it explains."""
    settings, count = all_settings(config), config["images"]["count"]
    return {name: images_of(settings[name], count) for name in config["methods"]}


def subsampling_sizes(config: Config) -> list[int]:
    """Numbers of images to draw; of shares those of each number of images that a method explains.

    A share of n images is rounded, halves up, to at least 2 and at most n.
    """
    sizes = config["subsampling"]["sizes"]
    if all(isinstance(size, int) for size in sizes):
        return list(sizes)
    counts = {config["images"]["count"], *image_counts(config).values()}
    return sorted({share_of(share, count) for share in sizes for count in counts})


SCALES = (32, 16, 8, 4, 2)
"""Cells a side of the scales at which maps are compared, if none are given."""


def scales(config: Config) -> list[int | str]:
    """Numbers of cells a side at which maps are compared, or `segments`.

    By default `SCALES`, as far as cells have two pixels a side, and segments.
    """
    if (given := config["similarity"]["scales"]) is not None:
        return list(given)
    size = config["images"]["size"]
    return [*(side for side in SCALES if 2 * side <= size), SEGMENTS]


def share_of(share: float, count: int) -> int:
    """Rounded share of a number of images, between 2 and that number."""
    # as it is written: in binary 0.7 · 45 is less than 31.5
    return min(max(math.floor(Decimal(str(share)) * count + Decimal("0.5")), 2), count)


def completed_panels(config: Config) -> dict[str, dict[str, Any]]:
    """Every set of panels, with no more images than each of its methods explains."""
    settings, count = all_settings(config), config["images"]["count"]
    completed = {}
    for name, panels in config["figures"]["panels"].items():
        methods = panels.get("methods") or drawn_methods(config)
        completed[name] = {
            "count": min(panels["count"], *(images_of(settings[m], count) for m in methods)),
            "images": panels.get("images", "first"),
            "models": panels.get("models") or config["models"],
            "methods": methods,
        }
    return completed
