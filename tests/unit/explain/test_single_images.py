"""A single image has the map that it has beside another one, in networks whose norms give tokens.

Torch's own gradient of a batch norm is wrong there for one image and right for two
(`tests/unit/networks/test_backward.py`).
"""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.explaining import BLACK, images, question
from thinkalike.attributions import ATTRIBUTIONS
from thinkalike.explain import captum, file, gradcam, integrated_gradients, lrp
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model

SIDE = 8

OF_A_FILE = """
import torch

def explain(model, images, targets, question):
    inputs = model.normalise(images).requires_grad_()
    scores = model.network(inputs)
    (gradient,) = torch.autograd.grad(scores[range(len(images)), list(targets)].sum(), inputs)
    return gradient.sum(1)
"""


class Tokens(nn.Module):
    """Two convolutions, the norm of some of their channels, and a weighted sum of its tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 9, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)
        self.relus = nn.ModuleList([nn.ReLU(), nn.ReLU()])
        self.weight = nn.Parameter(torch.randn(SIDE * SIDE, 4))
        self.head = nn.Linear(4, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        channels = self.second(self.relus[0](self.first(inputs)))
        channels = self.relus[1](channels).contiguous()
        tokens = self.norm(channels[:, 3:7]).reshape(len(inputs), 4, -1).transpose(1, 2)
        return self.head((tokens * self.weight).sum(1))


def tokens() -> Model:
    torch.manual_seed(3)
    network = Tokens().double().eval().requires_grad_(False).to(memory_format=torch.channels_last)
    architecture = Architecture("Tokens", layers={"depth_50": "first", "depth_100": "second"})
    return Model(network, BLACK, (1.0,) * 3, SIDE, tuple("abc"), architecture)


METHODS = {
    "gradcam": partial(gradcam.explain, depth=100),
    "gradcam below": partial(gradcam.explain, depth=50),
    "integrated_gradients": partial(
        integrated_gradients.explain, tolerance=0.0, map_tolerance=0.0, most_steps=6
    ),
    "lrp": partial(lrp.explain, composite="epsilon"),
    **{
        name: partial(captum.explain, attribution=name)
        for name, row in ATTRIBUTIONS.items()
        if row.gradients and not row.seeded and not row.required
    },
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("output", ["logit", "probability"])
def test_an_image_alone_has_the_map_that_it_has_beside_another(method, output):
    if output == "probability" and method in ("lrp", "DeepLift"):
        pytest.skip("explains logits")
    model, pixels = tokens(), images(2, SIDE)
    targets = np.array([1, 2])
    alone = METHODS[method](model, pixels[:1], targets[:1], question(batch_size=1, output=output))
    both = METHODS[method](model, pixels, targets, question(batch_size=12, output=output))
    expected = both.maps.coefficients[0]
    assert expected.any()
    near = {"rtol": 0, "atol": 1e-12 * np.abs(expected).max()}
    np.testing.assert_allclose(alone.maps.coefficients[0], expected, **near)


def test_so_it_is_by_a_method_of_the_user_s(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(OF_A_FILE)
    model, pixels, targets = tokens(), images(2, SIDE), np.array([1, 2])
    alone, both = (
        file.explain(model, pixels[:count], targets[:count], question(), file=str(path))
        for count in (1, 2)
    )
    np.testing.assert_allclose(
        alone.maps.coefficients[0], both.maps.coefficients[0], rtol=0, atol=1e-12
    )
