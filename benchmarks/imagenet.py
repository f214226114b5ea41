"""Networks for ImageNet with random or published weights, and images for them: noise or photographs."""

from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
import torch

import thinkalike as ta
from thinkalike.errors import InputError
from thinkalike.images.listing import class_files
from thinkalike.images.loading import load_images
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.networks.model import Model, as_model, create

IMAGENET_SIZE = 224


def imagenet_keys() -> list[str]:
    """The models of the catalogue that take images of 224 x 224."""
    catalogue = built_in_catalogue()
    return [
        key for key in catalogue if not complete_entry(key, catalogue)["timm"].startswith("test_")
    ]


def imagenet_model(key: str, size: int = IMAGENET_SIZE) -> Model:
    """A model of the catalogue on the CPU, with random weights."""
    architecture = Architecture.of(complete_entry(key, built_in_catalogue()))
    return random_model(architecture, 1000, size)


def random_model(architecture: Architecture, outputs: int, size: int) -> Model:
    """A network on the CPU with random weights, which cost as much as trained ones."""
    torch.manual_seed(0)
    network = create(architecture, classes=outputs, size=size)
    network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    return as_model(network, architecture, classes=list(map(str, range(outputs))), size=size)


def pretrained(folder: Path, size: int) -> Model:
    """A network of timm on the CPU with the weights `model.safetensors` in a folder of its name.

    Raises:
        InputError: there is no such file, or it is of another network.
    """
    classes = list(map(str, range(1000)))
    return ta.load(folder.name, weights=folder / "model.safetensors", classes=classes, size=size)


def photographs(folder: Path, count: int, size: int) -> np.ndarray:
    """The first images of each class folder in turn, (count, size, size, 3) uint8.

    Raises:
        InputError: there are fewer.
    """
    rounds = chain.from_iterable(zip_longest(*class_files(folder).values()))
    files = [str(path) for path in rounds if path is not None][:count]
    if len(files) < count:
        raise InputError(f"{folder} has {len(files)} images, {count} are needed; give more")
    return load_images(files, size)


def noise(count: int, size: int) -> np.ndarray:
    """Images of independent pixels."""
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)
