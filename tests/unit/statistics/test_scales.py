"""Similarity above chance at several scales, against maps that are averaged by hand before."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.dense import rendered
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.chance_streams import chance_files
from thinkalike.compare.map_sources import map_arrays, map_files
from thinkalike.compare.maps import Maps
from thinkalike.compare.scales import NATIVE, SEGMENTED, SEGMENTS
from thinkalike.compare.similarity import Comparison, similarity
from thinkalike.compare.streams import compare_files
from thinkalike.statistics.scales import ScaledStudy, moved_similarity
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.maps import write_maps

SIDE, IMAGES = 12, [f"val/{i % 2}/{i}" for i in range(9)]
CLASSES = [str(i % 2) for i in range(9)]
MODELS = ("a", "a_twin", "b")
NUMBERS = np.random.default_rng(2)
SIGNED = Comparison("cosine", "signed", "max_abs")


def averaged(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Rendered maps, each pixel replaced by the mean of its segment."""
    result = pixels.copy()
    for each, segments in zip(result, labels, strict=True):
        for label in np.unique(segments):
            each[segments == label] = each[segments == label].mean()
    return result


@pytest.fixture
def labels() -> np.ndarray:
    coarse = NUMBERS.integers(0, 5, (len(IMAGES), SIDE // 2, SIDE // 2))
    coarse[:, 0, :5] = np.arange(5)
    return np.kron(coarse, np.ones((2, 2))).astype(np.int16)


@pytest.fixture
def maps() -> dict[str, Maps]:
    """Maps of pixels and of a grid that have something in common."""
    shared = NUMBERS.normal(size=(len(IMAGES), SIDE**2))
    found = {
        model: Maps(shared + NUMBERS.normal(size=shared.shape), (Pixels(SIDE, SIDE),))
        for model in MODELS[:2]
    }
    return {**found, "b": Maps(NUMBERS.normal(size=(len(IMAGES), 16)), (Grid(4, 4, SIDE, SIDE),))}


@pytest.fixture
def files(tmp_path: Path, maps: dict[str, Maps], labels: np.ndarray) -> dict[str, str]:
    """Files of the maps, and of the segments."""
    attributes = {"coordinates": {"image": IMAGES}, "attributes": {}}
    write_arrays(tmp_path / "segments.nc", {"labels": (("image", "y", "x"), labels)}, **attributes)
    for model, each in maps.items():
        path = tmp_path / f"{model}.nc"
        write_maps(path, each, image_ids=IMAGES, measures={}, attributes={})
    return {name: str(tmp_path / f"{name}.nc") for name in (*maps, "segments")}


def by_hand(maps: dict[str, Maps], labels: np.ndarray) -> dict[str, Maps]:
    """Maps averaged over segments and rendered to pixels."""
    return {
        model: Maps(
            averaged(rendered(each).astype(np.float32).astype(float), labels).reshape(9, -1),
            (Pixels(SIDE, SIDE),),
        )
        for model, each in maps.items()
    }


@pytest.mark.parametrize("metric", ["cosine", "rbf"])
@pytest.mark.parametrize("sign", ["signed", "absolute"])
def test_chance_over_segments_is_that_of_rendered_averages(files, maps, labels, metric, sign):
    """Segments of two images are two bases: maps of different images are compared pixel by pixel."""
    comparison = Comparison(metric, sign, "max_abs", sigma=0.4, pool=SEGMENTS)
    source = map_files({m: files[m] for m in MODELS}, {}, comparison, IMAGES, files["segments"])
    # of the grid the sign is taken before it is rendered
    sizes = {
        m: Maps(np.abs(each.coefficients) if sign == "absolute" else each.coefficients, each.bases)
        for m, each in maps.items()
    }
    reference = map_arrays(
        by_hand(sizes, labels), Comparison(metric, "signed", "max_abs", sigma=0.4), IMAGES
    )
    nobody = (np.zeros((9, 0)), None)
    found, expected = (
        list(chance_files(each, CLASSES, ["all"], nobody)) for each in (source, reference)
    )
    for row, other in zip(found[1:], expected[1:], strict=True):
        for name in row:
            np.testing.assert_allclose(row[name], other[name], atol=1e-6, err_msg=name)
    assert np.isfinite(found[-1]["z"]).all()


def test_similarity_over_segments_from_files(files, maps, labels):
    comparison = Comparison("cosine", "signed", "max_abs", pool=SEGMENTS)
    of_models = {model: files[model] for model in MODELS}
    rows = list(compare_files(of_models, comparison, images=IMAGES, segments=files["segments"]))
    expected = similarity(list(by_hand(maps, labels).values()), "cosine")
    np.testing.assert_allclose(
        np.concatenate([part["similarity"] for part in rows]), expected, atol=1e-6
    )


def study(files: dict[str, str], moved: dict[str, tuple[Maps, Maps]]) -> ScaledStudy:
    table = pd.DataFrame({"image_id": IMAGES, "class_name": CLASSES, "path": IMAGES})
    architectures = {"a": "a", "a_twin": "a", "b": "b"}
    of_models = {model: files[model] for model in MODELS}
    segments = files["segments"]
    return ScaledStudy(of_models, moved, ["a", "b"], architectures, table, segments, False, {})


def test_segments_are_one_of_the_scales(files, maps, labels, tmp_path):
    frame = (Pixels(SIDE, SIDE),)
    pair = tuple(Maps(NUMBERS.normal(size=(4, SIDE**2)), frame) for _ in range(2))
    table = study(files, {"a": pair}).table(SIGNED, [NATIVE, 4, SEGMENTED])
    kinds = table.groupby("scale")["kind"].agg(sorted)
    assert set(kinds.index) == {NATIVE, 4, SEGMENTED}
    assert all(each == ["moved", "pair", "seeds"] for each in kinds)
    rendered_files = {"segments": files["segments"]}
    for model, each in by_hand(maps, labels).items():
        rendered_files[model] = str(tmp_path / f"{model}_by_hand.nc")
        write_maps(rendered_files[model], each, image_ids=IMAGES, measures={}, attributes={})
    expected = study(rendered_files, {}).table(SIGNED, [NATIVE])
    found = table[(table["scale"] == SEGMENTED) & (table["kind"] != "moved")]
    for name in ("mean", "chance", "rho", "low", "high"):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-6)
    averages = [Maps(averaged(rendered(each), labels[:4]).reshape(4, -1), frame) for each in pair]
    moved = table[(table["scale"] == SEGMENTED) & (table["kind"] == "moved")].iloc[0]
    for name, value in moved_similarity(*averages, SIGNED).items():
        assert moved[name] == pytest.approx(value)


def test_maps_in_memory_are_averaged_over_segments_of_their_images(maps, labels):
    comparison = Comparison("cosine", "signed", "max_abs", pool=SEGMENTS)
    segments = [Segments(each) for each in labels]
    source = map_arrays(maps, comparison, IMAGES, segments)
    source.step = 4
    reference = map_arrays(by_hand(maps, labels), SIGNED, IMAGES)
    found = np.concatenate([block[1] for block in source.blocks()], axis=1)
    expected = np.concatenate([block[1] for block in reference.blocks()], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)
