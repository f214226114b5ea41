"""Rules for the steps of Integrated Gradients on a path whose gradients are known."""

import numpy as np
import pytest

from benchmarks import quadrature
from benchmarks.quadrature import RULES, Dense, converged, equal, ours, rows, tripled


def path() -> Dense:
    """Two pixels: the slope of one jumps at a third of the path, the other's rises and falls."""
    places = (np.arange(quadrature.REFERENCE) + 0.5) / quadrature.REFERENCE
    maps = np.stack([2.0 * (places > 1 / 3), np.sin(20 * places)], 1)
    slopes = maps.sum(1)
    scores = np.concatenate([[0.0], np.cumsum(slopes)]) / quadrature.REFERENCE
    return Dense(scores, slopes, maps @ maps.T)


@pytest.mark.parametrize("rule", [ours, *RULES.values()])
def test_a_rule_keeps_to_its_price_and_comes_near(rule):
    nodes, weights = rule(path(), 60)
    assert len(nodes) == len(weights) <= 60
    assert ((nodes > 0) & (nodes < 1)).all()
    assert weights.sum() == pytest.approx(1, abs=0.05)
    assert path().distance(nodes, weights) < 0.15


def test_all_steps_are_the_limit():
    nodes, weights = equal(quadrature.REFERENCE)
    assert path().distance(nodes, weights) == pytest.approx(0, abs=1e-6)
    assert path().gap(nodes, weights) == pytest.approx(0, abs=1e-12)


def test_both_end_when_the_sum_is_right_and_ours_when_the_map_is_near_too():
    for rule in (tripled, converged):
        assert path().gap(*rule(path())) <= quadrature.TOLERANCE
    assert path().distance(*converged(path())) <= quadrature.MAP_TOLERANCE


def test_every_rule_has_a_row_of_distances_and_one_of_gaps():
    found = rows("mine", [path(), path()])
    assert len(found) == 2 * len(RULES) + 3
    assert all(np.isfinite([row.ours, row.theirs]).all() for row in found)
