"""Superpixels: a partition into connected pieces that follows the image and nothing else."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage
from skimage import data
from skimage.segmentation import slic

from thinkalike.compare.bases import Segments
from thinkalike.errors import InputError
from thinkalike.images.merging import merge_regions
from thinkalike.images.segments import Superpixels, slic_superpixels, superpixels, write_segments
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.maps import read_segments


def picture(side: int = 64, seed: int = 0) -> np.ndarray:
    """A smooth colourful picture with a little noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (6, 6, 3))
    fine = ndimage.zoom(coarse, (side / 6, side / 6, 1), order=1)
    return np.clip(fine + rng.normal(0, 4, fine.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("count", [10, 40, 100])
@pytest.mark.parametrize("side", [16, 64])
def test_labels_count_from_0_without_gaps(side, count):
    labels = superpixels(picture(side), count=count, compactness=10)
    assert labels.shape == (side, side)
    assert labels.dtype == np.int16
    assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    assert Segments(labels).size == labels.max() + 1


PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")


def photograph(name: str, side: int) -> np.ndarray:
    """A photograph of scikit-image's, as a square."""
    return np.asarray(Image.fromarray(getattr(data, name)()).resize((side, side)))


@pytest.mark.parametrize(("side", "count"), [(64, 30), (128, 50), (224, 50)])
def test_photographs_have_about_as_many_segments_as_asked_for_and_never_more(side, count):
    images = [photograph(name, side) for name in PHOTOGRAPHS]
    alone = [len(np.unique(slic(image, count, 10))) for image in images]
    assert np.median(alone) < 0.8 * count  # what SLIC gives for that number
    numbers = [superpixels(image, count=count, compactness=10).max() + 1 for image in images]
    assert np.median(numbers) >= 0.9 * count
    assert 0.5 * count <= min(numbers) <= max(numbers) <= count


@pytest.mark.parametrize("count", [10, 40, 100])
def test_there_are_about_as_many_segments_as_asked_for(count):
    found = superpixels(picture(), count=count, compactness=10).max() + 1
    assert 0.8 * count <= found <= count


def test_what_is_recorded_of_the_superpixels_of_a_photograph_makes_them_again():
    image = photograph("coffee", 128)
    found = slic_superpixels(image, count=50, compactness=10, at_least=25)
    labels = slic(image, found.hint, found.compactness, start_label=0)
    again = merge_regions(np.unique(labels, return_inverse=True)[1], image, 50)
    assert found.merged == max(len(np.unique(labels)) - 50, 0)
    np.testing.assert_array_equal(found.labels, again)


def test_every_segment_is_one_connected_piece():
    labels = superpixels(picture(seed=1), count=40, compactness=10)
    for label in range(labels.max() + 1):
        _, pieces = ndimage.label(labels == label)
        assert pieces == 1


def test_segments_end_where_colours_do():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 27:] = (200, 30, 30)
    image[40:, :27] = (30, 30, 200)
    labels = superpixels(image, count=20, compactness=1)
    colours = image.reshape(-1, 3)
    for label in range(labels.max() + 1):
        assert len(np.unique(colours[labels.ravel() == label], axis=0)) == 1


def test_the_same_image_has_the_same_segments_whatever_came_before():
    expected = superpixels(picture(), count=40, compactness=10)
    superpixels(picture(seed=2), count=40, compactness=10)
    np.testing.assert_array_equal(superpixels(picture(), count=40, compactness=10), expected)


def test_colour_counts_not_only_brightness():
    # a red and a green whose luminance differs by a quarter of a percent
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, :13] = (255, 0, 0)
    image[:, 13:] = (0, 149, 0)
    labels = superpixels(image, count=8, compactness=1)
    assert set(labels[:, 12]).isdisjoint(labels[:, 13])


def test_an_image_of_one_colour_is_cut_into_several():
    assert superpixels(np.full((64, 64, 3), 9, np.uint8), count=40, compactness=10).max() > 30


def test_great_compactness_makes_a_grid_whatever_the_colours():
    grids = [superpixels(picture(seed=seed), count=16, compactness=1e6) for seed in (0, 1)]
    np.testing.assert_array_equal(grids[0], grids[1])
    cells = [superpixels(picture(seed=seed), count=16, compactness=1) for seed in (0, 1)]
    assert (cells[0] != cells[1]).any()


def test_two_segments_are_enough():
    assert superpixels(picture(), count=2, compactness=10).max() == 1


def test_the_image_stays_as_it_is():
    image = picture()
    given = image.copy()
    superpixels(image, count=10, compactness=10)
    np.testing.assert_array_equal(image, given)


