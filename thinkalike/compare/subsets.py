"""Subsets of images: which images count for which pair of models.

A subset is called after its condition: `all` images, those `matching` for which both models predict
the same class, those `differing` for which they do not; with a number, as in `matching_64`, among the
first so many images.
"""

import numpy as np

CONDITIONS = ("all", "matching", "differing")


def parse(subset: str) -> tuple[str, int | None]:
    """Condition of a subset, and among how many images, the first (None: all)."""
    condition, _, number = subset.partition("_")
    return condition, int(number) if number else None


def matching(predicted: np.ndarray) -> np.ndarray:
    """Where two models predict the same class, (N, M, M) bool from predictions (N, M)."""
    return predicted[:, :, None] == predicted[:, None, :]


def mask(
    condition: str, predicted: np.ndarray, others: np.ndarray | None = None
) -> np.ndarray | None:
    """Which images count for which pair, (N, M, M') bool from predictions (N, M); None for all.

    No model differs from itself: the diagonal of `differing` is that of all images.

    Args:
        condition: all, matching or differing.
        predicted: (N, M) classes.
        others: (N, M') classes that the second models of pairs predict; by default they are the same
            models.
    """
    if condition == "all":
        return None
    if others is not None:
        same = predicted[:, :, None] == others[:, None, :]
        return same if condition == "matching" else ~same
    same = matching(predicted)
    return same if condition == "matching" else ~same | np.eye(predicted.shape[1], dtype=bool)
