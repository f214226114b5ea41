"""Arrangements against enumeration by Python's own permutations."""

from itertools import permutations
from math import comb, factorial

import numpy as np
import pytest

from tests.support.worlds import family_names
from thinkalike.statistics import permutations as module
from thinkalike.statistics.permutations import Labelings, Moves, share_as_large


def rows(chunks) -> list[tuple[int, ...]]:
    return [tuple(row) for chunk in chunks for row in chunk.tolist()]


@pytest.mark.parametrize("families", ["aabb", "abab", "aabbb", "abcabc", "aab", "abc", "aaaa", "a"])
def test_all_labelings_are_tried_once_the_observed_one_first(families):
    labelings = Labelings.of(list(families), seed=0)
    found = rows(labelings.chunks())
    codes = [sorted(set(families)).index(family) for family in families]
    assert labelings.exact
    assert found[0] == tuple(codes)
    assert len(found) == len(set(found)) == labelings.number == labelings.total
    assert set(found) == set(permutations(codes))


@pytest.mark.parametrize(
    ("sizes", "total", "smallest"),
    [
        ((9, 5), 2002, 1 / 2002),
        ((4, 3), 35, 1 / 35),
        ((4, 3, 1), 280, 1 / 280),
        ((4, 4), 70, 2 / 70),
        ((2, 2, 2), 90, 6 / 90),
        ((1, 1, 1), 6, 1),
    ],
)
def test_the_smallest_p_is_what_the_numbers_of_models_allow(sizes, total, smallest):
    labelings = Labelings.of(family_names(sizes), seed=0)
    assert labelings.total == total
    assert labelings.smallest_p == pytest.approx(smallest)


def test_drawn_labelings_keep_the_sizes_and_follow_from_the_seed():
    families = family_names((20, 15, 5))
    labelings = Labelings.of(families, seed=3, most=500)
    found = rows(labelings.chunks())
    assert not labelings.exact
    assert labelings.total == factorial(40) // (factorial(20) * factorial(15) * factorial(5))
    assert len(found) == labelings.number == 501
    assert {tuple(np.bincount(row)) for row in found} == {(20, 15, 5)}
    assert found == rows(Labelings.of(families, seed=3, most=500).chunks())
    assert found[1:] != rows(Labelings.of(families, seed=4, most=500).chunks())[1:]
    assert labelings.smallest_p == 1 / 501


def test_every_labeling_is_drawn_equally_often():
    labelings = Labelings.of(list("aabbb"), seed=0, most=9)  # of 10 there are
    many = Labelings(labelings.observed, labelings.sizes, 10, False, 0, 20_000)
    _, counts = np.unique(rows(many.chunks())[1:], axis=0, return_counts=True)
    assert len(counts) == comb(5, 2)
    assert np.abs(counts - 2_000).max() < 5 * np.sqrt(2_000)


@pytest.mark.parametrize("families", ["aaa", "aabb", "abab", "aabbbc", "abc"])
def test_all_moves_leave_every_model_in_its_family(families):
    moves = Moves.within(list(families), seed=0)
    found = rows(moves.chunks(1))
    places = range(len(families))
    expected = {
        order
        for order in permutations(places)
        if all(families[i] == families[j] for i, j in zip(order, places, strict=True))
    }
    assert moves.exact
    assert found[0] == tuple(places)
    assert len(found) == moves.number == moves.total
    assert set(found) == expected
    assert moves.smallest_p == 1 / len(expected)


def test_drawn_moves_stay_within_families_and_come_equally_often():
    families = np.array(list("aabbb"))
    moves = Moves.within(families.tolist(), seed=0, most=11)  # 2! 3! = 12 are within that
    assert not moves.exact
    many = Moves(moves.groups, 12, False, 0, 24_000)
    found = np.array(rows(many.chunks(1))[1:])
    assert (families[found] == families).all()
    _, counts = np.unique(found, axis=0, return_counts=True)
    assert len(counts) == 12
    assert np.abs(counts - 2_000).max() < 5 * np.sqrt(2_000)


def test_chunks_change_nothing(monkeypatch):
    families = family_names((5, 4))
    few, drawn = (Labelings.of(families, seed=0, most=most) for most in (1_000, 50))
    close, far = (Moves.within(families, seed=0, most=most) for most in (10_000, 50))
    whole = [rows(few.chunks()), rows(drawn.chunks()), rows(close.chunks(4)), rows(far.chunks(4))]
    monkeypatch.setattr(module, "CELLS", 63)
    assert rows(few.chunks()) == whole[0]
    assert rows(close.chunks(4)) == whole[2]
    assert len(rows(drawn.chunks())) == len(rows(far.chunks(4))) == 51


def test_ties_count_and_what_has_no_statistic_does_not():
    statistics = np.array([1.0, 2.0, 1.0 - 1e-13, 0.5, np.nan])
    assert share_as_large(statistics, 1) == 3 / 4
    assert share_as_large(statistics[:1], 1) == 1
