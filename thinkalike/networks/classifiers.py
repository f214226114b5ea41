"""The last layer of a network of timm: found, and replaced by one of cosines."""

from typing import Any

import torch
import torch.nn.functional as functional
from torch import nn

from thinkalike.errors import InputError


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


def head_of(network: nn.Module, name: str) -> nn.Linear | Cosines:
    """The layer that makes a network's logits from its features.

    Args:
        network: of timm.
        name: of the model in messages.

    Raises:
        InputError: it is not one linear layer, nor one of cosines.
    """
    timm_network: Any = network
    head = timm_network.get_classifier()
    if not isinstance(head, nn.Linear | Cosines):
        raise InputError(
            f"{name}: the head of a {type(network).__name__} is a {type(head).__name__}, not one linear "
            "layer; set weights: finetuned, or leave the model out"
        )
    return head


def with_cosines(network: nn.Module, name: str) -> None:
    """Replace the linear head of a network by one of cosines, of as many classes.

    Raises:
        InputError: as for `head_of`.
    """
    head = head_of(network, name)
    place = next(key for key, module in network.named_modules() if module is head)
    network.set_submodule(place, Cosines(head.weight.shape[1], head.weight.shape[0]))
