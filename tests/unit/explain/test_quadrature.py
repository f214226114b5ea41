"""Nodes of a quadrature against sums over their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from thinkalike.explain.quadrature import first_nodes, halves, misses, weights, worst_halves

EPSILON = 2.0**-52
PLACES = st.lists(st.integers(1, 999), min_size=1, max_size=20, unique=True).map(
    lambda numbers: np.sort(numbers) / 1000
)


@given(PLACES)
def test_weights_are_the_lengths_that_are_nearest_to_each_node(nodes):
    found = weights(nodes)
    assert found.sum() == pytest.approx(1)
    grid = (np.arange(2_000) + 0.5) / 2_000
    nearest = np.abs(grid[:, None] - nodes).argmin(1)
    counts = np.bincount(nearest, minlength=len(nodes)) / len(grid)
    np.testing.assert_allclose(found, counts, atol=1.1e-3)


def test_the_first_nodes_are_midpoints():
    np.testing.assert_allclose(weights(first_nodes()), np.full(6, 1 / 6))


@given(PLACES, st.data())
def test_misses_sum_to_what_the_rule_misses_of_the_change(nodes, data):
    numbers = st.floats(-100, 100)
    slopes = data.draw(arrays(float, len(nodes), elements=numbers))
    scores = data.draw(arrays(float, len(nodes) + 2, elements=numbers))
    missing = scores[-1] - scores[0] - weights(nodes) @ slopes
    assert misses(nodes, slopes, scores).sum() == pytest.approx(missing, abs=1e-9)


def test_nothing_is_missing_of_a_line_and_of_a_bend_only_where_it_is():
    nodes = first_nodes()
    places = np.concatenate([[0], nodes, [1]])
    np.testing.assert_allclose(misses(nodes, np.full(6, 3.0), 3 * places), 0, atol=1e-12)
    bent = np.maximum(places - 0.3, 0)  # between the second node and the third
    missed = misses(nodes, (nodes > 0.3).astype(float), bent)
    assert np.flatnonzero(np.abs(missed) > 1e-12).tolist() == [2]
    added = worst_halves(nodes, (nodes > 0.3).astype(float), bent, 1, EPSILON)
    np.testing.assert_allclose(added, [1 / 3])


def test_intervals_are_halved_and_the_ends_cut_at_a_third():
    nodes = np.array([0.3, 0.5, 0.9])
    np.testing.assert_allclose(halves(nodes), [0.1, 0.4, 0.7, 1 - 0.1 / 3])
    # all equal lengths again, but at the ends, whose nodes are in their middle
    all_ = np.sort(np.concatenate([first_nodes(), halves(first_nodes())]))
    lengths = weights(all_)
    np.testing.assert_allclose(lengths[2:-2], 1 / 12)
    assert all_[0] == pytest.approx(lengths[0] / 2)


def test_the_worst_come_first_and_of_equals_the_longest():
    nodes, slopes = np.array([0.2, 0.3, 0.9]), np.zeros(3)
    scores = np.array([0, 0, 5, 2, 2.0])
    assert worst_halves(nodes, slopes, scores, 1, EPSILON) == pytest.approx([0.25])
    np.testing.assert_allclose(
        worst_halves(nodes, slopes, scores, 3, EPSILON), [0.2 / 3, 0.25, 0.6]
    )
    assert len(worst_halves(nodes, slopes, scores, 9, EPSILON)) == 4


def test_what_rounding_leaves_of_scores_is_nothing():
    nodes, slopes = np.array([0.2, 0.3, 0.9]), np.zeros(3)
    scores = 10 + np.array([0, 0, 1, 1, 1]) * 1e-6
    assert worst_halves(nodes, slopes, scores, 1, 2.0**-52) == pytest.approx([0.25])
    assert worst_halves(nodes, slopes, scores, 1, 2.0**-23) == pytest.approx([0.6])
