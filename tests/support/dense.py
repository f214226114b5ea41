"""The dense way, an oracle: render every map with torch or by indexing, then work on its pixels."""

import numpy as np
from torch import from_numpy
from torch.nn.functional import interpolate

from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps

GRIDS = ((1, 1), (2, 2), (7, 7), (8, 8), (3, 5), (1, 6))


def rendered(maps: Maps) -> np.ndarray:
    """(N, height, width) float64."""
    return np.stack([_one(maps, image) for image in range(len(maps.coefficients))])


def _one(maps: Maps, image: int) -> np.ndarray:
    basis = maps.bases[image if len(maps.bases) > 1 else 0]
    coefficients = maps.coefficients[image].astype(np.float64)
    match basis:
        case Grid():
            cells = from_numpy(coefficients[: basis.rows * basis.columns].copy())
            pixels = interpolate(
                cells.reshape(1, 1, basis.rows, basis.columns),
                size=(basis.height, basis.width),
                mode="bilinear",
                align_corners=False,
            )
            return pixels[0, 0].numpy()
        case Segments():
            return coefficients[basis.labels]
    return coefficients.reshape(basis.height, basis.width)


def signed(maps: Maps, sign: str) -> Maps:
    """The sign is taken before upsampling, as Grad-CAM does."""
    change = {"signed": np.positive, "positive": lambda a: np.clip(a, 0, None), "absolute": np.abs}
    return Maps(change[sign](maps.coefficients), maps.bases)


def rescaled(pixels: np.ndarray, rescaling: str) -> np.ndarray:
    """Rescale pixels, map by map; what has no extent becomes zero."""
    low = pixels.min((1, 2), keepdims=True)
    high = pixels.max((1, 2), keepdims=True)
    match rescaling:
        case "min_max":
            flat = high - low < 1e-9
            return np.where(flat, 0, (pixels - low) / np.where(flat, 1, high - low))
        case "max_abs":
            largest = np.abs(pixels).max((1, 2), keepdims=True)
            return np.where(largest == 0, 0, pixels / np.where(largest == 0, 1, largest))
    return pixels


def cosine(x: np.ndarray, y: np.ndarray) -> float:
    norms = np.linalg.norm(x) * np.linalg.norm(y)
    return float((x * y).sum() / norms) if norms else float("nan")


def rbf(x: np.ndarray, y: np.ndarray, sigma: float) -> float:
    if not x.any() or not y.any():
        return float("nan")
    return float(np.exp(-((x - y) ** 2).sum() / (2 * sigma**2 * x.size)))


def models(side: int, images: int, seed: int) -> list[Maps]:
    """Models in every basis, two in some, on segmentations that differ from image to image."""
    rng = np.random.default_rng(seed)
    found = [
        Maps(rng.normal(size=(images, rows * columns)), (Grid(rows, columns, side, side),))
        for rows, columns in (*GRIDS, (7, 7))
    ]
    for counts in (rng.integers(2, 40, images), rng.integers(2, 40, images)):
        segments = tuple(_blocks(side, count, rng) for count in counts)
        found += [_on_segments(segments, rng), _on_segments(segments, rng)]
    return [*found, _on_pixels(side, images, rng), _on_pixels(side, images, rng)]


def _blocks(side: int, count: int, rng: np.random.Generator) -> Segments:
    """About `count` cells of a random Voronoi picture, without gaps in the numbering."""
    y, x = np.mgrid[:side, :side]
    centres = rng.uniform(0, side, (count, 2))
    nearest = ((y[..., None] - centres[:, 0]) ** 2 + (x[..., None] - centres[:, 1]) ** 2).argmin(2)
    return Segments(np.unique(nearest, return_inverse=True)[1].astype(np.int16))


def _on_segments(segments: tuple[Segments, ...], rng: np.random.Generator) -> Maps:
    sizes = [segment.labels.max() + 1 for segment in segments]
    coefficients = np.full((len(segments), max(sizes)), np.nan, np.float32)
    for row, size in zip(coefficients, sizes, strict=True):
        row[:size] = rng.normal(size=size)
    return Maps(coefficients, segments)


def _on_pixels(side: int, images: int, rng: np.random.Generator) -> Maps:
    # positive on average, so that not all cosines are near zero
    return Maps(rng.normal(0.5, 1, (images, side * side)).astype(np.float32), (Pixels(side, side),))
