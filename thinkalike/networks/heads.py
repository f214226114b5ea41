"""Heads of classifiers that timm starts from zeros."""

from typing import Any

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
