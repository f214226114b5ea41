"""Settings of methods and variants, and what follows from them."""

from collections.abc import Mapping
from typing import Any

FEW = 3
"""Models whose maps are clustered, if none are named."""
METHODS = ("gradcam", "integrated_gradients", "kernelshap", "lrp")


COMPARED = ("images", "sign", "rescaling", "rbf_sigma", "ceiling_images")
"""Settings of a method that do not change its maps, only how many there are or how they are compared."""


def clustered_models(config: Mapping[str, Any]) -> list[str]:
    """The models whose features are clustered."""
    models = config["neon"]["models"]
    return list(config["models"] if models is None else models)


def mapped_models(config: Mapping[str, Any]) -> list[str]:
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
