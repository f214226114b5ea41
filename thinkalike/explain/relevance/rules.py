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
Ends = tuple[torch.Tensor, torch.Tensor]


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
        transposed: whether it is a transposed convolution, whose weights begin with the inputs' channels.
    """

    forward: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    backward: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
    channels: int
    convolutional: bool
    transposed: bool = False

    def along(self, values: torch.Tensor) -> torch.Tensor:
        """One number for each channel, in a shape that broadcasts to the results."""
        return values.reshape(-1, *[1] * (-self.channels - 1))

    def signs(self, scaled: torch.Tensor, signed: torch.Tensor) -> torch.Tensor | None:
        """Sign of `signed` against `scaled` in each channel of the results, in a shape for the weights.

        None where a channel has both signs, or a transposed convolution has both.
        """
        others = [d for d in range(scaled.ndim) if d != scaled.ndim + self.channels]
        if self.transposed:
            others = list(range(scaled.ndim))
        same, opposite = ((signed == each).all(others) for each in (scaled, -scaled))
        if not (same | opposite).all():
            return None
        signs = torch.where(same, 1, -1).to(scaled.dtype)
        return signs.reshape(-1, *[1] * max(-self.channels, 1))


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

    return Layer(forward, backward, -1 - dimensions, True, transposed)


class Contributions:
    """What one layer W takes of its input x by the rule γ, for all that read its result.

    A reader passes two gradients back, one for the contributions as they are and one for their magnitudes;
    of all readers they come together before they pass W, so that each costs one product. Magnitudes
    |W||x| are computed once, when the first reader asks.

    Args:
        x: input.
        layer: W.
        weight: its numbers.
        gamma: γ > 0.
    """

    def __init__(self, x: torch.Tensor, layer: Layer, weight: torch.Tensor, gamma: float) -> None:
        self.layer, self._weight = layer, weight
        # shares of the contributions as they are, and of their magnitudes with the sign of the output
        self.plain, self.more = (0.5, 0.5) if gamma == float("inf") else (1 + gamma / 2, gamma / 2)
        self._x = x.detach()
        self._sizes: torch.Tensor | None = None

    def ends(self, x: torch.Tensor, shape: torch.Size) -> Ends:
        """Two tensors of a result's shape, without numbers, whose gradients of all readers reach x.

        They are not kept here: a graph that holds what holds the graph is never let go of.
        """
        ends: Ends = _Contributions.apply(x, shape, self._back)
        return ends

    def sizes(self) -> torch.Tensor:
        """|W||x|."""
        if self._sizes is None:
            self._sizes = self.layer.forward(self._x.abs(), self._weight.abs())
        return self._sizes

    def _back(self, scaled: torch.Tensor, signed: torch.Tensor) -> torch.Tensor:
        """Gradient at x, by one product where inputs are not negative and channels of one sign."""
        x, self._sizes = self._x, None
        back, magnitudes = self.layer.backward, self._weight.abs()
        negative = x < 0
        if not negative.any():
            signs = self.layer.signs(scaled, signed)
            if signs is not None:
                return back(scaled, self.plain * self._weight + self.more * signs * magnitudes, x)
        lifted = back(signed, magnitudes, x)
        lifted = torch.where(negative, -lifted, lifted)
        return back(scaled, self._weight, x) * self.plain + lifted * self.more


class _Contributions(Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, shape: torch.Size, back: Pullback) -> Ends:
        ctx.back = back
        # no numbers, only places for gradients
        return x.new_zeros(()).expand(shape), x.new_zeros(()).expand(shape)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return ctx.back(*gradients), None, None


class _Reader(Function):
    @staticmethod
    def forward(
        ctx: Any,
        plain: torch.Tensor,
        sizes: torch.Tensor,
        compute: Callable[[], torch.Tensor],
        back: Pullback,
    ) -> torch.Tensor:
        y = compute()
        # y may be changed in place later
        ctx.save_for_backward(y.clone())
        ctx.back = back
        return y

    @staticmethod
    def backward(
        ctx: Any, *gradients: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        return *ctx.back(gradients[0], *ctx.saved_tensors), None, None


def by_gamma(
    contributions: Contributions,
    ends: Ends,
    compute: Callable[[], torch.Tensor],
    scale: torch.Tensor | None,
    shift: torch.Tensor | None,
    ledger: Ledger,
    account: str,
) -> torch.Tensor:
    """y = s · W x + b by the rule γ, for inputs and weights of any sign.

    With contributions c_ij = s_j w_ji x_i, and b_j as one more, of an output y_j > 0

        R_ij = (c_ij + γ max(c_ij, 0)) / Σ_i (c_ij + γ max(c_ij, 0)) · R_j

    and with min for an output y_j ≤ 0: contributions of the output's own sign count 1 + γ times.
    The denominator has the output's sign and is not smaller, so that no factor y_j/z_j exceeds 1.
    γ = ∞, only those of the same sign, is z⁺ for both signs.

    Montavon et al., Layer-wise relevance propagation: an overview, 2019, section 10.2, and for signed
    inputs the generalised form, in Andéol et al., Learning domain invariant representations by joint
    Wasserstein distance minimization, 2021, appendix.

    Args:
        contributions: of W x.
        ends: of the contributions.
        compute: gives y, as the network does it.
        scale, shift: s and b, (channels,) of each; None for 1 and 0.
        ledger, account: of the share of b_j.

    With |W| the magnitudes of the weights, the contributions of the output's own sign sum to
    (y ± |W||x|)/2, s, b and |b| among them, and what it passes on to a positive or a negative input is in
    Wᵀ and |W|ᵀ: one more product forth and one back, all of it in the backward pass. So a layer whose
    result goes to a batch norm, which is then one layer with it, costs nothing more.
    """
    along = contributions.layer.along

    def back(g: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        sizes = contributions.sizes()
        if scale is not None:
            sizes = sizes * along(scale.abs())
        if shift is not None:
            sizes = sizes + along(shift.abs())
        up, plain, more = y > 0, contributions.plain, contributions.more
        z = plain * y + more * torch.where(up, sizes, -sizes)
        scaled = g * torch.where((y == 0) | (z == 0), 0, y / z)
        signed = torch.where(up, scaled, -scaled)
        if shift is not None:
            ledger.pay(account, scaled, along(plain * shift))
            ledger.pay(account, signed, along(more * shift.abs()))
        if scale is None:
            return scaled, signed
        return scaled * along(scale), signed * along(scale.abs())

    result: torch.Tensor = _Reader.apply(*ends, compute, back)
    return result
