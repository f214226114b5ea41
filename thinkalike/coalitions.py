"""Which coalitions of players a game is asked about.

Shapley values depend on a game v only through v(S) − v(Sᶜ) (its odd part): a coalition is always asked
together with its complement. Sizes are drawn evenly, which is proportional to the leverage scores of
the KernelSHAP regression, and within a size no coalition is drawn twice.

Sources: Covert and Lee, Improving KernelSHAP, AISTATS 2021 (pairs); Musco and Witter, Provably
accurate Shapley value estimation via leverage score sampling, ICLR 2025, lemma 3.2 (leverage scores,
without replacement).
"""

from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np


@dataclass(frozen=True)
class Design:
    """The coalitions a game is asked about, beside the empty and the full one.

    Attributes:
        members: (P, M) bool, one coalition of each pair; its complement is the other.
        complete: whether these are all there are, so that the Shapley values are exact.
    """

    members: np.ndarray
    complete: bool

    @property
    def players(self) -> int:
        return int(self.members.shape[1])

    @property
    def evaluations(self) -> int:
        """How often the game is asked, the empty and the full coalition included."""
        return 2 * len(self.members) + 2


def draw(players: int, evaluations: int, generator: np.random.Generator) -> Design:
    """Pairs of coalitions within a budget: all of them where it allows, else a sample.

    Each size s of the smaller of a pair gets an even share of the pairs (half of it for s = M/2,
    where both are of one size); a size with fewer coalitions than its share is taken completely and
    the rest goes to the others. What does not divide is settled by systematic sampling.

    Args:
        players: M.
        evaluations: budget, the empty and the full coalition included; pairs use it in twos.
        generator: of the random choices.
    """
    possible = 2 ** max(players - 1, 0) - 1
    pairs = min((evaluations - 2) // 2, possible)
    if pairs == 0:
        return Design(np.zeros((0, players), bool), possible == 0)
    counts = _shares(players, pairs, generator)
    parts = [_of_size(players, s + 1, int(count), generator) for s, count in enumerate(counts)]
    return Design(np.concatenate(parts), pairs == possible)


def extend(design: Design, evaluations: int, generator: np.random.Generator) -> Design:
    """A design with more pairs: the old ones first, then new ones that are not among them."""
    if design.complete:
        return design
    more = draw(design.players, evaluations, generator)
    if more.complete:
        fresh = more.members
    else:
        wanted = len(more.members) - len(design.members)
        fresh = draw(design.players, 2 * wanted + 2, generator).members
    known = {row.tobytes() for row in (design.members, ~design.members) for row in row}
    new = [row for row in fresh if row.tobytes() not in known]
    members = np.concatenate([design.members, np.array(new, bool).reshape(-1, design.players)])
    return Design(members, len(members) == 2 ** (design.players - 1) - 1)


def _available(players: int) -> np.ndarray:
    """How many pairs there are whose smaller coalition has 1, 2, … ⌊M/2⌋ players (floats: many)."""
    sizes = range(1, players // 2 + 1)
    return np.array([comb(players, s) / (2 if 2 * s == players else 1) for s in sizes], float)


def _shares(players: int, pairs: int, generator: np.random.Generator) -> np.ndarray:
    """Pairs of each size, (⌊M/2⌋,) integers that sum to `pairs`."""
    available = _available(players)
    weight = np.where(2 * np.arange(1, len(available) + 1) == players, 0.5, 1.0)
    share, taken = np.zeros(len(available)), np.zeros(len(available), bool)
    while not taken.all():
        left = pairs - available[taken].sum()
        share = np.where(taken, available, left * weight / weight[~taken].sum())
        over = ~taken & (share >= available)
        if not over.any():
            break
        taken |= over
    share = np.minimum(share, available)
    # systematic rounding: the running sum of shares, cut at a random offset
    edges = np.floor(np.r_[0, np.cumsum(share)] + generator.random() * (1 - 1e-9))
    counts = np.minimum(np.diff(edges), available).astype(np.int64)
    counts[np.argmax(available - counts)] += pairs - counts.sum()
    return counts


def _of_size(players: int, size: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` different coalitions of one size, no two of them complements; (count, M) bool."""
    halves = 2 * size == players
    available = comb(players, size) // (2 if halves else 1)
    if count == 0:
        return np.zeros((0, players), bool)
    if 2 * count > available:
        # of half the players: those with the first player, so that no complement is among them
        everyone = np.zeros((available, players), bool)
        for row, members in zip(everyone, combinations(range(players), size), strict=False):
            row[list(members)] = True
        return everyone[np.sort(generator.choice(available, count, replace=False))]
    found: dict[bytes, np.ndarray] = {}
    while len(found) < count:
        ranks = generator.random((count - len(found), players)).argsort(1)
        rows = ranks < size
        if halves:
            rows ^= ~rows[:, :1]
        found.update({row.tobytes(): row for row in rows})
    return np.array(list(islice(found.values(), count)))
