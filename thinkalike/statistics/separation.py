"""Permutation test of whether models of different families are further apart than those of one.

`scipy.stats.permutation_test` has the same statistic and p, but refuses a family of one model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thinkalike.errors import InputError
from thinkalike.statistics.permutations import Labelings, share_as_large


@dataclass(frozen=True)
class FamilyTest:
    """How far families are apart, and how often chance puts them as far.

    Attributes:
        statistic: mean dissimilarity between families minus mean dissimilarity within.
        p: share of the divisions whose statistic is at least as large, the observed one among them.
        permutations: number of divisions tried that have a statistic, the observed one among them.
        exact: whether these are all divisions into families of these sizes.
    """

    statistic: float
    p: float
    permutations: int
    exact: bool


def family_test(
    matrix: np.ndarray, families: Sequence[str], *, seed: int, most: int = 100_000
) -> FamilyTest:
    """Permutation test of dissimilarity between against within families, one-sided.

    T = mean of D over pairs of different families − mean of D over pairs of one family. Under the
    hypothesis that families say nothing about D, every division of the models into families of the
    same sizes is as likely as the given one. If there are at most `most` (14!/(9! 5!) = 2002 for nine
    CNNs and five transformers) all are tried, and p = #{T' ≥ T} / all. Otherwise `most` are drawn, and
    p = (1 + #{T' ≥ T}) / (1 + most), which is never 0. Ties count as at least as large.

    Args:
        matrix: (M, M) symmetric dissimilarities; the diagonal is not used, missing cells (NaN) are
            left out of both means. A division for which one of them is empty does not count.
        families: of the M models, in the order of the matrix.
        seed: of the study; used where divisions are drawn.
        most: largest number of divisions that are tried.

    Raises:
        InputError: the matrix is not square or not of these models, there are fewer than two
            families, or no pair within or between them to compare.

    Source: Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 2005; the correction of p
    for drawn permutations: Phipson and Smyth, Permutation p-values should never be zero, 2010.
    """
    check_families(matrix, families)
    labelings = Labelings.of(families, seed=seed, most=most)
    distances = (matrix + matrix.T) / 2
    np.fill_diagonal(distances, np.nan)
    statistics = np.concatenate(
        [_separations(distances, labels, len(labelings.sizes)) for labels in labelings.chunks()]
    )
    if np.isnan(statistics[0]):
        raise InputError(
            "no pair of models within a family, or none between families, has a dissimilarity; "
            "compare more models, or over more images"
        )
    p = share_as_large(statistics, float(np.nanmax(np.abs(distances))))
    number = int(np.isfinite(statistics).sum())
    return FamilyTest(float(statistics[0]), p, number, labelings.exact)


def check_families(matrix: np.ndarray, families: Sequence[str]) -> None:
    """Refuse a matrix that is not one of these models, or whose models are of one family.

    Raises:
        InputError: what does not fit, and what to give.
    """
    if matrix.shape != (len(families), len(families)):
        raise InputError(
            f"a matrix of shape {matrix.shape} does not fit {len(families)} families of models; give "
            "one row, one column and one family for each model"
        )
    if len(set(families)) < 2:
        raise InputError("there are fewer than two families of models; a test needs two to compare")


def _separations(distances: np.ndarray, labels: np.ndarray, families: int) -> np.ndarray:
    """T of many divisions, (P,) from labels (P, M); NaN where a mean is empty."""
    there = np.isfinite(distances).astype(float)
    values = np.where(there > 0, distances, 0)
    within, pairs = np.zeros(len(labels)), np.zeros(len(labels))
    for family in range(families):
        members = (labels == family).astype(float)
        # Σ over ordered pairs of members: two matrix products instead of a loop over pairs
        within += ((members @ values) * members).sum(1)
        pairs += ((members @ there) * members).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: np.ndarray = (values.sum() - within) / (there.sum() - pairs) - within / pairs
    means[(pairs == 0) | (pairs == there.sum())] = np.nan
    return means
