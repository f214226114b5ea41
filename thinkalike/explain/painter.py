"""Images with some of their superpixels painted over, as KernelSHAP asks networks about them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from thinkalike.explain.common import baseline_image
from thinkalike.explain.shapley.coalitions import with_complements
from thinkalike.networks.devices import on_device
from thinkalike.networks.model import Model


class Players(Protocol):
    """The superpixels of an image that play."""

    @property
    def players(self) -> int:
        """Number of the players."""

    @property
    def player_of(self) -> np.ndarray:
        """Player that each pixel belongs to, (height · width,); −1 where there is none."""


class Painter:
    """Images with the superpixels outside a coalition painted in the baseline colour.

    A painted image is the baseline plus, for every player in the coalition, its superpixel's
    difference from it: for many coalitions of an image one product of matrices.
    """

    def __init__(
        self,
        model: Model,
        images: np.ndarray,
        games: Sequence[Players],
        members: Sequence[np.ndarray],
        baseline: tuple[float, ...],
    ) -> None:
        """Args:
        model: for which they are painted.
        images: (N, size, size, 3) uint8.
        games: of the images.
        members: of each image the first coalition (P, M) of each pair.
        baseline: RGB in [0, 1].
        """
        self.model, self.images, self.games, self.members = model, images, games, members
        with torch.inference_mode():
            self.baseline = _flat(baseline_image(model, baseline))[0]
        self.image = -1

    def blank(self, count: int) -> torch.Tensor:
        """Memory for `count` images, (count, pixels · 3)."""
        return self.baseline.new_empty(count, len(self.baseline))

    def paint(self, image: int, rows: slice, out: torch.Tensor) -> None:
        """Paint coalitions of one image, in the order S₁, S₁ᶜ, S₂, S₂ᶜ, …, into `out`."""
        if image != self.image:
            self._turn_to(image)
        torch.addmm(self.baseline, self.coalitions[rows], self.layers, out=out)

    def _turn_to(self, image: int) -> None:
        game, device = self.games[image], self.model.device
        both = torch.from_numpy(with_complements(self.members[image]))
        self.coalitions = on_device(both, device).to(self.model.dtype)
        player_of = game.player_of
        pixels = on_device(torch.from_numpy(np.flatnonzero(player_of >= 0)), device)
        players = on_device(torch.from_numpy(player_of[player_of >= 0]), device)
        picture = _flat(self.model.normalise(self.images[image : image + 1]))[0]
        difference = (picture - self.baseline).view(-1, 3)
        layers = difference.new_zeros(game.players, len(difference), 3)
        layers[players, pixels] = difference[pixels]
        self.layers = layers.flatten(1)
        self.image = image


def _flat(images: torch.Tensor) -> torch.Tensor:
    """(N, 3, size, size) → (N, size · size · 3), colour channels last as in memory."""
    return images.permute(0, 2, 3, 1).flatten(1)
