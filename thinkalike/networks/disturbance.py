"""Models with noise on their weights: how much less alike they are is known beforehand."""

from copy import deepcopy
from dataclasses import replace

import torch

from thinkalike.networks.model import Model
from thinkalike.randomness import generator


def disturbed(model: Model, scale: float, seed: int) -> Model:
    """A copy of a model with Gaussian noise on its weights.

    Every parameter of two or more dimensions becomes w + scale · std(w) · z with standard normal z.
    Biases, and scales and statistics of normalisations, stay as they are: noise on these shifts all
    images alike.

    Args:
        model: stays as it is.
        scale: standard deviation of the noise, in standard deviations of each tensor.
        seed: of the noise, together with the model's name and that of each tensor.
    """
    network = deepcopy(model.network)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.ndim < 2:
                continue
            draw = generator(seed, "disturbed weights", model.name, name)
            noise = torch.from_numpy(draw.standard_normal(weight.shape)).to(weight)
            weight.add_(scale * weight.std() * noise)
    return replace(model, network=network)
