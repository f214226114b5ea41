"""Similarity above chance: what maps of the same image share beyond maps of different images.

Maps of two models are alike to some degree whatever they are of: non-negative maps of 7 x 7 cells have
a cosine of about .75. That is the similarity by chance s⁰, the mean over all pairs of different images
i ≠ j of k(x_ai, x_bj). Above it is

    ρ_ab = (s_ab − s⁰_ab) / √((s_aa − s⁰_aa)(s_bb − s⁰_bb)),    s_ab the mean of k(x_ai, x_bi).

s − s⁰ is N/(N − 1) times the mean product of maps centred by their model's mean, in the feature space
of k. So ρ is positive semi-definite with diagonal 1, its chord √(2(1 − ρ)) is exactly Euclidean (over a
common set of images), and it is 0 where the image makes no difference.

For cosine s⁰ has a closed form, (N m_a·m_b − s_ab)/(N − 1) with m the mean of a model's unit maps: no
N x N matrix. RBF has none; its s⁰ is the mean within blocks of consecutive images (all of them in
studies of up to `MOST_IN_BLOCK`), which keeps all of these properties.

Where an image does not count for a pair (a blank map, another prediction) everything about that pair,
its chance and both norms, is over the images that do.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from thinkalike.compare.frames import unit

MOST_IN_BLOCK = 512
"""Images of all models that are compared with each other at once."""

CONSTANT = 1e-12
"""Maps of different images that are as alike as this leaves of 1 are the same but for rounding."""

Block = tuple[slice, np.ndarray, np.ndarray]
"""Which images; coordinates of the maps of the models a (A, n, P) and b (B, n, P) of these images."""


@dataclass(frozen=True)
class Mismatch:
    """Similarities of the maps of n images with those of the same and of other images.

    Attributes:
        same: (n, A, B), k(x_ai, x_bi).
        cross: (n, A, B), mean over j ≠ i of ½ (k(x_ai, x_bj) + k(x_aj, x_bi)).
        self_a, self_b: (n, A, 1) and (n, 1, B), k(x_ai, x_ai).
        own_a, own_b: (n, A, B), mean over j ≠ i of k(x_ai, x_aj), over the images that count for a, b.
    """

    same: np.ndarray
    cross: np.ndarray
    self_a: np.ndarray
    self_b: np.ndarray
    own_a: np.ndarray
    own_b: np.ndarray


class CosineMismatch:
    """Cosines of maps with the maps of other images, by the sums of unit maps.

    Args:
        blocks: coordinates of all images, a block at a time.
        use: (N, A, B) bool, which images count for which pair.
    """

    def __init__(self, blocks: Iterable[Block], use: np.ndarray) -> None:
        self.use = use
        self.count = use.sum(0)
        self._patterns_a = [_patterns(use[:, a]) for a in range(use.shape[1])]
        self._patterns_b = [_patterns(use[:, :, b]) for b in range(use.shape[2])]
        self._sums_a: list[Any] = [0.0] * use.shape[1]
        self._sums_b: list[Any] = [0.0] * use.shape[2]
        for part, a, b in blocks:
            for sums, patterns, maps in (
                (self._sums_a, self._patterns_a, unit(a)),
                (self._sums_b, self._patterns_b, unit(b)),
            ):
                for model, (kinds, _) in enumerate(patterns):
                    sums[model] = sums[model] + kinds[:, part] @ maps[model]

    def of_block(self, block: Block) -> Mismatch:
        """Similarities of the images of a block."""
        _, a, b = block[0], unit(block[1]), unit(block[2])
        same = a.transpose(1, 0, 2) @ b.transpose(1, 2, 0)
        cross, own_a, own_b = (np.empty(same.shape) for _ in range(3))
        for i, (_, kind_a) in enumerate(self._patterns_a):
            own_a[:, i] = (a[i] @ self._sums_a[i].T)[:, kind_a]
        for j, (_, kind_b) in enumerate(self._patterns_b):
            own_b[:, :, j] = (b[j] @ self._sums_b[j].T)[:, kind_b]
        for i, (_, kind_a) in enumerate(self._patterns_a):
            for j, (_, kind_b) in enumerate(self._patterns_b):
                with_b = a[i] @ self._sums_b[j][kind_b[i]]
                with_a = b[j] @ self._sums_a[i][kind_a[j]]
                cross[:, i, j] = (with_b + with_a) / 2
        self_a, self_b = (np.square(maps).sum(2).T for maps in (a, b))
        self_a, self_b = self_a[:, :, None], self_b[:, None, :]
        others = np.maximum(self.count - 1, 1)
        return Mismatch(
            same,
            (cross - same) / others,
            self_a,
            self_b,
            (own_a - self_a) / others,
            (own_b - self_b) / others,
        )


class KernelMismatch:
    """Similarities of maps with the maps of other images of their block, by any kernel.

    Args:
        kernel: coordinates (n, P) and (m, P) → similarities (n, m).
        use: (N, A, B) bool, which images count for which pair.
    """

    def __init__(
        self, kernel: Callable[[np.ndarray, np.ndarray], np.ndarray], use: np.ndarray
    ) -> None:
        self.use = use
        self.count = use.sum(0)
        self._kernel = kernel

    def of_block(self, block: Block) -> Mismatch:
        """Similarities of the images of a block."""
        part, a, b = block
        use = self.use[part].astype(float)
        others = np.maximum(use.sum(0) - 1, 1)
        same, cross, own_a, own_b = (np.empty(use.shape) for _ in range(4))
        self_a, self_b = np.empty((len(use), len(a), 1)), np.empty((len(use), 1, len(b)))
        for i, maps in enumerate(a):
            products = self._kernel(maps, maps)
            self_a[:, i, 0] = np.diag(products)
            own_a[:, i] = (products @ use[:, i] - np.diag(products)[:, None] * use[:, i]) / others[
                i
            ]
        for j, maps in enumerate(b):
            products = self._kernel(maps, maps)
            self_b[:, 0, j] = np.diag(products)
            own = products @ use[:, :, j] - np.diag(products)[:, None] * use[:, :, j]
            own_b[:, :, j] = own / others[:, j]
        for i, first in enumerate(a):
            for j, second in enumerate(b):
                products = self._kernel(first, second)
                same[:, i, j] = np.diag(products)
                both = (products + products.T) @ use[:, i, j] / 2
                cross[:, i, j] = (both - np.diag(products) * use[:, i, j]) / others[i, j]
        return Mismatch(same, cross, self_a, self_b, own_a, own_b)


def rbf_kernel(sigma: float, pixels: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Kernel exp(−‖x − y‖² / (2 σ² P)) of coordinates, as `compare.similarity.similarity` has it."""

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        lengths = np.square(a).sum(-1)[..., :, None] + np.square(b).sum(-1)[..., None, :]
        squares = lengths - 2 * a @ b.swapaxes(-1, -2)
        values: np.ndarray = np.exp(-np.maximum(squares, 0) / (2 * sigma**2 * pixels))
        return values

    return kernel


