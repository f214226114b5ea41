"""Maps of different images: what a class has in common, and the exact permutation test of a similarity."""

from dataclasses import dataclass

import numpy as np


@dataclass
class MismatchedPairs:
    """Sums over pairs of images of two models' maps, block by block.

    Attributes:
        total: Σ G_ii, maps of the same image.
        mean, variance: of Σ G_iπ(i) over all permutations π of the images within their groups.
        same_class, same_class_pairs: Σ G_ij over i ≠ j of one class, and how many there are.
        different_class, different_class_pairs: over images of different classes.
    """

    total: float = 0.0
    mean: float = 0.0
    variance: float = 0.0
    class_mean: float = 0.0
    class_variance: float = 0.0
    same_class: float = 0.0
    same_class_pairs: int = 0
    different_class: float = 0.0
    different_class_pairs: int = 0

    def add(self, products: np.ndarray, labels: np.ndarray) -> None:
        """Add a block of images.

        Args:
            products: (n, n), G_ij = k(x_ai, x_bj).
            labels: (n,) classes.
        """
        n = len(products)
        self.total += float(np.trace(products))
        mean, variance = permutation_moments(products, np.zeros(n, int))
        self.mean += mean
        self.variance += variance
        mean, variance = permutation_moments(products, labels)
        self.class_mean += mean
        self.class_variance += variance
        same = labels[:, None] == labels
        different = ~same
        np.fill_diagonal(same, val=False)
        self.same_class += float(products[same].sum())
        self.same_class_pairs += int(same.sum())
        self.different_class += float(products[different].sum())
        self.different_class_pairs += int(different.sum())

    @property
    def z(self) -> float:
        """Standard deviations of the mean similarity above that of permuted images."""
        return _ratio(self.total - self.mean, self.variance)

    @property
    def z_within(self) -> float:
        """Standard deviations above that of images permuted within their classes."""
        return _ratio(self.total - self.class_mean, self.class_variance)

    @property
    def constant(self) -> float:
        """Mean similarity of maps of images of different classes; NaN with a single class."""
        pairs = self.different_class_pairs
        return self.different_class / pairs if pairs else float("nan")

    @property
    def same(self) -> float:
        """Mean similarity of maps of different images of one class; NaN if no class has two images."""
        pairs = self.same_class_pairs
        return self.same_class / pairs if pairs else float("nan")


def permutation_moments(products: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Exact mean and variance of Σ_i G_iπ(i) over all permutations π within groups.

    For a group of n images the mean is n times the mean of its block B of G, and the variance
    Σ_ij C_ij² / (n − 1), C the doubly centred B. Groups are independent, so that both add up.

    Args:
        products: G, (N, N).
        groups: (N,) labels; a group of one image adds its own G_ii and no variance.

    Source: Hoeffding, A combinatorial central limit theorem, 1951.
    """
    mean = variance = 0.0
    for group in np.unique(groups):
        chosen = np.flatnonzero(groups == group)
        block = products[np.ix_(chosen, chosen)]
        mean += float(block.mean()) * len(chosen)
        if len(chosen) > 1:
            centred = block - block.mean(0) - block.mean(1, keepdims=True) + block.mean()
            variance += float(np.square(centred).sum()) / (len(chosen) - 1)
    return mean, variance


def _ratio(difference: float, variance: float) -> float:
    return float(difference / np.sqrt(variance)) if variance > 0 else float("nan")
