"""Designs: which coalitions a game is asked about."""

from math import comb

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from thinkalike.explain.shapley.coalitions import Design, draw, extend

PLAYERS = st.integers(0, 60)
EVALUATIONS = st.integers(2, 1500)
SEEDS = st.integers(0, 2**32)


def drawn(players: int, evaluations: int, seed: int = 0) -> Design:
    return draw(players, evaluations, np.random.default_rng(seed))


def pairs_there_are(players: int) -> int:
    """Of a coalition and its complement, the empty and the full one left out."""
    return (2**players - 2) // 2 if players else 0


def sizes(design: Design) -> np.ndarray:
    """How many pairs have a smaller coalition of 0, 1, … ⌊M/2⌋ players."""
    size = design.members.sum(1)
    return np.bincount(np.minimum(size, design.players - size), minlength=design.players // 2 + 1)


def different(members: np.ndarray) -> int:
    """How many coalitions there are among these and their complements."""
    return len({row.tobytes() for row in np.concatenate([members, ~members])})


def even(players: int, pairs: int) -> list[float]:
    """Pairs for every size s = 1 … M/2: the level c at which Σ min(c w_s, all of that size) = pairs."""
    weight = [0.5 if 2 * s == players else 1.0 for s in range(1, players // 2 + 1)]
    most = [w * min(comb(players, s), 10**9) for s, w in enumerate(weight, 1)]
    low, high = 0.0, 1e10
    for _ in range(200):
        level = (low + high) / 2
        reached = sum(min(level * w, m) for w, m in zip(weight, most, strict=True))
        low, high = (level, high) if reached < pairs else (low, level)
    return [min(high * w, m) for w, m in zip(weight, most, strict=True)]


@given(PLAYERS, EVALUATIONS, SEEDS)
@example(1, 2, 0)
@example(2, 4, 0)
@example(3, 8, 0)
@example(13, 8194, 0)
def test_the_budget_is_used_and_not_exceeded(players, evaluations, seed):
    design = drawn(players, evaluations, seed)
    assert design.players == players
    assert design.evaluations <= evaluations
    assert len(design.members) == min((evaluations - 2) // 2, pairs_there_are(players))
    assert design.evaluations == 2 * len(design.members) + 2


@given(PLAYERS, EVALUATIONS, SEEDS)
@example(8, 60, 0)
@example(12, 2100, 1)
def test_no_coalition_comes_twice_nor_its_complement_nor_the_ends(players, evaluations, seed):
    design = drawn(players, evaluations, seed)
    assert different(design.members) == 2 * len(design.members)
    size = design.members.sum(1)
    assert np.all((size > 0) & (size < players))


@given(PLAYERS, EVALUATIONS, SEEDS)
def test_it_is_complete_exactly_where_every_coalition_is_in_it(players, evaluations, seed):
    design = drawn(players, evaluations, seed)
    every = 2**players if players else 1
    assert design.complete == (different(design.members) == every - min(every, 2))
    assert design.complete == (evaluations >= every)


@given(PLAYERS, EVALUATIONS, SEEDS)
@example(50, 350, 0)
@example(14, 200, 0)
def test_sizes_are_drawn_evenly_up_to_what_there_is(players, evaluations, seed):
    """In proportion to leverage, which is the same for all sizes."""
    design = drawn(players, evaluations, seed)
    found = sizes(design)[1:]
    np.testing.assert_array_less(np.abs(found - even(players, len(design.members))), 1 + 1e-6)


def test_the_shares_of_sizes_are_even_on_average():
    """43 pairs of 10 sizes, the last of which is only half a share: what is left over goes round."""
    found = np.mean([sizes(drawn(20, 88, seed))[1:] for seed in range(2000)], 0)
    expected = np.r_[np.full(9, 43 / 9.5), 43 / 19]
    # counts are rounded up or down: deviations of at most ½, over 2,000 draws
    np.testing.assert_allclose(found, expected, atol=5 * 0.5 / np.sqrt(2000))


def test_a_size_with_few_coalitions_is_taken_completely():
    found = sizes(drawn(9, 102))[1:]
    assert found.sum() == 50
    assert found[0] == 9
    # 41 left for three sizes that have 36, 84 and 126
    assert set(found[1:]) <= {13, 14}


@pytest.mark.parametrize("players", [6, 7, 20, 21])
@pytest.mark.parametrize("evaluations", [12, 30])
def test_players_are_drawn_alike(players, evaluations):
    """Of odd and of even numbers; which of a pair is a member does not count."""
    count, together = np.zeros(players), 0
    for seed in range(400):
        members = drawn(players, evaluations, seed).members
        smaller = members ^ (2 * members.sum(1) > players)[:, None]
        count += smaller.sum(0)
        together += smaller.sum()
    # half of the players: always written with the first one
    if players % 2 == 0:
        count, together = count[1:], together - count[0]
    share = count / together
    np.testing.assert_allclose(share, 1 / len(share), atol=5 * np.sqrt(1 / len(share) / together))


@pytest.mark.parametrize("players", [2, 4, 8, 10])
def test_both_halves_of_an_even_number_are_drawn_alike(players):
    """Pairs of equal halves are asked as often as another, whichever side the first player is on."""
    half = players // 2
    seen = {}
    for seed in range(600):
        members = drawn(players, 2 ** (players - 1), seed).members
        for row in members[members.sum(1) == half]:
            assert row[0]
            seen[row.tobytes()] = seen.get(row.tobytes(), 0) + 1
    number = comb(players, half) // 2
    if players == 2:
        assert seen == {}
        return
    assert len(seen) == number
    mean = sum(seen.values()) / number
    assert max(abs(count - mean) for count in seen.values()) < 5 * np.sqrt(mean)


@given(PLAYERS, EVALUATIONS, SEEDS)
def test_it_follows_from_its_seed_alone(players, evaluations, seed):
    np.random.seed(seed % 1000)  # noqa: NPY002  whatever else was drawn does not matter
    np.testing.assert_array_equal(
        drawn(players, evaluations, seed).members, drawn(players, evaluations, seed).members
    )


@pytest.mark.parametrize(("players", "evaluations"), [(6, 30), (20, 50), (50, 350)])
def test_another_seed_gives_other_coalitions(players, evaluations):
    first, second = (drawn(players, evaluations, seed).members for seed in (1, 2))
    both = np.concatenate([first, second])
    assert different(both) > 1.3 * different(first)


@pytest.mark.parametrize("players", [0, 1])
@pytest.mark.parametrize("evaluations", [0, 1, 2, 3, 4, 100])
def test_without_a_choice_there_is_nothing_to_ask_but_the_ends(players, evaluations):
    design = drawn(players, evaluations)
    assert design.members.shape == (0, players)
    assert design.complete
    assert design.evaluations == 2


@pytest.mark.parametrize("players", [2, 3, 50])
@pytest.mark.parametrize("evaluations", [0, 1, 2, 3])
def test_too_small_a_budget_asks_for_the_ends_and_is_not_complete(players, evaluations):
    design = drawn(players, evaluations)
    assert design.members.shape == (0, players)
    assert not design.complete


def test_two_players_have_one_pair_and_three_have_three():
    two, three = drawn(2, 4), drawn(3, 8)
    assert two.complete
    assert three.complete
    assert two.members.tolist() == [[True, False]]
    assert sorted(three.members.tolist()) == [
        [False, False, True],
        [False, True, False],
        [True, False, False],
    ]


@pytest.mark.parametrize("players", [1030, 3000])
def test_more_players_than_a_float_has_coalitions_for(players):
    """2^1030 is more than the largest float."""
    design = drawn(players, 2 * players)
    assert len(design.members) == players - 1
    assert different(design.members) == 2 * (players - 1)
    assert np.ptp(sizes(design)[1:-1]) <= 1


# a design that grows


@settings(max_examples=60)
@given(PLAYERS, st.lists(st.integers(2, 700), min_size=2, max_size=4), SEEDS)
@example(8, [10, 40, 200, 400], 0)
@example(13, [15, 30, 600, 8192], 0)
@example(20, [22, 44, 88, 176], 0)
def test_the_old_pairs_stay_first_and_new_ones_are_new(players, budgets, seed):
    rng = np.random.default_rng(seed)
    design = draw(players, budgets[0], rng)
    for evaluations in budgets[1:]:
        larger = extend(design, evaluations, rng)
        old = len(design.members)
        np.testing.assert_array_equal(larger.members[:old], design.members)
        assert different(larger.members) == 2 * len(larger.members)
        wanted = min((evaluations - 2) // 2, pairs_there_are(players))
        assert len(larger.members) == max(wanted, old)
        assert larger.complete == (len(larger.members) == pairs_there_are(players))
        design = larger


@settings(max_examples=60)
@given(PLAYERS, st.integers(2, 400), st.sampled_from([2, 4, 8]), SEEDS)
def test_a_design_that_grew_has_the_sizes_of_one_drawn_at_once(players, evaluations, times, seed):
    rng = np.random.default_rng(seed)
    design = draw(players, evaluations, rng)
    while evaluations < 400 * times:
        evaluations *= 2
        design = extend(design, evaluations, rng)
    found = sizes(design)[1:]
    # rounded twice: up before, down now, and the one too many is missing elsewhere
    np.testing.assert_array_less(np.abs(found - even(players, len(design.members))), 2 + 1e-6)


def test_members_may_be_either_of_a_pair():
    """Also those of halves: what is asked is the pair."""
    rng = np.random.default_rng(0)
    design = draw(6, 40, rng)
    turned = Design(design.members ^ (rng.random(len(design.members)) < 0.5)[:, None], False)
    complete = extend(turned, 64, rng)
    np.testing.assert_array_equal(complete.members[:19], turned.members)
    assert complete.complete
    assert different(complete.members) == 62


def test_a_budget_that_is_no_larger_changes_nothing():
    rng = np.random.default_rng(0)
    for design in (draw(20, 60, rng), draw(4, 100, rng)):
        assert extend(design, 60, rng) is design
        assert extend(design, 4, rng) is design
