"""Consensus of the models about an image: how much of their maps one common map explains.

For the kernel K of an image (similarities of the unit maps of M models) the largest eigenvalue λ₁ is
what the best common map explains, and λ₁/M its share: 1 if all maps are the same, 1/M if none has
anything in common with another. Maps of different images have a share, too; what an image has above
it is consensus about the image. A blank map has no direction: its model is left out of that image, and
M is the number of the others.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from thinkalike.compare.chance import Block
from thinkalike.randomness import generator

DRAWS = 5
"""Sets of mismatched maps of every image."""
FEWEST_TUPLES = 20
"""Mismatched sets of maps from which on their shares are a reference."""

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]


def consensus_share(kernels: np.ndarray) -> np.ndarray:
    """Share of the maps of every image that one common map explains, λ₁/M.

    Args:
        kernels: (N, M, M) similarities with the models' own (1) on the diagonal; a model whose map is
            blank has NaN or 0 there and is left out.

    Returns:
        (N,) from 1/M to 1; NaN for an image with fewer than two maps.
    """
    there = _there(kernels)
    filled = np.where(there[:, :, None] & there[:, None, :], kernels, 0)
    count = there.sum(1)
    # rows of zeros add eigenvalues 0
    largest = np.linalg.eigvalsh(filled)[:, -1] if len(filled) else np.zeros(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 1, largest / count, np.nan)


def consensus_of_maps(
    blocks: Iterable[Block], kernel: Kernel, images: Sequence[str], *, draws: int = DRAWS, seed: int
) -> pd.DataFrame:
    """Consensus about every image, beside that about different images of the first block.

    Args:
        blocks: coordinates of the maps of all images, a block at a time.
        kernel, draws, seed: as for `mismatched_kernels`.
        images: ids.

    Returns:
        As `consensus_table`.
    """
    found: list[np.ndarray] = []
    mismatched = np.empty((0, 0, 0))
    for _, coordinates, _ in blocks:
        if not found:
            mismatched = mismatched_kernels(coordinates, kernel, draws=draws, seed=seed)
        by_image = coordinates.transpose(1, 0, 2)
        blank = ~np.any(by_image, axis=2)
        values = np.stack([kernel(maps, maps) for maps in by_image])
        values[blank[:, :, None] | blank[:, None, :]] = np.nan
        found.append(values)
    return consensus_table(np.concatenate(found), mismatched, images)


def mismatched_kernels(
    coordinates: np.ndarray, kernel: Kernel, *, draws: int = DRAWS, seed: int
) -> np.ndarray:
    """Similarities of maps of different images: every model's images are shifted in a circle.

    In draw r the map of model a for image i is that of image i + t_ra (mod N), with another t for every
    model, so that no two maps of a set are of one image.

    Args:
        coordinates: (M, N, P) maps in one orthonormal frame, scaled as they are compared; zero where a
            map is blank.
        kernel: similarities (A, B) of maps (A, P) and (B, P).
        draws: number of sets of shifts.
        seed: of the study.

    Returns:
        (draws · N, M, M), a blank map's cells NaN; without a row if there are fewer images than models.
    """
    models, images = coordinates.shape[:2]
    if images < models:
        return np.empty((0, models, models))
    blank = ~np.any(coordinates, axis=2)
    found = np.empty((draws, images, models, models))
    for draw in range(draws):
        shifts = generator(seed, "consensus", draw).permutation(images)[:models]
        for image in range(images):
            chosen = (image + shifts) % images
            maps = coordinates[np.arange(models), chosen]
            missing = blank[np.arange(models), chosen]
            values = kernel(maps, maps)
            values[missing] = np.nan
            values[:, missing] = np.nan
            found[draw, image] = values
    return found.reshape(-1, models, models)


def consensus_table(
    kernels: np.ndarray, mismatched: np.ndarray, images: Sequence[str]
) -> pd.DataFrame:
    """Consensus about every image beside that of the same models' maps of different images.

    Args:
        kernels: (N, M, M), as for `consensus_share`.
        mismatched: (T, M, M), as `mismatched_kernels` gives them.
        images: ids.

    Returns:
        image_id, models (with a map), consensus, and mean and 95 % quantile of the mismatched share of
        the same models: mismatched, mismatched_95. Missing where too few sets have all these maps.
    """
    there, complete = _there(kernels), _there(mismatched)
    reference = np.full((len(kernels), 2), np.nan)
    patterns, place = np.unique(there, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        usable = complete[:, pattern].all(1)
        if pattern.sum() < 2 or usable.sum() < FEWEST_TUPLES:
            continue
        shares = consensus_share(mismatched[usable][:, pattern][:, :, pattern])
        reference[place.ravel() == number] = shares.mean(), np.quantile(shares, 0.95)
    return pd.DataFrame(
        {
            "image_id": list(images),
            "models": there.sum(1),
            "consensus": consensus_share(kernels),
            "mismatched": reference[:, 0],
            "mismatched_95": reference[:, 1],
        }
    )


def _there(kernels: np.ndarray) -> np.ndarray:
    """Which models have a map with a direction, (N, M)."""
    own: np.ndarray = np.diagonal(kernels, axis1=1, axis2=2) > 0
    return own
