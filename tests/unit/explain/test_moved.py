"""Explanations of moved images: what moves with them, what stays, and a network that sees no difference."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.explaining import Linear, images, linear, quarters, question
from thinkalike.compare.moved import moved_back, moved_right
from thinkalike.explain.cases import explained
from thinkalike.explain.common import Case
from thinkalike.explain.moved import moved_case
from thinkalike.networks.predict import logits

SIZE = 16
SETTINGS = {
    "integrated_gradients": {"tolerance": 0.02, "map_tolerance": 0.1, "most_steps": 54},
    "kernelshap": {"evaluations": 20},
}


def case_of(model, pixels: np.ndarray) -> Case:
    asked = question(
        segments=quarters(len(pixels), SIZE),
        seeds=np.arange(len(pixels)),
        logits=logits(model, pixels),
    )
    names = [f"image_{i}" for i in range(len(pixels))]
    return Case(model, names, pixels, asked.logits.argmax(1), asked)


def blind_to_places() -> Linear:
    """A linear network with the same weight in every place."""
    network = Linear(SIZE, 4).eval()
    weights = torch.randn(4, 3, 1, 1, generator=torch.Generator().manual_seed(1))
    network.weight = nn.Parameter(weights.expand(4, 3, SIZE, SIZE).clone(), requires_grad=False)
    return network


def test_images_and_superpixels_move_and_targets_and_seeds_stay():
    case = case_of(linear(SIZE), images(4, SIZE))
    moved = moved_case(case, 2, 3)
    np.testing.assert_array_equal(moved.images, moved_right(case.images[:3], 2))
    np.testing.assert_array_equal(
        moved.question.segments, moved_right(case.question.segments, 2)[:3]
    )
    np.testing.assert_array_equal(moved.targets, case.targets[:3])
    np.testing.assert_array_equal(moved.question.seeds, case.question.seeds[:3])
    assert moved.image_ids == case.image_ids[:3]


@pytest.mark.parametrize("method", SETTINGS)
def test_scores_are_those_of_the_moved_images(method):
    case = case_of(linear(SIZE), images(4, SIZE))
    moved = moved_case(case, 1, 4)
    assert moved.question.logits is None
    total = explained(moved, method, SETTINGS[method]).measures["difference"]
    expected = logits(case.model, moved.images)[np.arange(4), case.targets]
    np.testing.assert_allclose(total, expected, rtol=1e-4)  # black has score 0


@pytest.mark.parametrize("method", SETTINGS)
def test_a_network_that_is_blind_to_places_has_the_same_maps(method):
    pixels = images(3, SIZE)
    pixels[:, :, [0, -1]] = 0  # nothing is lost, and nothing comes in
    case = case_of(replace(linear(SIZE), network=blind_to_places()), pixels)
    maps = explained(case, method, SETTINGS[method]).maps
    moved = explained(moved_case(case, 1, 3), method, SETTINGS[method]).maps
    first, second = moved_back(maps, moved, 1)
    np.testing.assert_allclose(second.coefficients, first.coefficients, atol=1e-4)
    assert np.abs(first.coefficients).max() > 0.1


def test_a_network_that_is_not_has_others():
    case = case_of(linear(SIZE), images(3, SIZE))
    settings = SETTINGS["integrated_gradients"]
    maps = explained(case, "integrated_gradients", settings).maps
    moved = explained(moved_case(case, 1, 3), "integrated_gradients", settings).maps
    first, second = (each.coefficients for each in moved_back(maps, moved, 1))
    cosine = (
        (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    )
    assert np.abs(cosine).max() < 0.3
