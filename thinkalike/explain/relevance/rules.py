"""Relevance through one layer, as a gradient that is not the true one.

`through(x, compute, backward)` computes what the network computes, and lets `backward` make the gradient
at x from the gradient at the result. Relevance is value times gradient throughout: R_i = x_i g_i.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.autograd import Function

from thinkalike.explain.relevance.ledger import Ledger

Pullback = Callable[..., torch.Tensor]


class _Through(Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        compute: Callable[[torch.Tensor], tuple[torch.Tensor, tuple[torch.Tensor, ...]]],
        backward: Pullback,
    ) -> torch.Tensor:
        y, saved = compute(x)
        ctx.save_for_backward(*saved)
        ctx.pullback = backward
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return ctx.pullback(gradients[0], *ctx.saved_tensors), None, None


def through(
    x: torch.Tensor,
    compute: Callable[[torch.Tensor], tuple[torch.Tensor, tuple[torch.Tensor, ...]]],
    backward: Pullback,
) -> torch.Tensor:
    """y of `compute(x) → (y, saved)`, with the gradient `backward(gradient at y, *saved)` at x."""
    result: torch.Tensor = _Through.apply(x, compute, backward)
    return result


def by_ratio(x: torch.Tensor, function: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Activation φ(x) = x · r with r = φ(x)/x held fixed, for φ(0) = 0, of each number by itself.

    R_in = R_out. At x = 0 there is no relevance to pass on, and r is 0.
    """

    def compute(x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor]]:
        y = function(x)
        return y, (torch.where(x == 0, 0, y / x),)

    return through(x, compute, torch.mul)


def centred(
    x: torch.Tensor,
    function: Callable[[torch.Tensor], torch.Tensor],
    groups: int | None,
    shape: tuple[int, ...],
    weight: torch.Tensor | None,
    eps: float,
) -> torch.Tensor:
    """Layer or group norm, (x − mean) · w/σ + b, with σ held fixed and the mean not.

    Args:
        x: the input.
        function: the norm itself.
        groups: of channels; None for layer norm.
        shape: of the trailing dimensions that layer norm is over.
        weight: w, over `shape` or over channels.
        eps: of σ² = variance + eps.
    """
    if groups is None:
        dims = tuple(range(x.ndim - len(shape), x.ndim))
        split: Callable[[torch.Tensor], torch.Tensor] = _same
        scale = weight
    else:
        # (N, groups, channels of a group · positions)
        dims, split = (2,), lambda t: t.reshape(t.shape[0], groups, -1)
        scale = None if weight is None else weight.reshape(1, -1, *[1] * (x.ndim - 2))

    def compute(x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor]]:
        variance = split(x).var(dims, correction=0, keepdim=True)
        return function(x), ((variance + eps).rsqrt(),)

    def backward(gradient: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
        weighted = split(gradient if scale is None else gradient * scale) * inverse
        return (weighted - weighted.mean(dims, keepdim=True)).reshape(gradient.shape)

    return through(x, compute, backward)


def _same(t: torch.Tensor) -> torch.Tensor:
    return t


@dataclass(frozen=True)
class Layer:
    """A convolution or a linear layer, W without its bias.

    Attributes:
        forward: x, W → W x, with W in its own shape.
        backward: g, W, x → Wᵀ g in the shape of x.
        channels: dimension of the results' channels, from the end.
        convolutional: whether it is a convolution; else it is linear.
    """

    forward: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    backward: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
    channels: int
    convolutional: bool

    def along(self, values: torch.Tensor) -> torch.Tensor:
        """One number for each channel, in a shape that broadcasts to the results."""
        return values.reshape(-1, *[1] * (-self.channels - 1))


def linear() -> Layer:
    """x Wᵀ over the last dimension."""
    return Layer(nn.functional.linear, lambda g, w, _: g @ w, -1, False)


def convolution(
    dimensions: int,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    transposed: bool = False,
    output_padding: Any = 0,
) -> Layer:
    """Convolution of one, two or three dimensions, with numbers or lists as in torch."""

    def each(value: Any) -> list[int]:
        values = [value] if isinstance(value, int) else list(value)
        return values * dimensions if len(values) == 1 else values

    setting = (
        each(stride),
        each(padding),
        each(dilation),
        transposed,
        each(output_padding),
        groups,
    )

    def forward(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return torch.ops.aten.convolution(x, w, None, *setting)

    def backward(g: torch.Tensor, w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return torch.ops.aten.convolution_backward(g, x, w, None, *setting, [True, False, False])[0]

    return Layer(forward, backward, -1 - dimensions, True)


def by_gamma(
    x: torch.Tensor,
    compute: Callable[[torch.Tensor], torch.Tensor],
    layer: Layer,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    gamma: Callable[[], float],
    ledger: Ledger,
    account: str,
) -> torch.Tensor:
    """y = W x + b by the rule γ, for inputs and weights of any sign.

    With contributions c_ij = w_ji x_i, and b_j as one more, of an output y_j > 0

        R_ij = (c_ij + γ max(c_ij, 0)) / Σ_i (c_ij + γ max(c_ij, 0)) · R_j

    and with min for an output y_j ≤ 0: contributions of the output's own sign count 1 + γ times.
    The denominator has the output's sign and is not smaller, so that no factor y_j/z_j exceeds 1.
    γ = 0 is the rule epsilon with ε = 0; γ = ∞, only those of the same sign, is z⁺ for both signs.

    Montavon et al., Layer-wise relevance propagation: an overview, 2019, section 10.2, and for signed
    inputs the generalised form, in Andéol et al., Learning domain invariant representations by joint
    Wasserstein distance minimization, 2021, appendix.

    Args:
        x: input.
        compute: x → y, as the network does it.
        layer: W.
        weight, bias: its numbers, (channels,) of the bias.
        gamma: called in the backward pass, when the number of layers is known.
        ledger, account: of the share of b_j.

    All is computed in the backward pass, so that a layer whose result goes to a batch norm, which is then
    one layer with it, costs nothing more.
    """

    def forward(x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        y = compute(x)
        # y may be changed in place later
        return y, (x, y.clone())

    def backward(g: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        value = gamma()
        if value == 0:
            if bias is not None:
                ledger.pay(account, g, layer.along(bias))
            return layer.backward(g, weight, x)
        own, more = (0.0, 1.0) if value == float("inf") else (1.0, value)
        raised = weight.clamp(min=0)
        # sums of the positive contributions; those of the negative ones are y less that
        signed = bool((x < 0).any())
        positive = layer.forward(x.clamp(min=0), raised)
        if signed:
            positive += layer.forward(x.clamp(max=0), weight.clamp(max=0))
        if bias is not None:
            positive += layer.along(bias.clamp(min=0))
        up = y > 0
        z = own * y + more * torch.where(up, positive, y - positive)
        scaled = g * torch.where((y == 0) | (z == 0), 0, y / z)
        above, below = scaled * up, scaled * ~up
        if bias is not None:
            both = own * layer.along(bias)
            ledger.pay(account, above, both + more * layer.along(bias.clamp(min=0)))
            ledger.pay(account, below, both + more * layer.along(bias.clamp(max=0)))
        lifted = layer.backward(above - below, raised, x)
        if not signed:
            return layer.backward(own * scaled + more * below, weight, x) + more * lifted
        from_above, from_below = (layer.backward(part, weight, x) for part in (above, below))
        chosen = torch.where(x >= 0, lifted + from_below, from_above - lifted)
        return own * (from_above + from_below) + more * chosen

    return through(x, forward, backward)
