"""Networks that methods with rules of their own for some modules can explain, and those they cannot.

captum replaces the gradients of modules of certain types and leaves those of everything else as they are,
without a word: a ReLU that is a function, or a GELU, gets its plain gradient. The map is then neither the
method's nor the gradient. Here such networks are refused.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from thinkalike.errors import InputError
from thinkalike.networks.model import Model
from thinkalike.randomness import generator

ELEMENTWISE = (nn.ReLU, nn.ELU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.Softplus)
"""Modules of one number that captum's DeepLIFT has the rescale rule for. Softmax is not among them: its
rule there takes a mean over the batch, so that a map would depend on the other images.
"""

AFFINE_TO = 1e-3
"""Share of a score that a network without these modules may be off from an affine one by rounding."""

NONLINEAR = re.compile(
    r"(\w*(?:relu|elu|silu|swish|hard\w+|sigmoid|tanh|soft\w+|norm\w*|max_?pool\w*|attention\w*|mish|bmm|pow))"
    r"Backward\d*$",
    re.IGNORECASE,
)
"""Names in a graph of torch of what is no affine operation; normalisation by kept statistics is one."""


def check_rectified(model: Model, method: str) -> None:
    """Refuse a network whose ReLUs are not all modules of `torch.nn.ReLU`, or that has none.

    Raises:
        InputError: says how many are functions.
    """
    calls = 0

    def count(_module: object, _inputs: object, output: torch.Tensor) -> None:
        nonlocal calls
        calls += (
            output.requires_grad
        )  # others are on the way of weights alone, as of position biases

    rectifiers = [module for module in model.network.modules() if isinstance(module, nn.ReLU)]
    handles = [module.register_forward_hook(count) for module in rectifiers]
    try:
        names = _operations(_random_scores(model, _random_inputs(model)[:1]))
    finally:
        for handle in handles:
            handle.remove()
    functions = names.count("ReluBackward0") - calls
    if functions > 0:
        raise InputError(
            f"captum's {method} replaces the gradients of modules of torch.nn.ReLU, and {functions} of the "
            f"{functions + calls} ReLUs of {model.name} are functions; make them modules, or leave the "
            "model or the attribution out"
        )
    if not calls:
        raise InputError(
            f"captum's {method} replaces the gradients of modules of torch.nn.ReLU, and {model.name} has "
            "none: the map would be the plain gradient; take Saliency with abs: false, or leave the model "
            "out"
        )


def check_rescaled(model: Model, method: str) -> None:
    """Refuse a network that is not affine apart from modules that DeepLIFT has a rule for.

    These are passed over (max pooling becomes average pooling), and f(x + y) − f(x) − f(y) + f(0) has to be
    0 then, for random x and y.

    Raises:
        InputError: names a module that is used twice, or other operations that are not affine.
    """
    with _passed_over(model.network) as calls:
        one, other = _random_inputs(model)[:, None]
        rows = torch.cat([one + other, one, other, torch.zeros_like(one)])
        scores = _random_scores(model, rows)
        whole, first, second, nothing = scores.detach().double()
    for name, module in model.network.named_modules():
        if calls.get(module, 0) > 1:
            raise InputError(
                f"captum's {method} takes every module to be used once, and {model.name} uses its module "
                f"{name} ({type(module).__name__}) more than once; give each use a module of its own, or "
                "leave the model or the attribution out"
            )
    error = (whole - first - second + nothing).abs().max()
    scale = max(float((each - nothing).abs().max()) for each in (whole, first, second))
    if error <= AFFINE_TO * scale:
        return
    found = sorted({m[1] for m in map(NONLINEAR.match, _operations(scores)) if m})
    others = [name for name in found if not re.match(r"(Native|Cudnn|Mkldnn)\w*BatchNorm", name)]
    named = f" ({', '.join(others)})" if others else " (a product of activations)"
    raise InputError(
        f"captum's {method} has rules for {', '.join(kind.__name__ for kind in ELEMENTWISE)} and max "
        f"pooling that are modules, and {model.name} has other operations that are not affine{named}: maps "
        "would miss the score; leave the model or the attribution out"
    )


def _random_inputs(model: Model) -> torch.Tensor:
    """Two images of normal noise as the network takes them, (2, 3, size, size)."""
    shape = (2, 3, model.size, model.size)
    noise = torch.from_numpy(generator(0, "replaced").normal(size=shape))
    return noise.to(model.device, model.dtype)


def _random_scores(model: Model, inputs: torch.Tensor) -> torch.Tensor:
    scores: torch.Tensor = model.network(inputs.clone().requires_grad_())
    return scores


def _operations(scores: torch.Tensor) -> list[str]:
    """Names of the operations in the graph that led to scores."""
    todo: list[Any] = [scores.grad_fn]
    seen = set()
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [parent for parent, _ in node.next_functions]
    return [node.name() for node in seen]


@contextmanager
def _passed_over(network: nn.Module) -> Iterator[dict[nn.Module, int]]:
    """While open, modules that DeepLIFT has a rule for give what they get, and max pooling an average.

    Yields:
        How often each of them has been used.
    """
    given: dict[nn.Module, torch.Tensor] = {}
    calls: dict[nn.Module, int] = {}

    def keep(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        given[module] = inputs[0].clone()  # it may work in place
        calls[module] = calls.get(module, 0) + 1

    def through(module: nn.Module, _inputs: object, _output: object) -> torch.Tensor:
        values = given.pop(module)
        if not isinstance(module, nn.MaxPool2d):
            return values
        geometry: Any = (module.kernel_size, module.stride, module.padding, module.ceil_mode)
        return functional.avg_pool2d(values, *geometry)

    handles = []
    for module in network.modules():
        # as captum compares them: a class derived from one has no rule
        if type(module) in (*ELEMENTWISE, nn.MaxPool2d):
            handles += [
                module.register_forward_pre_hook(keep),
                module.register_forward_hook(through),
            ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()
