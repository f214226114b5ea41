"""Regions of an image cut in two, the largest first, until there are enough."""

import numpy as np
from scipy import ndimage


def split_regions(labels: np.ndarray, at_least: int) -> np.ndarray:
    """Cut the largest region in two until there are enough regions.

    A region is cut across its longer side at the median of its pixels. Where a half falls to pieces,
    these go to the other half, so that a connected region (by edges, not corners) becomes two connected
    ones. The first keeps its label, the second has the next number. Of regions of one size the first
    is cut. Nothing is left to chance.

    Args:
        labels: (height, width) integers 0, 1, … without gaps.
        at_least: number of regions, at most that of the pixels.

    Returns:
        The same shape and type; the same labels where there are enough.
    """
    labels = labels.copy()
    for number in range(int(labels.max()) + 1, at_least):
        largest = np.argmax(np.bincount(labels.ravel()))
        labels[_second_half(labels == largest)] = number
    return labels


def _second_half(region: np.ndarray) -> np.ndarray:
    """Mask of one of two parts of a region, both connected if the region is."""
    places = np.argwhere(region)
    heights, widths = np.ptp(places, axis=0)
    # along the longer side, and along the other one where that is even
    order = np.lexsort(places.T[::-1] if heights >= widths else places.T)
    first = np.zeros_like(region)
    first[tuple(places[order[: len(places) // 2]].T)] = True
    # A piece of the rest of a connected region touches the first half's largest piece, as pieces of
    # the rest do not touch each other: what is left without one of them is connected, too.
    return _largest_piece(region & ~_largest_piece(first))


def _largest_piece(mask: np.ndarray) -> np.ndarray:
    """Mask of the largest connected piece, the first of several."""
    pieces, _ = ndimage.label(mask)
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    return pieces == np.argmax(areas)
