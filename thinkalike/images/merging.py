"""Regions of an image joined, the smallest first, until there are few enough."""

import numpy as np


def merge_regions(labels: np.ndarray, image: np.ndarray, at_most: int) -> np.ndarray:
    """Join the smallest region to the neighbour of the nearest mean colour until there are few enough.

    A neighbour shares an edge, so that connected regions become connected ones. Of regions of one size,
    and of neighbours of one colour, the first is taken. Nothing is left to chance.

    Args:
        labels: (height, width) integers 0, 1, … without gaps.
        image: (height, width, 3) RGB.
        at_most: number of regions, 1 or more.

    Returns:
        The same shape and type, 0, 1, … without gaps; the same labels where there are few enough.
    """
    numbered = labels
    for _ in range(int(labels.max()) + 1 - at_most):
        smallest = int(np.argmin(np.bincount(numbered.ravel())))
        beside = _neighbours(numbered, smallest)
        colours = np.array([image[numbered == label].mean(axis=0) for label in beside])
        distances = ((colours - image[numbered == smallest].mean(axis=0)) ** 2).sum(axis=1)
        joined = np.where(numbered == smallest, beside[np.argmin(distances)], numbered)
        numbered = (joined - (joined > smallest)).astype(labels.dtype)
    return numbered


def _neighbours(labels: np.ndarray, region: int) -> np.ndarray:
    """Labels of the regions that share an edge with one."""
    pairs = [(labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])]
    found = [side[other == region] for a, b in pairs for side, other in ((a, b), (b, a))]
    beside = np.unique(np.concatenate(found))
    return beside[beside != region]
