"""Small networks of a user's own, with outputs of every form."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn


class Small(nn.Module):
    """Two convolutions and a linear layer; `ending` makes of its logits what the network gives."""

    def __init__(
        self, classes: int = 3, ending: Callable[[torch.Tensor], Any] = lambda logits: logits
    ) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first = nn.Conv2d(3, 6, 3, stride=2)
        self.second = nn.Conv2d(6, 8, 3, stride=2)
        self.head = nn.Linear(8, classes)
        self.ending = ending

    def forward(self, images: torch.Tensor) -> Any:
        cells = self.second(self.first(images).relu()).relu()
        return self.ending(self.head(cells.mean((2, 3))))


FILE = '''"""A network of a user's own."""

from torch import nn

from blocks import block


def make_network(num_classes: int, width: int = 4) -> nn.Module:
    """Convolutions with batch normalisation, and a linear layer."""
    return nn.Sequential(
        block(3, width),
        block(width, 2 * width),
        block(2 * width, 4 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * width, num_classes),
    )
'''
BLOCKS = """from torch import nn


def block(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()
    )
"""


def write_network(folder: Path, name: str = "mine.py", text: str = FILE) -> Path:
    """A Python file with `make_network`, and a module beside it that it imports."""
    (folder / "blocks.py").write_text(BLOCKS)
    (folder / name).write_text(text)
    return folder / name
