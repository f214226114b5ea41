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


def by_ratio(
    x: torch.Tensor, function: Callable[[torch.Tensor], torch.Tensor], at_zero: float = 0.0
) -> torch.Tensor:
    """Activation φ(x) = φ(0) + x · r with r = (φ(x) − φ(0))/x held fixed, of each number by itself.

    R_in = R_out if φ(0) = 0; else the caller books φ(0). At x = 0 there is no relevance to pass on, and r
    is 0.
    """

    def compute(x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor]]:
        y = function(x)
        return y, (torch.where(x == 0, 0, (y - at_zero) / x),)

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
    gamma: float,
    ledger: Ledger,
    account: str,
) -> torch.Tensor:
    """y = W x + b by the rule γ, for inputs and weights of any sign.

    With contributions c_ij = w_ji x_i, and b_j as one more, of an output y_j > 0

        R_ij = (c_ij + γ max(c_ij, 0)) / Σ_i (c_ij + γ max(c_ij, 0)) · R_j

    and with min for an output y_j ≤ 0: contributions of the output's own sign count 1 + γ times.
    The denominator has the output's sign and is not smaller, so that no factor y_j/z_j exceeds 1.
    γ = ∞, only those of the same sign, is z⁺ for both signs.

    Montavon et al., Layer-wise relevance propagation: an overview, 2019, section 10.2, and for signed
    inputs the generalised form, in Andéol et al., Learning domain invariant representations by joint
    Wasserstein distance minimization, 2021, appendix.

    Args:
        x: input.
        compute: x → y, as the network does it.
        layer: W.
        weight, bias: its numbers, (channels,) of the bias.
        gamma: more than 0; ∞ for z⁺.
        ledger, account: of the share of b_j.

    With |W| the magnitudes of the weights, the contributions of the output's own sign sum to
    (y ± |W||x|)/2, b and |b| among them, and what it passes on to a positive or a negative input is in Wᵀ
    and |W|ᵀ: one more product forth and one back. One product back is enough where no input is negative and
    outputs of one sign carry all relevance, as those do that a ReLU follows.

    All is computed in the backward pass, so that a layer whose result goes to a batch norm, which is then
    one layer with it, costs nothing more.
    """

    def forward(x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        y = compute(x)
        # y may be changed in place later
        return y, (x, y.clone())

    def backward(g: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        # of all contributions, and of the difference between magnitude and value, with the output's sign
        plain, more = (0.5, 0.5) if gamma == float("inf") else (1 + gamma / 2, gamma / 2)
        magnitudes = weight.abs()
        sizes = layer.forward(x.abs(), magnitudes)
        if bias is not None:
            sizes += layer.along(bias.abs())
        up = y > 0
        z = plain * y + more * torch.where(up, sizes, -sizes)
        scaled = g * torch.where((y == 0) | (z == 0), 0, y / z)
        signed = torch.where(up, scaled, -scaled)
        if bias is not None:
            ledger.pay(account, scaled, layer.along(plain * bias))
            ledger.pay(account, signed, layer.along(more * bias.abs()))
        if not (x < 0).any():
            for sign in (1, -1):
                if torch.equal(signed, sign * scaled):
                    return layer.backward(scaled, plain * weight + sign * more * magnitudes, x)
        lifted = layer.backward(signed, magnitudes, x)
        lifted = torch.where(x < 0, -lifted, lifted)
        return layer.backward(scaled, weight, x) * plain + lifted * more

    return through(x, forward, backward)
