"""An example of a network of one's own, for docs/guides/your-own-model.md."""

from itertools import pairwise

from torch import nn


def make_network(num_classes: int, width: int = 16) -> nn.Module:
    """Three blocks, each of half the resolution, and a linear layer.

    Args:
        num_classes: number of outputs; thinkalike gives it, because there is a parameter of this name.
        width: channels of the first block.
    """
    widths = (3, width, 2 * width, 4 * width)
    blocks = [
        nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )
        for inputs, outputs in pairwise(widths)
    ]
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], num_classes))
    return nn.Sequential(*blocks, head)
