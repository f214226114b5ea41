"""How many images: a Gaussian world in which the answer is known."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from thinkalike.statistics.image_count import ImageCount, image_count

MODELS, PAIRS, IMAGES = 8, 28, 100
TRUE_SPREAD, SHARED, NOISE = 0.1, 0.2, 0.25
NEEDED = NOISE**2 / TRUE_SPREAD**2 / (1 / np.sin(0.45 * np.pi) ** 2 - 1)
"""n*, about 249."""


def square(pairs: np.ndarray, models: int = MODELS) -> np.ndarray:
    """(N, M, M) from (N, Q); the diagonal is 1."""
    values = np.ones((len(pairs), models, models))
    first, second = np.triu_indices(models, 1)
    values[:, first, second] = values[:, second, first] = pairs
    return values


def world(generator: np.random.Generator, images: int = IMAGES) -> tuple[np.ndarray, np.ndarray]:
    """True entries, and values per image: entry + what the image does to all pairs + noise."""
    truth = generator.normal(0, TRUE_SPREAD, PAIRS)
    shared = SHARED * generator.normal(size=(images, 1))
    return truth, truth + shared + NOISE * generator.normal(size=(images, PAIRS))


def simulated(runs: int) -> tuple[list[ImageCount], list[float]]:
    generator = np.random.default_rng(0)
    found, seen = [], []
    for _ in range(runs):
        truth, values = world(generator)
        found.append(image_count(square(values)))
        seen.append(kendalltau(values.mean(0), truth).statistic)
    return found, seen


def test_the_number_of_images_of_a_known_world():
    assert pytest.approx(249, abs=1) == NEEDED
    found, seen = simulated(300)
    needed = [count.needed for count in found]
    assert np.median(needed) == pytest.approx(NEEDED, rel=0.08)
    low, high = np.quantile(needed, [0.1, 0.9])
    assert 150 < low < NEEDED < high < 450
    assert np.mean([count.tau for count in found]) == pytest.approx(np.mean(seen), abs=0.03)
    assert np.mean([count.image_variance for count in found]) == pytest.approx(NOISE**2, rel=0.02)


def test_so_many_images_do_order_the_pairs_as_well():
    generator = np.random.default_rng(1)
    seen = []
    for _ in range(60):
        truth, values = world(generator, round(NEEDED))
        seen.append(kendalltau(values.mean(0), truth).statistic)
    assert np.mean(seen) == pytest.approx(0.9, abs=0.02)


def test_what_classes_do_is_no_noise_where_images_are_chosen_by_class():
    generator = np.random.default_rng(2)
    classes = np.arange(IMAGES) % 10
    needed = {"with": [], "without": []}
    for _ in range(100):
        _, values = world(generator)
        values += 0.5 * generator.normal(size=(10, PAIRS))[classes]
        needed["with"].append(image_count(square(values), groups=classes).image_variance)
        needed["without"].append(image_count(square(values)).image_variance)
    assert np.mean(needed["with"]) == pytest.approx(NOISE**2, rel=0.03)
    assert np.mean(needed["without"]) > 3 * NOISE**2


def test_missing_values_change_little():
    generator = np.random.default_rng(3)
    variances = []
    for _ in range(100):
        _, values = world(generator)
        values[generator.random(values.shape) < 0.2] = np.nan
        found = image_count(square(values))
        variances.append(found.image_variance)
        assert 70 < found.images < 85
    assert np.mean(variances) == pytest.approx(NOISE**2, rel=0.03)


def test_it_says_what_it_cannot_tell():
    generator = np.random.default_rng(4)
    few = image_count(generator.normal(size=(20, 2, 2)))
    assert "fewer than 3 pairs" in few.reason
    assert np.isnan(few.needed)
    one = image_count(square(generator.normal(size=(1, PAIRS))))
    assert "enough images" in one.reason
    equal = image_count(square(np.ones((20, PAIRS))))
    assert "equally alike" in equal.reason
    holes = square(generator.normal(size=(20, 3)), 3)
    holes[:, 0, 1] = holes[:, 1, 0] = np.nan
    assert "enough images" in image_count(holes).reason


def test_pairs_that_do_not_differ_need_endless_images():
    values = np.tile([[1.0], [-1.0]], (10, 3)) * [1, -1, 1]
    found = image_count(square(values, 3))
    assert np.isinf(found.needed)
    assert found.reliability == 0
    assert "no more than" in found.reason
