"""Do the families of models differ? A test that asks every other division into families."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from thinkalike.errors import InputError
from thinkalike.randomness import generator

TIE = 1e-10
"""Two statistics closer than this share of the largest dissimilarity are equal but for rounding."""


CELLS = 4_000_000
"""Labels × models worked on at once: 32 MB for each array of them."""


@dataclass(frozen=True)
class FamilyTest:
    """How far families are apart, and how often chance puts them as far.

    Attributes:
        statistic: mean dissimilarity between families minus mean dissimilarity within.
        p: share of the divisions whose statistic is at least as large, the given one among them.
        permutations: divisions that were asked; of those only drawn, without the given one.
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
    CNNs and five transformers) all are asked, and p = #{T' ≥ T} / all. Otherwise `most` are drawn, and
    p = (1 + #{T' ≥ T}) / (1 + most), which is never 0. Ties count as at least as large.

    Args:
        matrix: (M, M) symmetric dissimilarities; the diagonal is not used, missing cells (NaN) are
            left out of both means. A division for which one of them is empty does not count.
        families: of the M models, in the order of the matrix.
        seed: of the study; used where divisions are drawn.
        most: how many divisions may be asked.

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
    given = _statistics(distances, codes[None], len(names))[0]
    if np.isnan(given):
        raise InputError(
            "no pair of models within a family, or none between families, has a dissimilarity; "
            "compare more models, or over more images"
        )
    tie = TIE * float(np.nanmax(np.abs(distances)))
    exact = _divisions(sizes) <= most
    chunks = [_all_labels(sizes)] if exact else _drawn_labels(codes, seed, most)
    asked = extreme = 0
    for labels in chunks:
        others = _statistics(distances, labels, len(names))
        asked += int(np.isfinite(others).sum())
        extreme += int((others >= given - tie).sum())
    p = extreme / asked if exact else (1 + extreme) / (1 + asked)
    return FamilyTest(float(given), p, asked, exact)


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


def _divisions(sizes: np.ndarray) -> int:
    """How many ways there are to label models with families of these sizes."""
    number, left = 1, int(sizes.sum())
    for size in map(int, sizes):
        number *= comb(left, size)
        left -= size
    return number


def _all_labels(sizes: np.ndarray) -> np.ndarray:
    """All of them, (P, M): positions of the first family, of the second among the rest, …"""
    models = int(sizes.sum())
    labels = np.full((1, models), len(sizes) - 1)
    free = np.arange(models)[None]
    for family, size in enumerate(map(int, sizes[:-1])):
        chosen = np.array(list(combinations(range(free.shape[1]), size)))
        others = np.ones((len(chosen), free.shape[1]), bool)
        np.put_along_axis(others, chosen, False, axis=1)
        rest = np.nonzero(others)[1].reshape(len(chosen), -1)
        before, ways = len(labels), len(chosen)
        labels = np.repeat(labels, ways, axis=0)
        positions = np.repeat(free, ways, axis=0)
        chosen, rest = np.tile(chosen, (before, 1)), np.tile(rest, (before, 1))
        np.put_along_axis(labels, np.take_along_axis(positions, chosen, 1), family, axis=1)
        free = np.take_along_axis(positions, rest, 1)
    return labels


def _drawn_labels(codes: np.ndarray, seed: int, number: int) -> Iterator[np.ndarray]:
    """So many of them, drawn at random, in chunks."""
    draws = generator(seed, "family test")
    chunk = max(CELLS // len(codes), 1)
    for start in range(0, number, chunk):
        labels = np.tile(codes, (min(chunk, number - start), 1))
        yield draws.permuted(labels, axis=1)
