"""Random views of images, to train on."""

import numpy as np
import pytest
import torch

from thinkalike.networks.augmentation import crop_boxes, cropped, loaded_size, shifted, view


@pytest.mark.parametrize("most", [0, 3])
def test_shifts_repeat_the_edge_and_stay_within_bounds(most):
    images = np.random.default_rng(0).integers(0, 256, (6, 9, 9, 3), dtype=np.uint8)
    moved = shifted(torch.from_numpy(images), most, np.random.default_rng(1)).numpy()
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    for i in range(len(images)):
        windows = [
            padded[i, y : y + 9, x : x + 9]
            for y in range(2 * most + 1)
            for x in range(2 * most + 1)
        ]
        assert any(np.array_equal(moved[i], window) for window in windows)
    assert np.array_equal(moved, images) == (most == 0)


# ---- random crops -------------------------------------------------------------------------------


@pytest.mark.parametrize("least", [0.35, 0.08])
def test_crops_keep_the_share_of_the_area_that_is_asked_for_and_lie_in_the_image(least):
    left, top, width, height = crop_boxes(20_000, least, np.random.default_rng(0)).T
    share, ratio = width * height, width / height
    assert share.min() >= least - 1e-12
    assert share.max() <= 1 + 1e-12
    # uniform: its mean, within five standard errors
    error = (1 - least) / np.sqrt(12 * len(share))
    assert abs(share.mean() - (1 + least) / 2) < 5 * error
    assert ratio.min() >= 3 / 4 - 1e-9
    assert ratio.max() <= 4 / 3 + 1e-9
    assert np.abs(np.log(ratio).mean()) < 0.01
    assert min(left.min(), top.min()) >= 0
    assert max((left + width).max(), (top + height).max()) <= 1 + 1e-12


def test_a_crop_of_a_ramp_is_the_ramp_of_the_box():
    side, size, count = 40, 32, 50
    ramp = np.arange(side, dtype=np.uint8)
    image = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], np.uint8(7)), -1)
    images = torch.from_numpy(np.repeat(image[None], count, 0))
    views = cropped(images, size, 0.35, np.random.default_rng(3)).numpy()
    left, top, width, height = crop_boxes(count, 0.35, np.random.default_rng(3)).T
    middles = (np.arange(size) + 0.5) / size
    # a bilinear view of f(x) = x is x itself, up to the middle of the last pixel
    columns = (side * (left[:, None] + width[:, None] * middles) - 0.5).clip(0, side - 1)
    rows = (side * (top[:, None] + height[:, None] * middles) - 0.5).clip(0, side - 1)
    expected = np.broadcast_to(columns[:, None], (count, size, size))
    np.testing.assert_allclose(views[..., 0], expected, atol=1e-3)
    expected = np.broadcast_to(rows[:, :, None], (count, size, size))
    np.testing.assert_allclose(views[..., 1], expected, atol=1e-3)
    np.testing.assert_allclose(views[..., 2], 7, atol=1e-5)


def test_a_view_of_everything_is_the_image_and_half_of_the_views_are_mirrored():
    images = np.random.default_rng(0).integers(0, 256, (200, 6, 6, 3), dtype=np.uint8)
    ways = {"shift": 0, "crop": 1, "random": np.random.default_rng(1)}
    whole = view(torch.from_numpy(images), 6, mirror=False, **ways).numpy()
    np.testing.assert_array_equal(whole, images)
    views = view(torch.from_numpy(images), 6, mirror=True, **ways).numpy()
    same = (views == images).all((1, 2, 3))
    mirrored = (views == images[:, :, ::-1]).all((1, 2, 3))
    assert np.logical_xor(same, mirrored).all()
    # within five standard errors of a half
    assert abs(mirrored.mean() - 0.5) < 5 * 0.5 / np.sqrt(200)


def test_views_are_cropped_from_images_that_are_larger():
    assert loaded_size(100, crop=1) == 100
    assert loaded_size(100, crop=0.35) == 115
    images = torch.full((4, 115, 115, 3), 9, dtype=torch.uint8)
    ways = {"shift": 2, "mirror": True, "crop": 0.35, "random": np.random.default_rng(0)}
    views = view(images, 100, **ways)
    assert views.shape == (4, 100, 100, 3)
    torch.testing.assert_close(views, torch.full_like(views, 9))
