"""Models whose scores say how near an image is to given ones, by the cosine of their features."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as functional
from torch import nn

from thinkalike.networks.model import Model, penultimate
from thinkalike.networks.predict import features


class Nearness(nn.Module):
    """Cosine of an image's features to those of given images.

    Attributes:
        network: whose features before the head count.
        references: (N, D) features of the given images, of length 1.
    """

    def __init__(self, network: nn.Module, references: torch.Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("references", functional.normalize(references))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Cosines (B, N) of inputs (B, 3, size, size)."""
        points = penultimate(self.network, inputs)
        return functional.linear(functional.normalize(points), self.get_buffer("references"))


def nearness(model: Model, images: np.ndarray, names: list[str]) -> Model:
    """A model with an output for each image: cosine of features to those of that image.

    With image i as the target of image i the score is 1, and what lowers it is what the image's embedding
    is made of. No class and no label counts. Its gradient at the image itself is 0.

    Args:
        model: whose features before the head are used.
        images: (N, size, size, 3) uint8.
        names: of the images, N.

    Raises:
        InputError: the network has no features before its head, or one is not finite.
    """
    references = torch.from_numpy(features(model, images)).to(model.device, model.dtype)
    network = Nearness(model.network, references).eval()
    return replace(model, network=network, classes=tuple(names), class_names=())
