"""What the tests of the explanation methods share: models of random weights, images, questions, and
what they look at.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from thinkalike.explain.common import Question
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.networks.model import Model, as_model, create

CATALOGUE = built_in_catalogue()
DIGITS = [k for k in CATALOGUE if complete_entry(k, CATALOGUE)["timm"].startswith("test_")]
"""The small models of the default study; they take images of 64 x 64."""
IMAGENET = [k for k in CATALOGUE if k not in DIGITS]
"""The fourteen published ones; they take images of 224 x 224."""
SIDE = {**dict.fromkeys(DIGITS, 64), **dict.fromkeys(IMAGENET, 224)}

BLACK = (0.0, 0.0, 0.0)


def question(**changes) -> Question:
    return Question(**{"output": "logit", "baseline": BLACK, "batch_size": 3, **changes})


def images(count: int = 4, size: int = 64) -> np.ndarray:
    """Soft blobs of colour, unlike one another, with some noise."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.uniform(0, 255, (count, 3, 5, 5)))
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").numpy()
    noisy = smooth + rng.normal(0, 10, smooth.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def architecture_of(key: str) -> Architecture:
    """A model of the catalogue; messages call it by its display name."""
    return Architecture.of(complete_entry(key, CATALOGUE))


def with_architecture(model: Model, **changes) -> Model:
    """The model with another layout, other layers, …; its network stays as it is."""
    return replace(model, architecture=replace(model.architecture, **changes))


def classifier(
    key: str, size: int = 64, classes: int = 5, dtype: torch.dtype = torch.float32
) -> Model:
    """A model of the catalogue with random weights, as `build` would give it."""
    architecture = architecture_of(key)
    torch.manual_seed(0)
    network = create(architecture, classes=classes, size=size)
    _stir(network)
    network.eval().requires_grad_(False).to(dtype, memory_format=torch.channels_last)
    return as_model(network, architecture, classes=list(map(str, range(classes))), size=size)


def _stir(network: nn.Module) -> None:
    """Random statistics, scales and shifts, so that no layer is the identity by accident."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)


def double(model: Model) -> Model:
    """Copy of a model in float64."""
    return replace(model, network=deepcopy(model.network).double())


class Linear(nn.Module):
    """score_c(x) = Σ w_c x, of the pixels as the model sees them."""

    def __init__(self, size: int, classes: int) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.weight = nn.Parameter(torch.randn(classes, 3, size, size), requires_grad=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.einsum("bchw,kchw->bk", inputs, self.weight)


def linear(size: int = 16) -> Model:
    network = Linear(size, 4).eval()
    return Model(network, BLACK, (1.0,) * 3, size, tuple("abcd"), Architecture("linear"))


def quarters(count: int, size: int) -> np.ndarray:
    """Segments: the four quarters of every image."""
    half = np.arange(size) >= size // 2
    return np.broadcast_to((2 * half[:, None] + half[None]).astype(np.int16), (count, size, size))


def segment_sums(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(labels[i].ravel(), pixels[i].ravel()) for i in range(len(pixels))])


@contextmanager
def hooked(module: nn.Module, hook: Callable) -> Iterator[None]:
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def recorded(network: nn.Module) -> Iterator[list[torch.Tensor]]:
    """The inputs of every pass, as they come."""
    seen: list[torch.Tensor] = []
    with hooked(network, lambda _m, inputs, _o: seen.append(inputs[0].detach().clone())):
        yield seen


def flops(work: Callable[[], object]) -> int:
    counter = FlopCounterMode(display=False)
    # It hooks into the gradients of inputs, to tell modules apart; `autograd.grad` refuses that.
    counter.mod_tracker = SimpleNamespace(
        parents={"Global"}, __enter__=lambda: None, __exit__=lambda: None
    )
    with counter:
        work()
    return counter.get_total_flops()


def traces(network: nn.Module) -> list[str]:
    """What an explanation may leave behind in a network."""
    kinds = [kind for kind in vars(nn.Module()) if kind.endswith("_hooks")]
    assert "_forward_hooks" in kinds
    left = [
        f"{name}{kind}" for name, m in network.named_modules() for kind in kinds if vars(m)[kind]
    ]
    return left + [f"{name}.grad" for name, p in network.named_parameters() if p.grad is not None]


def tensors() -> list[torch.Tensor]:
    return [thing for thing in gc.get_objects() if issubclass(type(thing), torch.Tensor)]


def with_graph() -> int:
    return sum(tensor.grad_fn is not None for tensor in tensors())
