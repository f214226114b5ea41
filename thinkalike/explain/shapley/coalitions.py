"""Coalitions of players on which a game is evaluated.

Shapley values depend on a game v only through v(S) − v(Sᶜ) (its odd part): a coalition always
comes with its complement. Sizes are drawn evenly, which is proportional to the leverage scores of
the KernelSHAP regression, and within a size no coalition is drawn twice.

Sources: Covert and Lee, Improving KernelSHAP, AISTATS 2021 (pairs); Musco and Witter, Provably
accurate Shapley value estimation via leverage score sampling, ICLR 2025, lemma 3.2 (leverage scores,
without replacement).
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np


@dataclass(frozen=True)
class Design:
    """Coalitions on which a game is evaluated, beside the empty and the full one.

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
        """Number of evaluations of the game, the empty and the full coalition included."""
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
    return extend(Design(np.zeros((0, players), bool), players < 2), evaluations, generator)


def extend(design: Design, evaluations: int, generator: np.random.Generator) -> Design:
    """A design of a larger budget: the old pairs first, then new ones that even out the sizes."""
    players = design.players
    possible = 2 ** max(players - 1, 0) - 1
    pairs = min((evaluations - 2) // 2, possible)
    if pairs <= len(design.members):
        return design
    smaller = _smaller_of_pairs(design.members)
    old = [smaller[smaller.sum(1) == size] for size in range(1, players // 2 + 1)]
    wanted = _shares(players, pairs, generator)
    counts = _missing(np.array([len(rows) for rows in old]), wanted, pairs - len(smaller))
    parts = [
        _of_size(size, int(count), generator, rows)
        for size, (count, rows) in enumerate(zip(counts, old, strict=True), 1)
    ]
    return Design(np.concatenate([design.members, *parts]), pairs == possible)


def with_complements(members: np.ndarray) -> np.ndarray:
    """Coalitions S₁, S₁ᶜ, S₂, S₂ᶜ, … (2P, M) from the first (P, M) of each pair."""
    return np.stack([members, ~members], 1).reshape(2 * len(members), members.shape[1])


def _smaller_of_pairs(members: np.ndarray) -> np.ndarray:
    """The smaller coalition (P, M) of each pair; of two equal ones the one with the first player."""
    players, sizes = members.shape[1], members.sum(1)
    other = (2 * sizes > players) | ((2 * sizes == players) & ~members[:, :1].any(1))
    return members ^ other[:, None]


def _available(players: int) -> np.ndarray:
    """Numbers of pairs whose smaller coalition has 1, 2, … ⌊M/2⌋ players (floats: they are large)."""
    sizes = range(1, players // 2 + 1)
    pairs = (comb(players, s) // (2 if 2 * s == players else 1) for s in sizes)
    return np.array([min(number, 2**53) for number in pairs], float)


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


def _missing(known: np.ndarray, wanted: np.ndarray, number: int) -> np.ndarray:
    """Numbers of pairs of each size to add to the known ones, `number` in all."""
    missing = np.maximum(wanted - known, 0)
    # a size that was rounded up before and down now has one too many: another gets one less
    for _ in range(missing.sum() - number):
        missing[np.argmax(missing)] -= 1
    return missing


def _of_size(size: int, count: int, generator: np.random.Generator, old: np.ndarray) -> np.ndarray:
    """`count` coalitions of one size, different from each other, from the `old` and all complements."""
    players = old.shape[1]
    halves = 2 * size == players
    available = comb(players, size) // (2 if halves else 1)
    if count == 0:
        return np.zeros((0, players), bool)
    known = {row.tobytes() for row in old}
    if 2 * (count + len(known)) > available:
        # of half the players: those with the first player, so that no complement is among them
        everyone = np.zeros((available, players), bool)
        for row, members in zip(everyone, combinations(range(players), size), strict=False):
            row[list(members)] = True
        fresh = everyone[[row.tobytes() not in known for row in everyone]]
        return fresh[np.sort(generator.choice(len(fresh), count, replace=False))]
    drawn: dict[bytes, np.ndarray] = {}
    while len(drawn) < count:
        ranks = generator.random((count - len(drawn), players)).argsort(1)
        rows = ranks < size
        if halves:
            rows ^= ~rows[:, :1]
        drawn.update({key: row for row in rows if (key := row.tobytes()) not in known})
    return np.array(list(drawn.values()))
