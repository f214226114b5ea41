"""Regions that maps rate highest, and what models lose without them: linear networks tell it exactly."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.explaining import Linear, images, linear, question
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.errors import InputError
from thinkalike.explain.common import Case
from thinkalike.explain.deletion import (
    deletion_table,
    mismatching_shift,
    read_regions,
    top_regions,
    without_regions,
)
from thinkalike.networks.model import Model
from thinkalike.networks.predict import logits
from thinkalike.stores.maps import write_maps

SIZE = 16
PIXELS = (Pixels(SIZE, SIZE),)
AREA = 0.1
COUNT = 26  # of 256


def case_of(model: Model, count: int = 6) -> Case:
    pixels = images(count, SIZE)
    values = logits(model, pixels)
    names = [f"image_{i}" for i in range(count)]
    return Case(model, names, pixels, values.argmax(1), question(logits=values))


def attributions(case: Case) -> np.ndarray:
    """What every pixel adds to the score of a linear network, (N, size, size)."""
    weight = case.model.network.weight.numpy()[case.targets]
    return (weight * case.images.transpose(0, 3, 1, 2) / 255).sum(1, dtype=np.float64)


def regions_of(values: np.ndarray) -> np.ndarray:
    return top_regions(Maps(values.reshape(len(values), -1), PIXELS), AREA)


def another(seed: int) -> Model:
    network = Linear(SIZE, 4).eval()
    weight = torch.randn(4, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))
    network.weight = nn.Parameter(weight, requires_grad=False)
    return replace(linear(SIZE), network=network)


# ---- regions ------------------------------------------------------------------------------------


def highest_by_sorting(values: np.ndarray, count: int) -> np.ndarray:
    flat = values.ravel().tolist()
    order = sorted(range(len(flat)), key=lambda place: (-flat[place], place))
    mask = np.zeros(len(flat), bool)
    mask[order[:count]] = True
    return mask.reshape(values.shape)


LABELS = np.random.default_rng(1).integers(0, 5, (4, 9, 10)).astype(np.int16)


@pytest.mark.parametrize("area", [0.004, 0.1, 0.37, 0.99])
@pytest.mark.parametrize("values", ["few", "many"])
@pytest.mark.parametrize(
    "bases", [(Pixels(9, 10),), (Grid(3, 2, 9, 10),), tuple(map(Segments, LABELS))]
)
def test_regions_are_those_that_sorting_gives(bases, values, area):
    random = np.random.default_rng(0)
    shape = 4, bases[0].size
    numbers = random.integers(-1, 2, shape) if values == "few" else random.normal(size=shape)
    maps = Maps(numbers.astype(float), bases)
    found = top_regions(maps, area)
    for image in range(4):
        expected = highest_by_sorting(render(maps, image), max(round(area * 90), 1))
        np.testing.assert_array_equal(found[image], expected)


@pytest.mark.parametrize(("area", "count"), [(0.0001, 1), (0.1, 410), (0.5, 2048), (0.9999, 4096)])
def test_the_area_is_rounded_to_pixels_and_at_least_one(area, count):
    values = np.random.default_rng(0).normal(size=(1, 4096))
    assert top_regions(Maps(values, (Pixels(64, 64),)), area).sum() == count


@pytest.mark.parametrize("area", [0, 1, -0.1])
def test_all_or_nothing_is_no_share(area):
    with pytest.raises(InputError, match="is no share of an image"):
        top_regions(Maps(np.ones((1, 256)), PIXELS), area)


def test_a_flat_map_has_no_region():
    values = np.array([np.zeros(256), np.full(256, 3.0), -np.arange(256.0), np.full(256, -1e-9)])
    values[3, 7] = 0
    assert top_regions(Maps(values, PIXELS), AREA).sum((1, 2)).tolist() == [0, 0, COUNT, COUNT]


# ---- images of other classes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "shift"),
    [("abcabc", 1), ("aabb", 2), ("aaabbb", 3), ("aaaa", 1), ("aab", 1), ("a", None), ("", None)],
)
def test_images_are_shifted_as_little_as_gives_the_most_other_classes(classes, shift):
    assert mismatching_shift(list(classes)) == shift


# ---- what is lost -------------------------------------------------------------------------------


def test_a_linear_network_loses_what_the_pixels_add():
    case = case_of(linear(SIZE))
    added = attributions(case)
    regions = np.random.default_rng(0).random((6, SIZE, SIZE)) < 0.3
    left = without_regions(case.model, case.images, regions, (0.0, 0.0, 0.0))
    rows = np.arange(6)
    lost = np.asarray(case.question.logits)[rows, case.targets] - left[rows, case.targets]
    np.testing.assert_allclose(lost, (added * regions).sum((1, 2)), atol=1e-3)


def test_the_baseline_comes_in_the_place_of_the_region():
    case, grey = case_of(linear(SIZE)), (0.2, 0.4, 0.6)
    regions = np.zeros((6, SIZE, SIZE), bool)
    regions[:, 3:9, 2:5] = True
    painted = case.images / 255
    painted[regions] = grey
    expected = logits(case.model, painted.astype(np.float32))
    found = without_regions(case.model, case.images, regions, grey, batch_size=4)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    one_by_one = without_regions(case.model, case.images, regions, grey, batch_size=1)
    np.testing.assert_allclose(found, one_by_one, atol=1e-4)


def test_a_small_case_by_hand():
    """Two pixels of white; class 0 sees the left one, class 1 the right one with half the weight."""
    network = Linear(2, 2).eval()
    weight = torch.zeros(2, 3, 2, 2)
    weight[0, 0, 0, 0], weight[1, 0, 0, 1] = 2, 1
    network.weight = nn.Parameter(weight, requires_grad=False)
    model = replace(linear(2), network=network, size=2, classes=("left", "right"))
    white = np.full((2, 2, 2, 3), 255, np.uint8)
    white[1, 0, 0] = 0  # the second image is black on the left
    names, scores = ["first", "second"], np.array([[2.0, 1.0], [0.0, 1.0]])
    case = Case(model, names, white, np.array([0, 1]), question(logits=scores))
    own = top_regions(Maps(np.array([[9.0, 1, 0, 0], [0, 9, 1, 0]]), (Pixels(2, 2),)), 0.25)
    table = deletion_table(case, "b", [("lrp", "b", own)], ["x", "y"])
    assert table["kind"].tolist() == ["own", "own", "mismatched", "mismatched"]
    assert table["logit_drop"].tolist() == pytest.approx([2, 1, 0, 0])
    assert table["whole_drop"].tolist() == pytest.approx([2, 1, 2, 1])
    assert table["lost"].tolist() == [True, True, False, False]
    share = np.exp(2) / (np.exp(2) + np.exp(1)), np.exp(1) / (1 + np.exp(1))
    without = 1 / (1 + np.exp(1)), 0.5
    # without the right pixel the left class is surer; the left pixel of the second image is black
    surer = np.exp(2) / (np.exp(2) + 1)
    expected = [share[0] - without[0], share[1] - without[1], share[0] - surer, 0]
    assert table["probability_drop"].tolist() == pytest.approx(expected)


def test_a_models_own_map_takes_more_than_that_of_another_image_and_of_others():
    case = case_of(linear(SIZE), 40)
    added = attributions(case)
    strange = attributions(replace(case, model=another(7)))
    sources = [("lrp", "mine", regions_of(added)), ("lrp", "other", regions_of(strange))]
    table = deletion_table(case, "mine", sources, list("abcd") * 10)
    means = table.groupby("kind")[["logit_drop", "probability_drop", "lost"]].mean()
    assert (means.loc["own"] > means.loc["mismatched"]).all()
    assert (means.loc["own"] > means.loc["other"]).all()
    own = table[table["kind"] == "own"].set_index("image_id")["logit_drop"]
    top = np.sort(added.reshape(40, -1), 1)[:, -COUNT:].sum(1)  # no region of this size takes more
    np.testing.assert_allclose(own, top, atol=1e-3)
    assert (table.groupby("image_id", sort=False)["logit_drop"].max() == own).all()


def test_rows_name_map_model_and_image_and_empty_regions_have_none():
    case = case_of(linear(SIZE), 4)
    values = attributions(case)
    values[1] = 0
    few = regions_of(values)[:3]  # a method that explains fewer images
    table = deletion_table(
        case, "mine", [("lrp", "mine", few), ("lrp", "other", few)], ["a", "b", "c", "a"]
    )
    columns = ["method", "model_a", "model_b", "kind", "image_id", "class_name"]
    rows = [tuple(row) for row in table[columns].to_numpy()]
    named = [("image_0", "a"), ("image_2", "c")]
    # the map of image 0 goes to image 1, that of 2 to 0
    shifted = [("image_0", "a"), ("image_1", "b")]
    assert rows == [
        *(("lrp", "mine", "mine", "own", *image) for image in named),
        *(("lrp", "mine", "mine", "mismatched", *image) for image in shifted),
        *(("lrp", "other", "mine", "other", *image) for image in named),
    ]


def test_maps_without_any_region_give_no_rows():
    case = case_of(linear(SIZE), 3)
    empty = np.zeros((3, SIZE, SIZE), bool)
    assert deletion_table(case, "mine", [("lrp", "mine", empty)], list("abc")).empty


# ---- files --------------------------------------------------------------------------------------


def test_regions_are_read_with_the_sign_of_their_method(tmp_path):
    case = case_of(linear(SIZE), 3)
    values = attributions(case)
    paths = [str(tmp_path / name) for name in ("first.nc", "second.nc")]
    for path in paths:
        maps = Maps(values.reshape(3, -1), PIXELS)
        write_maps(path, maps, image_ids=case.image_ids, measures={}, attributes={})
    signs = {"lrp": "signed", "absolute": "absolute"}
    (_, _, signed), (method, model, absolute) = read_regions(case, paths, ["resnet"], signs, AREA)
    assert (method, model) == ("absolute", "resnet")
    np.testing.assert_array_equal(signed, regions_of(values.astype(np.float32)))
    np.testing.assert_array_equal(absolute, regions_of(np.abs(values).astype(np.float32)))


def test_maps_of_other_images_are_refused(tmp_path):
    case = case_of(linear(SIZE), 2)
    path = str(tmp_path / "maps.nc")
    maps = Maps(np.ones((2, 256)), PIXELS)
    write_maps(path, maps, image_ids=["image_1", "image_0"], measures={}, attributes={})
    with pytest.raises(InputError, match=r"maps\.nc is about other images"):
        list(read_regions(case, [path], ["resnet"], {"lrp": "signed"}, AREA))
