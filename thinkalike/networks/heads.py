"""Heads of classifiers: of zeros at the start, and of cosines."""

from typing import Any

import torch
import torch.nn.functional as functional
from torch import nn


def draw_heads_of_zeros(network: nn.Module) -> None:
    """Draw the layers of a timm classifier whose weights are all zero from torch's random state.

    For training, zeros are as good a start of the last layer as any (Mixer, gMLP, ResMLP, Sequencer,
    Hiera, ViT with `weight_init: jax`). But a control that stays untrained would have the same scores
    for every image. Such a layer is drawn as torch draws a new one; all others stay as they are.
    """
    timm_network: Any = network
    heads = timm_network.get_classifier()
    for head in heads if isinstance(heads, tuple) else [heads]:
        for layer in head.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d) and not layer.weight.any():
                layer.reset_parameters()


class Cosines(nn.Module):
    """Cosine of features to one direction for each class.

    Attributes:
        weight: (K, D), a direction for each class, of any length.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(classes, features))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Cosines (B, K) of features (B, D)."""
        return functional.linear(functional.normalize(features), functional.normalize(self.weight))


def with_cosines(network: nn.Module, place: str) -> None:
    """Replace the linear layer at a place in a network by one of cosines, of as many classes."""
    head = network.get_submodule(place)
    assert isinstance(head, nn.Linear)
    network.set_submodule(place, Cosines(head.in_features, head.out_features))
