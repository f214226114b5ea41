"""What is known of explanation methods before anything is computed."""

import pytest

from thinkalike.methods import METHODS, expected_steps


def test_integrated_gradients_that_cannot_add_steps_take_two_passes_each():
    settings = {"tolerance": 0.02, "map_tolerance": 0.075, "most_steps": 6}
    assert METHODS["integrated_gradients"].passes(settings, 64, 30) == 2 * 6


def test_expected_steps_are_the_measured_ones():
    """Of byobnet, coatnet, convnext, efficientnet, resnet and vit of the digits study."""
    measured = [38.375, 17.8125, 19.25, 13.6875, 43.5625, 13.875]
    assert expected_steps(0.075, 162, "digits") == pytest.approx(sum(measured) / 6, rel=0.005)


def test_expected_steps_lie_between_the_first_and_the_most():
    assert expected_steps(0, 162) == expected_steps(1e-12, 162) == 162
    assert expected_steps(1e6, 486) == 6
    assert expected_steps(0.05, 162) == pytest.approx(2 * expected_steps(0.2, 162))
