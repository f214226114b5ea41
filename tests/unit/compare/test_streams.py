"""Maps in files compared a few images at a time, against all of them at once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison, similarity
from thinkalike.compare.streams import compare_files, summarise_kernel
from thinkalike.compare.summaries import mean_error, summarise
from thinkalike.errors import InputError
from thinkalike.stores import arrays
from thinkalike.stores.kernels import VALUES, Kernel, create_kernel
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import write_table

IMAGES = [f"val/{i}.png" for i in range(7)]
MODELS = ["a", "b", "c"]
COMPARISON = Comparison("cosine", sign="positive", rescaling="min_max")


def some_maps(images: int = len(IMAGES)) -> list[Maps]:
    cells = np.random.default_rng(0).normal(size=(3, len(IMAGES), 9)).astype(np.float32)
    cells[1, 2] = -1  # nowhere positive: blank
    return [Maps(model[:images], (Grid(3, 3, 8, 8),)) for model in cells]


def write(folder: Path, images: list[str] = IMAGES) -> dict[str, str]:
    files = {model: str(folder / f"{model}.nc") for model in MODELS}
    for path, maps in zip(files.values(), some_maps(len(images)), strict=True):
        write_maps(path, maps, image_ids=images, measures={}, attributes={})
    return files


def whole(rows: list[dict[str, np.ndarray]], name: str) -> np.ndarray:
    return np.concatenate([part[name] for part in rows])


@pytest.mark.parametrize("room", [1, 40, 2**24])
def test_any_number_of_parts_gives_what_all_images_at_once_give(room, tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "NUMBERS", room)
    rows = list(compare_files(write(tmp_path), COMPARISON, images=IMAGES))
    assert len(rows) == {1: 7, 40: 7, 2**24: 1}[room]
    expected = similarity([COMPARISON.prepare(maps) for maps in some_maps()], "cosine")
    np.testing.assert_array_equal(whole(rows, "similarity"), expected)
    for name in ("estimation_error", "estimation_bias"):  # the maps are exact
        np.testing.assert_array_equal(whole(rows, name), 0)
    assert np.argwhere(whole(rows, "blank")).tolist() == [[2, 1]]


def test_a_file_is_opened_once_in_however_many_parts_it_is_read(tmp_path, monkeypatch):
    opened = []

    def counting(path, *args, **kwargs):
        opened.append(path)
        return open_dataset(path, *args, **kwargs)

    open_dataset = xr.open_dataset
    monkeypatch.setattr(xr, "open_dataset", counting)
    monkeypatch.setattr(arrays, "NUMBERS", 1)
    files = write(tmp_path)
    assert len(list(compare_files(files, COMPARISON, images=IMAGES))) == len(IMAGES)
    assert opened == list(files.values())


def test_models_are_compared_with_others_on_the_first_images(tmp_path):
    files = write(tmp_path)
    first, others = {"a": files["a"]}, {"b": files["b"], "c": files["c"]}
    (rows,) = compare_files(first, COMPARISON, images=IMAGES[:3], others=others)
    maps = [COMPARISON.prepare(each) for each in some_maps(3)]
    np.testing.assert_array_equal(
        rows["similarity"], similarity(maps[:1], "cosine", others=maps[1:])
    )
    assert rows["similarity"].shape == (3, 1, 2)
    assert "blank" not in rows


@pytest.mark.parametrize(
    ("metric", "blanks", "words"),
    [
        ("cosine", "exclude", "left out"),
        ("cosine", "zero", "count as similarity 0"),
        ("rbf", "zero", "count like any other map"),
    ],
)
def test_blank_maps_are_counted_in_the_log(metric, blanks, words, tmp_path, caplog):
    comparison = Comparison(metric, "positive", "min_max", blanks=blanks)
    list(compare_files(write(tmp_path), comparison, images=IMAGES))
    assert caplog.messages == [f"b: 1 of 7 maps are blank and {words}"]


def test_a_file_about_other_images_is_refused(tmp_path):
    files = write(tmp_path)
    write_maps(files["b"], some_maps()[1], image_ids=IMAGES[::-1], measures={}, attributes={})
    with pytest.raises(InputError, match=r"b\.nc is about other images than .*a\.nc"):
        list(compare_files(files, COMPARISON, images=IMAGES))


def a_kernel(folder: Path) -> tuple[Kernel, np.ndarray]:
    values = np.random.default_rng(0).random((3, len(IMAGES), 3, 3))
    values[0, 4, 0, 1] = values[2, 5, 1, 2] = np.nan
    path = str(folder / "cosine.nc")
    with create_kernel(path, IMAGES, MODELS, attributes={}) as file:
        file.append(**dict(zip(VALUES, values, strict=True)), blank=np.zeros((7, 3)))
    return Kernel.read(path), values


CLASSES = np.array([["x", "x", "y"], ["x", "y", "y"], ["y", "y", "y"], ["x", "x", "x"]] * 2)[:7]


def predictions(folder: Path, images: list[str] = IMAGES) -> list[str]:
    paths = [str(folder / f"{model}.parquet") for model in MODELS]
    for path, classes in zip(paths, CLASSES.T, strict=True):
        write_table(pd.DataFrame({"image_id": images, "predicted_class": classes}), path)
    return paths


@pytest.mark.parametrize("room", [1, 2**24])
@pytest.mark.parametrize("subset", ["all", "all_4", "matching", "differing_5"])
def test_a_subset_is_summarised_over_its_images(subset, room, tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "NUMBERS", room)
    kernel, (values, errors, biases) = a_kernel(tmp_path)
    condition, _, number = subset.partition("_")
    same = CLASSES[:, :, None] == CLASSES[:, None, :]
    mask = {"all": same | ~same, "matching": same, "differing": ~same}[condition]
    mask |= np.eye(3, dtype=bool)
    mask[int(number or 7) :] = False
    summary, error = summarise(values, mask), mean_error(errors, mask)
    found, noise = summarise_kernel(kernel, subset, predictions(tmp_path))
    for name in ("count", "mean", "deviation"):
        np.testing.assert_array_equal(getattr(found, name), getattr(summary, name))
    np.testing.assert_array_equal(noise.error, error)
    expected = np.ma.masked_array(biases, ~mask | np.isnan(biases)).mean(0).filled(np.nan)
    np.testing.assert_allclose(noise.bias, expected, rtol=1e-12)


def test_predictions_of_other_images_are_refused(tmp_path):
    kernel, _ = a_kernel(tmp_path)
    paths = predictions(tmp_path, IMAGES[::-1])
    with pytest.raises(InputError, match=r"a\.parquet is about other images than .*cosine\.nc"):
        summarise_kernel(kernel, "matching", paths)
    summarise_kernel(kernel, "all", paths)  # which needs none


def test_some_models_of_a_kernel_are_read_in_the_order_wanted(tmp_path):
    kernel, (values, *_) = a_kernel(tmp_path)
    some = Kernel.read(kernel.path, ["c", "a"])
    assert (some.models, some.others) == (["c", "a"], ["c", "a"])
    read = np.concatenate([part for _, part in some.parts()])
    np.testing.assert_array_equal(read, values[:, [2, 0]][:, :, [2, 0]])
    with pytest.raises(InputError, match=r"cosine\.nc has no model d"):
        Kernel.read(kernel.path, ["a", "d"])