@dataclass(frozen=True)
class Means:
    """Means of `Mismatch` over the images that count for each pair, (A, B) each, and their number.

    NaN where fewer than two images count: chance takes two.
    """

    count: np.ndarray
    same: np.ndarray
    cross: np.ndarray
    self_a: np.ndarray
    self_b: np.ndarray
    own_a: np.ndarray
    own_b: np.ndarray

    @property
    def rho(self) -> np.ndarray:
        """Similarity above chance, (A, B); NaN where a model's maps do not depend on the image."""
        spreads = np.broadcast_arrays(self.self_a - self.own_a, self.self_b - self.own_b)
        with np.errstate(invalid="ignore"):
            product = np.prod([np.where(v > CONSTANT, v, np.nan) for v in spreads], axis=0)
            return (self.same - self.cross) / np.sqrt(product)


MEASURES = ("same", "cross", "self_a", "self_b", "own_a", "own_b")


def mean_mismatch(parts: Iterable[tuple[slice, Mismatch]], use: np.ndarray) -> Means:
    """Means over the images that count.

    Args:
        parts: similarities of all images, a block at a time.
        use: (N, A, B) bool, which images count for which pair.
    """
    count = use.sum(0)
    totals: dict[str, Any] = dict.fromkeys(MEASURES, 0.0)
    for part, mismatch in parts:
        for name in MEASURES:
            totals[name] = totals[name] + np.where(use[part], getattr(mismatch, name), 0).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = {name: np.where(count > 1, total / count, np.nan) for name, total in totals.items()}
    return Means(count, **means)


def influence(mismatch: Mismatch, means: Means, use: np.ndarray) -> np.ndarray:
    """Influence of each image on ρ, (n, A, B); their mean over all images is 0.

    The first-order (Hájek) projection of the U-statistic ρ: with c = s − s⁰ and v_a = s_aa − s⁰_aa,

        I_i = dc_i/√(v_a v_b) − ½ ρ (dv_ai/v_a + dv_bi/v_b),
        dc_i = (s_i − s) − 2 (h_i − s⁰),   dv_ai = (s_aai − s_aa) − 2 (h_aai − s⁰_aa),

    h_i the mean similarity of the maps of image i with those of other images. The standard error of ρ
    is the standard deviation of I over √n; ρ + I_i are pseudo-values, as a jackknife's.

    Args:
        mismatch: similarities of n images.
        means: over all images.
        use: (n, A, B) bool, which of these count for which pair; the others are NaN.

    Source: van der Vaart, Asymptotic Statistics, 1998, chapters 11 and 12.
    """
    m = means
    with np.errstate(invalid="ignore", divide="ignore"):
        spread_a, spread_b = m.self_a - m.own_a, m.self_b - m.own_b
        scale = np.sqrt(spread_a * spread_b)
        d = (mismatch.same - m.same) - 2 * (mismatch.cross - m.cross)
        d_a = (mismatch.self_a - m.self_a) - 2 * (mismatch.own_a - m.own_a)
        d_b = (mismatch.self_b - m.self_b) - 2 * (mismatch.own_b - m.own_b)
        values = d / scale - m.rho / 2 * (d_a / spread_a + d_b / spread_b)
    return np.where(use & np.isfinite(m.rho), values, np.nan)


def _patterns(use: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different columns of a mask (N, M), as (u, N) float, and which of them each column is, (M,)."""
    kinds, which = np.unique(use.T, axis=0, return_inverse=True)
    return kinds.astype(float), which.ravel()
