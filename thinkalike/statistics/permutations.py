"""Permutations that tests try: models divided into families anew, or moved within their families.

The observed arrangement is always the first, and counts. p is the share of arrangements whose statistic is
at least as large, so it is never 0 (Phipson and Smyth, Permutation p-values should never be zero, 2010).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, permutations
from math import comb, factorial, prod

import numpy as np

from thinkalike.randomness import generator

TIE = 1e-10
"""Two statistics closer than this share of their scale are equal but for rounding."""

CELLS = 4_000_000
"""Arrangements × numbers of each worked on at once: 32 MB for each array of them."""


@dataclass(frozen=True)
class Labelings:
    """Divisions of models into families of the observed sizes.

    Attributes:
        observed: (M,) number of the family of each model.
        sizes: number of models of each family.
        total: number of distinct divisions, M! / Π n_f!.
        exact: whether all of them are tried.
        seed: of the study, for divisions that are drawn.
        most: largest number of divisions that are tried beside the observed one.
    """

    observed: np.ndarray
    sizes: tuple[int, ...]
    total: int
    exact: bool
    seed: int
    most: int

    @classmethod
    def of(cls, families: Sequence[str], *, seed: int, most: int = 100_000) -> "Labelings":
        """Divisions of these models; all of them where there are at most `most`, else as many drawn."""
        _, codes, counts = np.unique(
            np.asarray(families, dtype=str), return_inverse=True, return_counts=True
        )
        sizes = tuple(counts.tolist())
        total = factorial(len(codes)) // prod(map(factorial, sizes))
        return cls(codes, sizes, total, total <= most, seed, most)

    @property
    def number(self) -> int:
        """Number of divisions that are tried, the observed one among them."""
        return self.total if self.exact else 1 + self.most

    @property
    def smallest_p(self) -> float:
        """Smallest p that these sizes allow to a test which does not tell families by name.

        Families of one size can change their names without any change of the statistic: four and four
        models have 70 divisions, and p is 2/70 at least.
        """
        same = prod(factorial(count) for count in Counter(self.sizes).values())
        return max(same / self.total, 1 / self.number)

    def chunks(self) -> Iterator[np.ndarray]:
        """Labels (P, M) of the divisions, the observed one first, as many as memory has room for."""
        step = max(CELLS // max(len(self.observed), 1), 1)
        if self.exact:
            labels = _all_labels(self.sizes)
            others = labels[(labels != self.observed).any(1)]
            ordered = np.concatenate([self.observed[None], others])
            for start in range(0, len(ordered), step):
                yield ordered[start : start + step]
            return
        yield self.observed[None]
        draws = generator(self.seed, "labelings")
        for start in range(0, self.most, step):
            labels = np.tile(self.observed, (min(step, self.most - start), 1))
            yield draws.permuted(labels, axis=1)


@lru_cache(maxsize=4)
def _all_labels(sizes: tuple[int, ...]) -> np.ndarray:
    """Labels (P, M) of all divisions into families of these sizes; not to be written to."""
    models, first = sum(sizes), sizes[0] if sizes else 0
    if len(sizes) < 2:
        return np.zeros((1, models), np.int16)
    chosen = np.fromiter(chain.from_iterable(combinations(range(models), first)), np.intp)
    member = np.zeros((comb(models, first), models), bool)
    np.put_along_axis(member, chosen.reshape(-1, first), True, axis=1)
    rest = _all_labels(sizes[1:]) + np.int16(1)
    labels = np.zeros((len(member), len(rest), models), np.int16)
    others = np.broadcast_to(~member[:, None], labels.shape)
    labels[others] = np.broadcast_to(rest, (len(member), *rest.shape)).ravel()
    flat: np.ndarray = labels.reshape(-1, models)
    flat.setflags(write=False)
    return flat


@dataclass(frozen=True)
class Moves:
    """Permutations that leave each model within its family.

    Attributes:
        groups: positions of the models of each family.
        total: number of such permutations, Π n_f!.
        exact: whether all of them are tried.
        seed: of the study, for permutations that are drawn.
        most: largest number of permutations that are tried beside the identity.
    """

    groups: tuple[np.ndarray, ...]
    total: int
    exact: bool
    seed: int
    most: int

    @classmethod
    def within(cls, families: Sequence[str], *, seed: int, most: int = 9_999) -> "Moves":
        """Moves within these families; all of them where there are at most `most`, else as many drawn.

        With one family for all models these are all permutations.
        """
        codes = np.unique(np.asarray(families, dtype=str), return_inverse=True)[1]
        groups = tuple(np.flatnonzero(codes == code) for code in range(codes.max(initial=-1) + 1))
        total = prod(factorial(len(group)) for group in groups)
        return cls(groups, total, total <= most, seed, most)

    @property
    def number(self) -> int:
        """Number of permutations that are tried, the identity among them."""
        return self.total if self.exact else 1 + self.most

    @property
    def smallest_p(self) -> float:
        """Smallest p that the sizes of the families allow."""
        return 1 / self.number

    def chunks(self, cells: int) -> Iterator[np.ndarray]:
        """Positions (P, M), the identity first, as many as memory has room for.

        Args:
            cells: numbers that a test takes for each permutation.
        """
        models = sum(map(len, self.groups))
        step = max(CELLS // max(cells, 1), 1)
        if self.exact:
            orders = [np.array([*permutations(group.tolist())]) for group in self.groups]
            counts = [len(order) for order in orders]
            for start in range(0, self.total, step):
                # the number of a permutation, written in the bases n_1!, n_2!, …: 0 is the identity
                digits = np.unravel_index(
                    np.arange(start, min(start + step, self.total)), counts or [1]
                )
                places = np.empty((len(digits[0]), models), np.intp)
                for group, order, digit in zip(self.groups, orders, digits, strict=False):
                    places[:, group] = order[digit]
                yield places
            return
        yield np.arange(models)[None]
        draws = generator(self.seed, "moves")
        for start in range(0, self.most, step):
            places = np.empty((min(step, self.most - start), models), np.intp)
            for group in self.groups:
                places[:, group] = draws.permuted(np.tile(group, (len(places), 1)), axis=1)
            yield places


def share_as_large(statistics: np.ndarray, scale: float) -> float:
    """p: share of the statistics (P,) that are at least as large as the first, the observed one.

    Args:
        statistics: NaN where there is none; these do not count.
        scale: of the statistic; what differs by less than `TIE` of it is a tie, and counts.
    """
    counted = np.isfinite(statistics)
    return float((statistics[counted] >= statistics[0] - TIE * scale).mean())
