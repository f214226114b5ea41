"""One-factor test: does any pair of models share more than one common consensus explains?

If all that models share is one common way to see images, to which each is near in its own degree λ_a,
similarities are λ_a λ_b: models with large λ look like a cluster and are none. The test fits λ to the
cells off the diagonal by least squares (minres) and asks whether any residual s_ab − λ_a λ_b is more
than the choice of images explains: the largest |residual|/standard error against its bootstrap
distribution, so that all pairs are tested together.

Source: Harman and Jones, Factor analysis by minimizing residuals (minres), 1966.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from thinkalike.randomness import generator
from thinkalike.statistics.bootstrap import (
    bootstrapped_means,
    mean_of_images,
    resampling_counts,
)
from thinkalike.statistics.intervals import residuals_of_groups

SWEEPS = 200
"""Rounds of the fit at most."""
TOLERANCE = 1e-9
"""Change of a loading under which the fit ends."""
FEWEST_MODELS = 4
"""Three pairs of three models are always explained by three loadings."""


@dataclass(frozen=True)
class OneFactor:
    """Loadings of the models on one common factor, and what is left of the pairs.

    Attributes:
        loadings: (M,) λ; NaN where it cannot be told.
        residuals: (M, M) mean similarity − λ_a λ_b, NaN on the diagonal.
        standard_error: (M, M) of the residuals, over bootstrap samples.
        critical: |residual|/standard error that the largest of all pairs exceeds in 5 % of the samples.
        p: share of the samples whose largest is at least that of the study.
        reason: why it cannot be told; else empty.
    """

    loadings: np.ndarray
    residuals: np.ndarray
    standard_error: np.ndarray
    critical: float
    p: float
    reason: str

    @property
    def beyond(self) -> np.ndarray:
        """Pairs (M, M) whose residual, of either sign, one factor does not explain."""
        with np.errstate(invalid="ignore"):
            return np.abs(self.residuals) > self.critical * self.standard_error

    @property
    def alike(self) -> np.ndarray:
        """Pairs (M, M) that share more than one factor explains."""
        with np.errstate(invalid="ignore"):
            return self.beyond & (self.residuals > 0)


def one_factor_test(
    values: np.ndarray, *, bootstraps: int, seed: int, groups: Sequence[Any] | None = None
) -> OneFactor:
    """Fit one common factor to mean similarities and test what it leaves.

    Args:
        values: (N, M, M) symmetric per-image similarities or pseudo-values of rho, NaN where missing.
        bootstraps: number of samples of the images, B.
        seed: of the study.
        groups: class of each image, where images were chosen class by class.

    Returns:
        The fit; p = (1 + #{max |t*| ≥ max |t|}) / (1 + B). Without a test for fewer than four models, a
        pair without an image, or pairs that do not vary over the images; `reason` says which.
    """
    models = values.shape[1]
    first, second = np.triu_indices(models, 1)
    pairs = values[:, first, second]
    counts = resampling_counts(len(values), bootstraps, generator(seed, "one factor"), groups)
    means = mean_of_images(pairs)[None]
    samples = bootstrapped_means(pairs, counts)
    samples = samples[np.isfinite(samples).all(1)]
    if models < FEWEST_MODELS:
        return _unknown(
            models, f"{models} models are always explained by one factor; it takes four"
        )
    if not np.isfinite(means).all():
        return _unknown(models, "some pairs of models have no image in common")
    if len(samples) < 2 or (np.isfinite(pairs).sum(0) < 2).any():
        return _unknown(models, "too few images for every pair of models in a sample of them")
    loadings = fit_one_factor(means, models)
    residuals = means[0] - loadings[0, first] * loadings[0, second]
    fitted = fit_one_factor(samples, models, start=loadings[0])
    left = samples - fitted[:, first] * fitted[:, second]
    count, degrees = np.isfinite(pairs).sum(0), int(residuals_of_groups(pairs, groups)[1].min())
    # drawing n of n makes means vary too little by (n − 1)/n; within classes that is seen to
    error = left.std(0, ddof=1) * (1 if groups is not None else np.sqrt(count / (count - 1)))
    if (error <= 1e-12).any():
        return _unknown(models, "a pair of models is equally alike on every image")
    largest = (np.abs(left - left.mean(0)) / error).max(1)
    # samples are divided by the error that they have, the study by one that images estimate: Student's t
    scores = norm.isf(student.sf(np.abs(residuals) / error, degrees))
    return OneFactor(
        loadings=loadings[0],
        residuals=_square(residuals, models),
        standard_error=_square(error, models),
        critical=float(student.isf(norm.sf(np.quantile(largest, 0.95)), degrees)),
        p=float((1 + (largest >= scores.max()).sum()) / (1 + len(samples))),
        reason="",
    )


def fit_one_factor(pairs: np.ndarray, models: int, start: np.ndarray | None = None) -> np.ndarray:
    """Loadings that reproduce the cells off the diagonal best, Σ_{a<b} (s_ab − λ_a λ_b)² least.

    One loading after the other takes its best value given the others, λ_a = Σ s_ab λ_b / Σ λ_b², for all
    matrices at once, until none changes; every step lowers the sum.

    Args:
        pairs: (B, Q) cells above the diagonal, row by row, of B matrices.
        models: M.
        start: (M,) loadings to begin with; None: the first eigenvector's.

    Returns:
        (B, M), with a sum that is not negative: λ and −λ are the same.
    """
    squares = np.zeros((len(pairs), models, models))
    first, second = np.triu_indices(models, 1)
    squares[:, first, second] = squares[:, second, first] = pairs
    if start is None:
        values, vectors = np.linalg.eigh(squares)
        loadings = vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], 0))
    else:
        loadings = np.tile(start, (len(pairs), 1))
    for _ in range(SWEEPS):
        before = loadings.copy()
        total = (loadings**2).sum(1)
        for model in range(models):
            # the diagonal of `squares` is 0: a model has no part in its own loading
            others = total - loadings[:, model] ** 2
            shared = np.einsum("bm,bm->b", squares[:, model], loadings)
            updated = np.divide(shared, others, out=np.zeros_like(shared), where=others > 0)
            total = others + updated**2
            loadings[:, model] = updated
        if np.abs(loadings - before).max(initial=0) < TOLERANCE:
            break
    return loadings * np.where(loadings.sum(1, keepdims=True) < 0, -1, 1)


def _square(pairs: np.ndarray, models: int) -> np.ndarray:
    """Symmetric matrix (M, M) with a NaN diagonal from its cells above it, (Q,)."""
    square = np.full((models, models), np.nan)
    first, second = np.triu_indices(models, 1)
    square[first, second] = square[second, first] = pairs
    return square


def _unknown(models: int, reason: str) -> OneFactor:
    nothing = np.full((models, models), np.nan)
    nan = float("nan")
    return OneFactor(np.full(models, np.nan), nothing, nothing, nan, nan, reason)
