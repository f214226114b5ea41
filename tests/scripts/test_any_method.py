"""Scripts that explain, with attributions of captum and a method from a file."""

from pathlib import Path

import numpy as np
import pytest

from scripts import explain_images, explain_moved
from tests.support.small_study import SmallStudy, small_study
from thinkalike.compare.bases import Cells, Grid, Pixels
from thinkalike.stores.arrays import open_arrays, read_attributes
from thinkalike.stores.maps import read_maps

OCCLUSION = {
    "attribution": "Occlusion",
    "arguments": {"sliding_window_shapes": [3, 16, 16], "strides": [3, 16, 16]},
    "smooth": None,
}
SMOOTH = {
    "attribution": "Saliency",
    "arguments": {"abs": False},
    "smooth": {"samples": 2, "sigma": 0.1},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    return small_study(tmp_path_factory.mktemp("study"), "resnet", 3)


@pytest.fixture(scope="module")
def mine(study: SmallStudy) -> dict[str, object]:
    path = study.folder / "mine.py"
    path.write_text(
        "def explain(model, images, targets, question, *, cells):\n"
        "    step = images.shape[1] // cells\n"
        "    return images[:, ::step, ::step, 0]\n"
    )
    return {"file": str(path), "arguments": {"cells": 4}, "basis": "grid", "content": None}


def explained(study: SmallStudy, base: str, settings: dict, output: Path) -> str:
    explain_images.main(
        *study.paths,
        explanations=str(output),
        base=base,
        part=[0, 3],
        settings=settings,
        code="",
        **study.parameters,
    )
    return str(output)


def test_maps_are_written_and_read_in_the_basis_that_they_have(study, mine, tmp_path):
    cases = {"captum": (OCCLUSION, Cells(4, 4, 64, 64)), "file": (mine, Grid(4, 4, 64, 64))}
    for base, (settings, basis) in cases.items():
        path = explained(study, base, settings, tmp_path / f"{base}.nc")
        maps, names = read_maps(path)
        assert maps.bases == (basis,)
        assert names == ["image_0", "image_1", "image_2"]
    maps, _ = read_maps(explained(study, "captum", SMOOTH, tmp_path / "smooth.nc"))
    assert maps.bases == (Pixels(64, 64),)
    assert maps.coefficients.min() < 0 < maps.coefficients.max()


def test_the_file_says_how_it_was_made_and_what_a_map_is_worth(study, tmp_path):
    path = explained(study, "captum", SMOOTH, tmp_path / "maps.nc")
    attributes = read_attributes(path)
    assert attributes["attribution"] == "Saliency"
    assert attributes["arguments"] == '{"abs": false}'
    assert attributes["smooth"] == '{"samples": 2, "sigma": 0.1}'
    with open_arrays(path, ["score", "target"]) as dataset:
        assert np.isfinite(dataset["score"]).all()
    again = explained(study, "captum", SMOOTH, tmp_path / "again.nc")
    assert Path(path).read_bytes() == Path(again).read_bytes()


def test_moved_images_are_explained_by_them(study, mine, tmp_path):
    methods = {
        name: {"base": base, "number": 2, "settings": settings, "question": {}}
        for name, base, settings in (("occlusion", "captum", OCCLUSION), ("mine", "file", mine))
    }
    paths = [str(tmp_path / f"{name}.nc") for name in methods]
    explain_moved.main(
        *study.paths, moved=paths, methods=methods, pixels=1, code="", **study.parameters
    )
    assert [len(read_maps(path)[0]) for path in paths] == [2, 2]