def textures(side: int) -> dict[str, np.ndarray]:
    """Pictures of which SLIC makes one superpixel, or few."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:side, :side]
    grey = {
        "one colour": np.full((side, side), 90),
        "a dot": 255 * ((x == side // 2) & (y == side // 3)),
        "stripes": 255 * (x // 2 % 2),
        "chessboard": 255 * ((x + y) % 2),
        "black and white noise": 255 * rng.integers(0, 2, (side, side)),
    }
    coloured = {name: np.repeat(each[:, :, None], 3, 2) for name, each in grey.items()}
    return {**coloured, "noise": rng.integers(0, 256, (side, side, 3)), "photograph": picture(side)}


@pytest.mark.parametrize("count", [2, 3, 5, 12, 30, 80, 200])
@pytest.mark.parametrize("side", [32, 64])
def test_there_are_never_fewer_superpixels_than_stated(side, count):
    at_least = max(2, -(-count // 2))
    for name, image in textures(side).items():
        found = slic_superpixels(
            image.astype(np.uint8), count=count, compactness=10, at_least=at_least
        )
        number = found.labels.max() + 1
        assert at_least <= number <= count, name
        assert np.unique(found.labels).tolist() == list(range(number)), name
        for label in range(number):
            assert ndimage.label(found.labels == label)[1] == 1, name
        # what is recorded is what was done
        labels = slic(image.astype(np.uint8), found.hint, found.compactness, start_label=0)
        alone = len(np.unique(labels))
        assert found.splits == max(at_least - alone, 0), name
        assert found.merged == max(alone - count, 0), name
        assert number == alone + found.splits - found.merged, name


def test_where_slic_gives_what_was_asked_for_its_labels_stay_as_they_are():
    image = picture()
    count = len(np.unique(slic(image, 40, 10)))
    found = slic_superpixels(image, count=count, compactness=10, at_least=20)
    labels = slic(image, found.hint, 10, start_label=0)
    assert found == Superpixels(found.labels, 10, found.hint, 0, 0)
    np.testing.assert_array_equal(found.labels, labels)


def test_compactness_is_raised_before_regions_are_split():
    stripes = textures(64)["stripes"].astype(np.uint8)
    assert len(np.unique(slic(stripes, 30, 10))) == 1
    found = slic_superpixels(stripes, count=30, compactness=10, at_least=15)
    assert (found.compactness > 10, found.splits) == (True, 0)


@pytest.mark.parametrize(("at_least", "count"), [(1, 2), (64 * 48 + 1, 64 * 48 + 1), (4, 3)])
def test_numbers_of_superpixels_that_cannot_be_are_refused(at_least, count):
    with pytest.raises(InputError, match=rf"at_least: {at_least} .* 64 x 48 pixels"):
        superpixels(picture()[:, :48], count=count, compactness=10, at_least=at_least)


def files(folder: Path, pictures: dict[str, np.ndarray]) -> pd.DataFrame:
    """Table of images that are written into a folder."""
    for name, image in pictures.items():
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{name}.png")
    paths = [str(folder / f"{name}.png") for name in pictures]
    return pd.DataFrame({"image_id": list(pictures), "path": paths})


def test_the_file_and_the_log_say_where_slic_alone_gave_too_few(tmp_path, caplog):
    chosen = {name: textures(64)[name] for name in ("noise", "photograph", "stripes")}
    images, path = files(tmp_path, chosen), str(tmp_path / "segments.nc")
    options = {"count": 30, "compactness": 10, "at_least": 15}
    write_segments(path, images, size=64, kind="slic", options=options, code="")
    with open_arrays(path) as dataset:
        assert dataset["compactness"].to_numpy().tolist() == [80, 10, 80]
        assert dataset["split"].to_numpy().tolist() == [0, 0, 0]
        assert dataset.attrs["at_least"] == 15
    assert "fewer than 15 segments for 2 images" in caplog.text
    assert "raised for noise (80), stripes (80); regions were split for none" in caplog.text


def test_the_log_says_how_many_segments_there_are(tmp_path, caplog):
    images, path = files(tmp_path, {n: photograph(n, 64) for n in PHOTOGRAPHS}), tmp_path / "s.nc"
    options = {"count": 30, "compactness": 10, "at_least": 15}
    caplog.set_level("INFO", logger="thinkalike")
    write_segments(str(path), images, size=64, kind="slic", options=options, code="")
    numbers = [segments.size for segments in read_segments(path)]
    assert (
        f"segments an image: {np.median(numbers):g} in the median, {min(numbers)} at least, "
        f"{max(numbers)} at most (count: 30)"
    ) in caplog.text
    with open_arrays(str(path)) as dataset:
        assert (dataset["hint"] >= 30).all()
        assert dataset["merged"].dtype == np.int32


def test_cells_of_a_grid_are_regions(tmp_path):
    images, path = files(tmp_path, {"a": picture(), "b": picture(seed=1)}), tmp_path / "segments.nc"
    write_segments(str(path), images, size=64, kind="grid", options={"cells": 6}, code="")
    for segments in read_segments(path):
        expected = (np.arange(64)[:, None] * 6 // 64) * 6 + np.arange(64) * 6 // 64
        np.testing.assert_array_equal(segments.labels, expected)
    with pytest.raises(InputError, match="cells: 65 a side do not suit images of 64 pixels"):
        write_segments(str(path), images, size=64, kind="grid", options={"cells": 65}, code="")
