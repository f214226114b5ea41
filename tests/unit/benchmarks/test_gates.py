"""The benchmark of factors: rules that hold another one give other maps, and its data are what it says."""

import numpy as np
import torch
from torch import nn

from benchmarks import gates
from benchmarks.gates import EXPLAINED, SIZE, TRAINED, data, relevances
from tests.support.explaining import images
from thinkalike.explain.relevance import products
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model


class Pair(nn.Module):
    """The sum of the upper half of a picture times the sum of the lower one."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        upper, lower = (half.flatten(1).sum(1, keepdim=True) for half in x.chunk(2, 2))
        return upper * lower * self.scale


def test_each_rule_shares_a_product_as_its_name_says():
    model = Model(Pair().eval(), (0.0,) * 3, (1.0,) * 3, 8, ("a", "b"), Architecture("Pair"))
    pixels = images(2, 8)
    _, maps = relevances(model, pixels)
    assert products.held is gates.HELD["as it is"]
    upper, lower = (half.sum((1, 2, 3)) / 255 for half in np.split(pixels.astype(float), 2, 1))
    shares = {
        "as it is": (0.5, 0.5),
        "halves": (0.5, 0.5),
        "first held": (0, 1),
        "second held": (1, 0),
    }
    for name, expected in shares.items():
        halves = maps[name].reshape(2, 2, -1).sum(2)
        np.testing.assert_allclose(halves, np.outer(upper * lower, expected), rtol=1e-4)


def test_the_digits_that_are_explained_were_not_trained_on():
    pixels, labels = data()
    assert pixels.shape[1:] == (SIZE, SIZE, 3)
    assert len(pixels) == len(labels) >= TRAINED + EXPLAINED
    assert set(labels[TRAINED : TRAINED + EXPLAINED]) == set(range(10))
