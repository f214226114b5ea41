"""Functional agreement: how alike two models score the same coalitions of superpixels.

No attribution is needed for it. With v_a(S) the score by model a of the image with the superpixels S, and
q an orthonormal basis of 1, |S| and the ink of S over the coalitions of an image,

    r_a = (I − q qᵀ) v_a,  divided by its length;      agreement = r_a · r_b

which is the partial correlation of v_a and v_b. More ink raises every score: before |S| and ink are
taken out, all trained models agree for that reason alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thinkalike.compare.magnitude import near_one
from thinkalike.errors import InputError

LEAST_COALITIONS = 5
"""Coalitions that an image needs: with four, all that is left of 1, |S| and ink is one direction."""

VANISHING = 1e-6
"""Residual, as a share of the scores, that counts as none: scores are stored in float32."""


@dataclass(frozen=True)
class Answers:
    """Scores of one model for coalitions of superpixels of N images, beside what regresses out of them.

    Rows are as long as the longest; shorter ones end in NaN.

    Attributes:
        scores: (N, C) of the target class, the image outside the coalition painted in the baseline.
        size: (N, C) superpixels in the coalition, of those that are not of the baseline's colour.
        ink: (N, C) mean over the pixels and colours of the image of |x − baseline| inside the coalition,
            with x and baseline in [0, 1].
    """

    scores: np.ndarray
    size: np.ndarray
    ink: np.ndarray


def residuals(answers: Answers) -> np.ndarray:
    """Scores without what 1, |S| and ink explain of them, at unit length.

    Args:
        answers: of one model.

    Returns:
        (N, C) float64, 0 after the end of a row; NaN in the whole row of an image with fewer than
        LEAST_COALITIONS coalitions, or whose scores 1, |S| and ink explain completely.

    Raises:
        InputError: the arrays have different shapes, or rows that end in different places.
    """
    scores, size, ink = (
        np.asarray(each, np.float64) for each in (answers.scores, answers.size, answers.ink)
    )
    if not scores.shape == size.shape == ink.shape:
        raise InputError(
            f"scores, size and ink have the shapes {scores.shape}, {size.shape} and {ink.shape}; give "
            "one of each for every coalition"
        )
    there = ~np.isnan(size)
    if not np.array_equal(there, ~np.isnan(scores)) or not np.array_equal(there, ~np.isnan(ink)):
        raise InputError("scores, size and ink are missing in different places; explain again")
    values, _ = near_one(np.where(there, scores, 0), axis=1)
    basis = _basis(size, ink, there)
    # a second time, for what rounding has left
    left = values
    for _ in range(2):
        left = left - np.einsum("nck,nk->nc", basis, np.einsum("nck,nc->nk", basis, left))
    length = np.linalg.norm(left, axis=1, keepdims=True)
    known = length > VANISHING * np.linalg.norm(values, axis=1, keepdims=True)
    known &= there.sum(1, keepdims=True) >= LEAST_COALITIONS
    return np.divide(left, length, out=np.full_like(left, np.nan), where=known)


def _basis(size: np.ndarray, ink: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Orthonormal columns (N, C, 3) that span 1, |S| and ink; zero where one follows from the others."""
    count = np.maximum(there.sum(1), 1)[:, None]
    constant = there / np.sqrt(count)
    columns = []
    for values in (size, ink):
        filled, _ = near_one(np.where(there, values, 0), axis=1)
        centred = np.where(there, filled - filled.sum(1, keepdims=True) / count, 0)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        varies = length > VANISHING * np.linalg.norm(filled, axis=1, keepdims=True)
        columns.append(np.divide(centred, length, out=np.zeros_like(centred), where=varies))
    left, singular, _ = np.linalg.svd(np.stack(columns, 2), full_matrices=False)
    used = singular > VANISHING
    spread = np.zeros((*size.shape, 2))
    spread[..., : left.shape[2]] = left * used[:, None]
    return np.concatenate([constant[..., None], spread], 2)


def agreement(models: Sequence[Answers], others: Sequence[Answers] | None = None) -> np.ndarray:
    """Functional agreement of all pairs of models, per image.

    Args:
        models: answers to the same coalitions, one entry per model.
        others: answers of other models to compare them with; by default they are compared with each
            other.

    Returns:
        (N, M, M) float64 between −1 and 1, NaN where a model has no residual; (N, M, M') with M' others.

    Raises:
        InputError: two models were asked other coalitions.
    """
    everyone = [*models, *(others or [])]
    for number, each in enumerate(everyone):
        if not _same_coalitions(everyone[0], each):
            raise InputError(
                f"models 0 and {number} were asked other coalitions of superpixels; explain both again"
            )
    images, longest = everyone[0].scores.shape
    if longest < LEAST_COALITIONS:
        return np.full((images, len(models), len(models if others is None else others)), np.nan)
    rows = np.stack([residuals(each) for each in models], 1)
    columns = rows if others is None else np.stack([residuals(each) for each in others], 1)
    values = np.clip(rows @ columns.transpose(0, 2, 1), -1, 1)
    if others is None:
        values = (values + values.transpose(0, 2, 1)) / 2
        diagonal = np.arange(len(models))
        values[:, diagonal, diagonal] = np.where(np.isnan(rows).any(2), np.nan, 1.0)
    return values


def _same_coalitions(one: Answers, other: Answers) -> bool:
    """Whether two models were asked the same, as far as size and ink tell."""
    # ink is a sum, which another processor rounds otherwise
    return np.array_equal(one.size, other.size, equal_nan=True) and np.allclose(
        one.ink, other.ink, rtol=1e-5, equal_nan=True
    )
