"""Relevance that did not reach the input: one account for each constant, per image.

A network whose nonlinear factors are held fixed is linear in its input and in the constants that it
adds, its biases b: f = Σ_i x_i ∂f/∂x_i + Σ b ∂f/∂b. The accounts hold the second sum, each b ∂f/∂b from
the gradient where that constant was added. They do not know the first one.
"""

from collections.abc import Mapping

import numpy as np
import torch


class MixedImagesError(Exception):
    """A constant was added where the first dimension is not that of the images, nor a multiple."""


class Ledger:
    """Accounts of the constants in one pass of `count` images."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._accounts: dict[str, list[torch.Tensor]] = {}

    def watch(self, name: str, output: torch.Tensor, constant: torch.Tensor | float) -> None:
        """Pay into the account `name` when the gradient reaches `output`, a sum with `constant`."""
        if not output.requires_grad:
            return

        def pay(gradient: torch.Tensor) -> None:
            self.pay(name, gradient, constant)

        output.register_hook(pay)

    def pay(self, name: str, gradient: torch.Tensor, constant: torch.Tensor | float) -> None:
        """Add Σ gradient · constant, over all but the images, to an account.

        Args:
            name: of the account.
            gradient: (B·k, …), the rows of an image one after the other.
            constant: that was added, in a shape that broadcasts to that of the gradient.

        Raises:
            MixedImagesError: rows cannot be told apart by image.
        """
        if gradient.ndim == 0:
            gradient = gradient[None]
        if gradient.shape[0] % self.count:
            raise MixedImagesError
        added = torch.as_tensor(constant, dtype=gradient.dtype, device=gradient.device)
        added = added.reshape((1,) * (gradient.ndim - added.ndim) + added.shape)
        same = [d for d in range(1, gradient.ndim) if added.shape[d] == 1]
        sums = gradient.sum(same, keepdim=True) if same else gradient
        # a gradient of 0 pays nothing, even to −∞ that a pool was padded with
        shares = torch.where(sums == 0, 0, sums * added).reshape(self.count, -1).double().sum(1)
        self._accounts.setdefault(name, []).append(shares.detach())

    def balances(self) -> Mapping[str, np.ndarray]:
        """Account → (B,) float64, in the order in which the backward pass reached them."""
        if not self._accounts:
            return {}
        # one copy for all: each waits for the device
        sums = torch.stack([torch.stack(paid).sum(0) for paid in self._accounts.values()])
        return dict(zip(self._accounts, sums.cpu().numpy(), strict=True))
