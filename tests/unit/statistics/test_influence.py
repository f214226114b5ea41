"""Influence of single images: means and trees of matrices computed again without them."""

import numpy as np
import pytest

from thinkalike.statistics.influence import (
    influence_on_chord,
    influence_on_mean,
    influential_images,
    leave_one_out,
    share_of_variance,
)

MODELS = ["a", "b", "c"]
IMAGES = [f"image {i}" for i in range(9)]


def similarities(seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).uniform(-0.2, 0.9, (9, 3, 3))
    values = (values + values.transpose(0, 2, 1)) / 2
    values[:, [0, 1, 2], [0, 1, 2]] = 1
    values[4, 0, 1] = values[4, 1, 0] = np.nan
    return values


def test_the_closed_form_is_the_mean_of_the_other_images():
    values = similarities()
    means, moved = leave_one_out(values), influence_on_mean(values)
    farther = influence_on_chord(values)
    for image in range(9):
        others = np.nanmean(np.delete(values, image, 0), 0)
        counts = np.isfinite(values[image])
        whole = np.nanmean(values, 0)
        np.testing.assert_allclose(means[image][counts], others[counts], rtol=1e-12)
        np.testing.assert_allclose(moved[image][counts], (whole - others)[counts], atol=1e-14)
        chords = np.sqrt(2 * (1 - whole)) - np.sqrt(2 * (1 - others))
        # rounding of the chord of a similarity of 1
        np.testing.assert_allclose(farther[image][counts], chords[counts], atol=1e-7)
        assert np.isnan(means[image][~counts]).all()


def test_influence_sums_to_nothing_and_shares_to_one():
    values = similarities()
    np.testing.assert_allclose(np.nansum(influence_on_mean(values), 0), 0, atol=1e-14)
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(np.nansum(share_of_variance(values), 0)[off], 1)


def test_an_image_alone_has_no_mean_without_it():
    assert np.isnan(leave_one_out(np.array([[0.5]]))).all()


def test_the_images_of_a_pair_are_the_most_and_the_least_similar():
    values = similarities()
    table = influential_images(values, IMAGES, MODELS, number=2)
    assert list(zip(table["model_a"], table["model_b"], strict=True))[::4] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    for (a, b), rows in table.groupby(["model_a", "model_b"]):
        pair = values[:, MODELS.index(a), MODELS.index(b)]
        order = [IMAGES[i] for i in np.argsort(pair) if np.isfinite(pair[i])]
        together, apart = (rows[rows["role"] == role] for role in ("together", "apart"))
        assert together["image_id"].tolist() == order[::-1][:2]
        assert apart["image_id"].tolist() == order[:2]
        assert together["rank"].tolist() == apart["rank"].tolist() == [1, 2]
        assert (together["influence"] > 0).all()
        assert (apart["influence"] < 0).all()


def test_images_that_move_nothing_are_in_no_table():
    assert influential_images(np.ones((4, 2, 2)), IMAGES[:4], MODELS[:2]).empty
    few = influential_images(similarities()[:2], IMAGES[:2], MODELS, number=3)
    assert few.groupby(["model_a", "model_b", "role"]).size().max() == 1


def test_influence_values_of_rho_give_what_rho_changes_by():
    """A correlation, whose influence function is known (Hampel 1974); what is left falls as 1/n²."""
    generator = np.random.default_rng(1)
    left = {}
    for images in (100, 1000):
        x = generator.normal(size=images)
        y = 0.6 * x + 0.8 * generator.normal(size=images)
        rho = np.corrcoef(x, y)[0, 1]
        u, v = ((z - z.mean()) / z.std() for z in (x, y))
        values = rho + u * v - rho / 2 * (u**2 + v**2)
        moved = influence_on_mean(values[:, None])[:, 0]
        without = [np.corrcoef(np.delete(x, i), np.delete(y, i))[0, 1] for i in range(images)]
        assert np.corrcoef(moved, rho - np.array(without))[0, 1] == pytest.approx(1, abs=1e-3)
        left[images] = np.abs(moved - (rho - np.array(without))).mean()
    assert 50 < left[100] / left[1000] < 200
