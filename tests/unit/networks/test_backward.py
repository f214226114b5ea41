"""Gradients of batch norms at gradients of any memory order, against their closed form and differences."""

from itertools import permutations, product

import numpy as np
import pytest
import torch
from torch import nn

from thinkalike.networks.backward import right_gradients


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def stirred(norm: nn.Module) -> nn.Module:
    """A norm of four channels with statistics and scales of its own."""
    norm.double().eval().requires_grad_(False)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    norm.weight.normal_()
    return norm


def orders(values: torch.Tensor) -> list[torch.Tensor]:
    """Copies of values in all orders of memory, with usual and unusual strides where the length is 1."""
    copies = []
    single = [axis for axis, length in enumerate(values.shape) if length == 1]
    for order in permutations(range(values.ndim)):
        back = np.argsort(order).tolist()
        dense = values.permute(order).contiguous().permute(back)
        for odd in product((None, 0, 1, 4, 100), repeat=len(single)):
            strides = list(dense.stride())
            for axis, stride in zip(single, odd, strict=True):
                strides[axis] = strides[axis] if stride is None else stride
            copies.append(dense.as_strided(dense.shape, strides))
    return copies


@pytest.mark.parametrize(
    "shape", [(1, 4, 3, 3), (2, 4, 3, 3), (1, 4, 1, 3), (1, 4, 3, 1), (2, 4, 3, 1), (1, 4, 1, 2, 2)]
)
def test_the_gradient_of_a_batch_norm_is_its_scale_in_any_order_of_memory(shape):
    norm = stirred((nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm3d)(4))
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    given = torch.randn(shape, dtype=torch.double)
    expected = given * scale.reshape(-1, *[1] * (len(shape) - 2))
    values = torch.randn(shape, dtype=torch.double)
    last = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
    for x in (values, values.to(memory_format=last)):
        x.requires_grad_()
        with right_gradients(norm):
            y = norm(x)
        for gradient in orders(given):
            (found,) = torch.autograd.grad(y, x, gradient, retain_graph=True)
            near = torch.allclose(found, expected, rtol=1e-12, atol=0)
            assert near, (x.stride(), gradient.stride())


class Tokens(nn.Module):
    """A norm of an image whose rows and columns become tokens, each of which is squared."""

    def __init__(self, norm: nn.Module, first: int) -> None:
        super().__init__()
        self.norm, self.first = norm, first
        self.weight = nn.Parameter(torch.randn(1, 9, 4))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        channels = self.norm(inputs[:, self.first : self.first + 4])
        tokens = channels.reshape(len(inputs), 4, 9).transpose(1, 2)
        return (tokens**2 * self.weight).sum((1, 2))[:, None]


def by_differences(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Gradient of the sum of scores by central differences."""
    step = 1e-5
    found = torch.zeros_like(inputs)
    with torch.no_grad():
        for place in np.ndindex(*inputs.shape):
            change = torch.zeros_like(inputs)
            change[place] = step
            found[place] = (network(inputs + change) - network(inputs - change)).sum() / (2 * step)
    return found


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", ["batch", "frozen", "instance"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_before_a_norm_of_tokens_are_those_by_differences(first, count, kind, layout):
    instance = nn.InstanceNorm2d(4, affine=True).double()
    norm = instance if kind == "instance" else stirred(nn.BatchNorm2d(4))
    network = Tokens(norm, first).double().eval().requires_grad_(kind == "batch")
    network = network.to(memory_format=layout)
    width = 4 if first == 0 else 9
    inputs = torch.randn(count, width, 3, 3, dtype=torch.double).to(memory_format=layout)
    inputs.requires_grad_()
    with right_gradients(network):
        (found,) = torch.autograd.grad(network(inputs).sum(), inputs)
    expected = by_differences(network, inputs.detach())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


def test_an_instance_norm_before_a_convolution_has_its_gradient():
    """The convolution gives gradients with channels last in the usual strides."""
    network = nn.Sequential(
        nn.InstanceNorm2d(4, affine=True), nn.Conv2d(4, 2, 1), nn.Flatten(), nn.Linear(18, 1)
    )
    network.double().to(memory_format=torch.channels_last)
    inputs = torch.randn(1, 4, 3, 3, dtype=torch.double, requires_grad=True)
    with right_gradients(network):
        (found,) = torch.autograd.grad(network(inputs).sum(), inputs)
    expected = by_differences(network, inputs.detach())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


def test_passes_afterwards_and_passes_without_a_graph_have_no_hook():
    network = Tokens(stirred(nn.BatchNorm2d(4)), 0).double()
    inputs = torch.randn(1, 4, 3, 3, dtype=torch.double)
    before = network(inputs)
    with right_gradients(network), torch.no_grad():
        assert torch.equal(network(inputs), before)
    assert not network._forward_hooks
