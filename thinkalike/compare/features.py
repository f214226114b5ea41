"""How alike the features of models are, whatever they are explained by: linear CKA."""

from collections.abc import Sequence

import numpy as np

from thinkalike.compare.magnitude import near_one

BLOCK = 4_000_000
"""Numbers of the Gram matrices of all models that are in memory at a time."""

FEWEST = 4
"""Images that the debiased measure takes."""


def linear_cka(features: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Linear centred kernel alignment of the features of all pairs of models, plain and debiased.

    With features X (N, D) and Y (N, D') of the same N images, their means subtracted,
    CKA = ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) in Frobenius norms: 1 for features that are the same up to a rotation and a
    factor, and 0 for those without any correlation over **all** images there are. Of few images it is
    too large, the more so the more features there are: two sets of 512 random features of 100
    images have .84. The debiased measure has Song's unbiased estimate of the numerator and of both parts
    of the denominator (the diagonals of the Gram matrices left out); it is 0 on average for unrelated
    features, and may be below 0.

    Args:
        features: of each model, (N, D); D = 0 for a model without any.

    Returns:
        Plain and debiased CKA, (M, M) each, symmetric. NaN for a model without features, or with the same
        ones for all images; the debiased one also for fewer than four images.

    Sources: Kornblith et al., Similarity of neural network representations revisited, 2019; Song et al.,
    Feature selection via dependence maximization, 2012; Nguyen, Raghu and Kornblith, Do wide and deep
    networks learn the same things?, 2021 (debiased).
    """
    scaled = [near_one(values)[0] for values in features]
    centred = [values - values.mean(0) for values in scaled]
    images, models = len(centred[0]), len(centred)
    products = np.zeros((models, models))
    for start in range(0, images, step := max(BLOCK // (images * models), 1)):
        # ‖YᵀX‖² = Σ over cells of XXᵀ ∘ YYᵀ, some rows of all Gram matrices at a time
        rows = [values[start : start + step] @ values.T for values in centred]
        flat = np.stack(rows).reshape(models, -1)
        products += flat @ flat.T
    return _aligned(products), _aligned(_unbiased(products, centred))


def _unbiased(products: np.ndarray, centred: Sequence[np.ndarray]) -> np.ndarray:
    """N (N − 3) times Song's estimates for all pairs of models.

    tr K̃L̃ + 1ᵀK̃1 1ᵀL̃1/((N − 1)(N − 2)) − 2 · 1ᵀK̃L̃1/(N − 2), K̃ a Gram matrix with zeros on its
    diagonal k. Rows of a Gram matrix of centred features sum to 0, so K̃1 = −k.
    """
    images = len(centred[0])
    if images < FEWEST:
        return np.full(products.shape, np.nan)
    lengths = np.array([(values**2).sum(1) for values in centred])
    sums, inner = lengths.sum(1), lengths @ lengths.T
    between = np.outer(sums, sums) / ((images - 1) * (images - 2))
    return products - inner + between - 2 * inner / (images - 2)


def _aligned(products: np.ndarray) -> np.ndarray:
    """Products over the roots of those of each model with itself."""
    own = np.diag(products)
    lengths = np.sqrt(np.where(own > 0, own, np.nan))
    return products / lengths[:, None] / lengths
