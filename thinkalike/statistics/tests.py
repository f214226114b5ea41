"""Permutation test of whether families of models differ: every other division into families is tried.

`scipy.stats.permutation_test` has the same statistic and p, but refuses a family of one model.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import factorial, prod

import numpy as np
import pandas as pd

from thinkalike.errors import InputError
from thinkalike.progress import log
from thinkalike.randomness import generator, integer_seed

TIE = 1e-10
"""Two statistics closer than this share of the largest dissimilarity are equal but for rounding."""

CELLS = 4_000_000
"""Divisions × models worked on at once: 32 MB for each array of them."""


@dataclass(frozen=True)
class FamilyTest:
    """How far families are apart, and how often chance puts them as far.

    Attributes:
        statistic: mean dissimilarity between families minus mean dissimilarity within.
        p: share of the divisions whose statistic is at least as large, the given one among them.
        permutations: number of divisions tried; where they are drawn, without the given one.
        exact: whether these are all divisions into families of these sizes.
    """

    statistic: float
    p: float
    permutations: int
    exact: bool


def family_measures(
    table: pd.DataFrame, families: Mapping[str, str], untrained: Sequence[str], *, seed: int
) -> dict[str, float]:
    """How much further apart models of different families are, and how often chance does that.

    Args:
        table: dissimilarities with the models as index and columns.
        families: model → family.
        untrained: controls, which would stand apart from their own family and are left out.
        seed: of the study.

    Returns:
        family_difference and family_p, the statistic and p of `family_test`; NaN where the models
        allow no test, and the log says why.
    """
    models = [model for model in table.columns if model not in untrained]
    of_models = [families[model] for model in models]
    try:
        test = family_test(
            table.loc[models, models].to_numpy(), of_models, seed=integer_seed(seed, "families")
        )
    except InputError as error:
        log.info("no test of families: %s", error)
        return {"family_difference": float("nan"), "family_p": float("nan")}
    log.info("different families are %.3f further apart, p = %.4f", test.statistic, test.p)
    return {"family_difference": test.statistic, "family_p": test.p}


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
    if matrix.shape != (len(families), len(families)):
        raise InputError(
            f"a matrix of shape {matrix.shape} does not fit {len(families)} families of models; give "
            "one row, one column and one family for each model"
        )
    names, codes, sizes = np.unique(np.asarray(families), return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise InputError("there are fewer than two families of models; a test needs two to compare")
    distances = (matrix + matrix.T) / 2
    np.fill_diagonal(distances, np.nan)
    given = float(_statistics(distances, codes[None], len(names))[0])
    if np.isnan(given):
        raise InputError(
            "no pair of models within a family, or none between families, has a dissimilarity; "
            "compare more models, or over more images"
        )
    least = given - TIE * np.nanmax(np.abs(distances))
    exact = factorial(len(codes)) // prod(map(factorial, sizes.tolist())) <= most
    number = extreme = 0
    for labels in _all_labels(sizes.tolist()) if exact else _drawn_labels(codes, seed, most):
        others = _statistics(distances, labels, len(names))
        number += int(np.isfinite(others).sum())
        extreme += int((others >= least).sum())
    p = extreme / number if exact else (1 + extreme) / (1 + number)
    return FamilyTest(given, p, number, exact)


def _statistics(distances: np.ndarray, labels: np.ndarray, families: int) -> np.ndarray:
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


def _all_labels(sizes: Sequence[int]) -> Iterator[np.ndarray]:
    """Labels (P, M) of all divisions into families of these sizes, in chunks."""
    models = sum(sizes)
    divisions = _divisions(tuple(range(models)), sizes)
    while chunk := list(islice(divisions, max(CELLS // models, 1))):
        labels = np.empty((len(chunk), models), int)
        np.put_along_axis(labels, np.array(chunk), np.repeat(np.arange(len(sizes)), sizes), axis=1)
        yield labels


def _divisions(models: tuple[int, ...], sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Models of the first family, then those of the second, …, for every division."""
    if len(sizes) == 1:
        yield models
        return
    for first in combinations(models, sizes[0]):
        rest = tuple(model for model in models if model not in first)
        for others in _divisions(rest, sizes[1:]):
            yield first + others


def _drawn_labels(codes: np.ndarray, seed: int, number: int) -> Iterator[np.ndarray]:
    """Labels (P, M) of this number of divisions drawn at random, in chunks."""
    draws = generator(seed, "family test")
    chunk = max(CELLS // len(codes), 1)
    for start in range(0, number, chunk):
        labels = np.tile(codes, (min(chunk, number - start), 1))
        yield draws.permuted(labels, axis=1)
