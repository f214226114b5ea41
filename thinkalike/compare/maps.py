"""Maps of many images: coefficients and their bases, sign, rescaling, blank maps."""

from dataclasses import dataclass, replace

import numpy as np

from thinkalike.compare.bases import Basis, Segments
from thinkalike.errors import InputError

SIGNS = ("signed", "positive", "absolute")
RESCALINGS = ("none", "min_max", "max_abs")
FLAT = 1e-6
"""Span of a map, as a share of its largest absolute pixel, up to which it is constant but for rounding.

Networks compute, and files have, float32: a coefficient is rounded by 6e-8 of its size, and what a few
operations leave is 1e-7 to 1e-6. It is one share for all maps, so that one in memory, one from a file and
one that was averaged are treated alike.
"""


@dataclass(frozen=True)
class Maps:
    """The maps of one model for N images.

    Attributes:
        coefficients: (N, K) float. With a basis per image, row i has its first `bases[i].size`
            entries filled and NaN after them.
        bases: one basis for all images, or one for each.
    """

    coefficients: np.ndarray
    bases: tuple[Basis, ...]

    def __post_init__(self) -> None:
        if len(self.bases) not in (1, len(self.coefficients)):
            raise ValueError(
                f"{len(self.bases)} bases for {len(self.coefficients)} maps; give one, or one each"
            )

    def __len__(self) -> int:
        return len(self.coefficients)

    @property
    def shared(self) -> bool:
        """True if all images have the same basis."""
        return len(self.bases) == 1 and not isinstance(self.bases[0], Segments)

    def basis(self, image: int) -> Basis:
        """Basis of one image."""
        return self.bases[0] if len(self.bases) == 1 else self.bases[image]

    def row(self, image: int) -> np.ndarray:
        """Coefficients of one image, without padding, (K,)."""
        return self.coefficients[image, : self.basis(image).size]


def with_sign(maps: Maps, sign: str) -> Maps:
    """Keep a map signed, only its positive part (Grad-CAM's ReLU), or its absolute value.

    Taken in the native basis, before upsampling. For pixels and segments that is equal to the sign of
    the rendered map; for a grid it is the usual definition of Grad-CAM.

    Raises:
        InputError: a sign that is none of `SIGNS`.
    """
    match sign:
        case "signed":
            return maps
        case "positive":
            return replace(maps, coefficients=np.maximum(maps.coefficients, 0))
        case "absolute":
            return replace(maps, coefficients=np.abs(maps.coefficients))
    raise InputError(f"sign {sign!r} is none of {', '.join(SIGNS)}; choose one of them")


def rescaled(maps: Maps, rescaling: str) -> Maps:
    """Rescale every rendered map on its own; never by its batch.

    `min_max`: (r − min)/(max − min), in [0, 1]. `max_abs`: r/max|r|, in [−1, 1]. `none`: as it is.
    A map for which that is 0/0 becomes all zero, which is blank: one that is constant but for rounding
    (`is_flat`) by `min_max`, and one that is all zero by `max_abs`.
    """
    if rescaling == "none":
        return maps
    low, high = extremes(maps)
    match rescaling:
        case "min_max":
            shift, span = low, high - low
        case "max_abs":
            shift, span = np.zeros_like(low), np.maximum(np.abs(low), np.abs(high))
        case _:
            raise InputError(f"rescaling {rescaling!r} is none of {', '.join(RESCALINGS)}")
    empty = is_flat(shift, shift + span)
    coefficients = np.subtract(maps.coefficients, shift[:, None], dtype=np.float64)
    # not times 1/span, which is no number for the smallest spans
    coefficients /= np.where(empty, np.inf, span)[:, None]
    return replace(maps, coefficients=coefficients)


def is_flat(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether maps from `low` to `high` are constant but for rounding, up to `FLAT` of their size."""
    flat: np.ndarray = high - low <= FLAT * np.maximum(np.abs(low), np.abs(high))
    return flat


def extremes(maps: Maps) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest pixel of every rendered map, (N,) float64 each."""
    if maps.shared:
        low, high = maps.bases[0].extremes(maps.coefficients)
    else:
        pairs = [maps.basis(i).extremes(maps.row(i)[None]) for i in range(len(maps))]
        low, high = np.array(pairs)[:, :, 0].T
    return low.astype(np.float64), high.astype(np.float64)


def blank(maps: Maps) -> np.ndarray:
    """Mask (N,) of the maps that are all zero: they have no direction, and no similarity."""
    something = (maps.coefficients > 0) | (maps.coefficients < 0)  # neither is so of NaN
    for row, basis in zip(something, maps.bases, strict=False):
        if isinstance(basis, Segments):
            row[: basis.size] &= basis.areas > 0
    return ~np.any(something, axis=1)


def render(maps: Maps, image: int) -> np.ndarray:
    """Map of one image as pixels, (height, width) float64; for pictures only."""
    basis = maps.basis(image)
    pixels = basis.synthesis() @ maps.row(image).astype(np.float64)
    return pixels.reshape(basis.height, basis.width)
