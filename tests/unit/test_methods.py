"""What is known of explanation methods before anything is computed."""

import pytest

from thinkalike.methods import METHODS, expected_steps


@pytest.mark.parametrize("most_steps", [6, 17])
def test_integrated_gradients_that_cannot_add_steps_take_two_passes_each(most_steps):
    settings = {"tolerance": 0.02, "most_steps": most_steps}
    assert METHODS["integrated_gradients"].passes(settings, 64, 30) == 2 * 6


def test_expected_steps_are_the_measured_ones():
    """Of the 900 maps of trained models in results/digits, at two tolerances."""
    measured = (283 * 6 + 455 * 18 + 128 * 54 + 34 * 162) / 900
    assert expected_steps(0.02, 162) == pytest.approx(measured, rel=0.005)
    measured = (180 * 6 + 452 * 18 + 193 * 54 + 75 * 162) / 900
    assert expected_steps(0.01, 162) == pytest.approx(measured, rel=0.02)


def test_expected_steps_lie_between_the_first_and_the_most():
    assert expected_steps(1e-12, 162) == pytest.approx(162, rel=1e-3)
    assert expected_steps(1e6, 486) == pytest.approx(6)
    steps = [expected_steps(tolerance, 162) for tolerance in (0.001, 0.01, 0.02, 0.1)]
    assert steps == sorted(steps, reverse=True)
