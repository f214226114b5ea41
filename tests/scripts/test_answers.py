"""Functional agreement from files: of all models, of groups of them, and of models that answer nothing."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scripts import compare_answers, join_similarities, measure_answers
from thinkalike.compare.answers import Answers, agreement
from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.stores import arrays
from thinkalike.stores.arrays import open_arrays, read_attributes
from thinkalike.stores.kernels import VALUES, Chance
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import write_table

IMAGES = [f"val/{i}.png" for i in range(9)]
MODELS = [f"m{i}" for i in range(5)]
GROUPS = [slice(0, 2), slice(2, 4), slice(4, 5)]
BASES = (Segments(np.arange(256).reshape(16, 16) // 64),) * 9
COALITIONS = 30
RANDOM = np.random.default_rng(0)
SIZE = RANDOM.integers(1, 9, (9, COALITIONS)).astype(np.float32)
INK = RANDOM.random((9, COALITIONS), np.float32)
SIZE[3, 12:] = INK[3, 12:] = np.nan


def answers() -> list[Answers]:
    """Those of five models; the second answers nothing about two images."""
    scores = np.random.default_rng(1).normal(size=(5, 9, COALITIONS)) + SIZE
    scores[1, [2, 5]] = 4
    return [Answers(each.astype(np.float32), SIZE, INK) for each in scores]


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    files = []
    for model, own in zip(MODELS, answers(), strict=True):
        files.append(str(tmp_path / f"{model}.nc"))
        write_maps(
            files[-1],
            Maps(np.ones((9, 4)), BASES),
            image_ids=IMAGES,
            measures={},
            attributes={},
            answers=own,
        )
    return files


def compare(paths, output, models, others=(), other_models=(), number=9):
    compare_answers.main(
        explanations=paths,
        similarity=str(output),
        models=models,
        other_models=other_models,
        number=number,
        metric="cosine",
        code="0" * 16,
        others=others,
    )
    with open_arrays(output) as file:
        return {name: file[name].to_numpy() for name in file.variables}


def test_the_file_holds_the_agreement_of_all_pairs(paths, tmp_path):
    found = compare(paths, tmp_path / "cosine.nc", MODELS)
    np.testing.assert_allclose(found["similarity"], agreement(answers()), rtol=0, atol=1e-14)
    missing = np.isnan(found["similarity"])
    assert missing.sum() == 2 * (5 + 5 - 1)
    for name in ("estimation_error", "estimation_bias"):
        np.testing.assert_array_equal(found[name], np.where(missing, np.nan, 0))
    assert np.argwhere(found["blank"]).tolist() == [[2, 1], [5, 1]]
    assert found["image"].tolist() == IMAGES
    attributes = read_attributes(tmp_path / "cosine.nc")
    assert attributes == {"method": "answers", "metric": "cosine", "code": "0" * 16}


def test_answers_that_hold_nothing_are_counted_in_the_log(paths, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        compare(paths, tmp_path / "cosine.nc", MODELS)
    assert [record.getMessage() for record in caplog.records] == [
        "m1: answers about 2 of 9 images hold nothing but size and ink of the coalitions and are left "
        "out"
    ]


def test_the_first_images_alone_can_be_compared(paths, tmp_path):
    few = compare(paths, tmp_path / "few.nc", MODELS, number=4)
    whole = compare(paths, tmp_path / "whole.nc", MODELS)
    np.testing.assert_array_equal(few["similarity"], whole["similarity"][:4])


def test_images_in_parts_are_images_at_once(paths, tmp_path, monkeypatch):
    compare(paths, tmp_path / "whole.nc", MODELS)
    monkeypatch.setattr(arrays, "NUMBERS", 2 * 8 * COALITIONS * len(MODELS))
    compare(paths, tmp_path / "parts.nc", MODELS)
    assert (tmp_path / "parts.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()


def test_tiles_are_the_whole(paths, tmp_path):
    whole = compare(paths, tmp_path / "whole.nc", MODELS)
    tiles = []
    for j, column in enumerate(GROUPS):
        for i, row in enumerate(GROUPS[: j + 1]):
            tiles.append(str(tmp_path / f"{i}_{j}.nc"))
            second = () if i == j else (paths[column], MODELS[column])
            compare(paths[row], tiles[-1], MODELS[row], *second)
    join_similarities.main(tiles, str(tmp_path / "joined.nc"), models=MODELS)
    with open_arrays(tmp_path / "joined.nc") as joined:
        for name in (*VALUES, "blank"):
            np.testing.assert_allclose(joined[name], whole[name], rtol=0, atol=1e-14, err_msg=name)


def test_maps_of_another_version_have_no_answers(paths, tmp_path):
    write_maps(paths[2], Maps(np.ones((9, 4)), BASES), image_ids=IMAGES, measures={}, attributes={})
    with pytest.raises(InputError, match=r"m2\.nc has no variable answers"):
        compare(paths, tmp_path / "cosine.nc", MODELS)
    assert not (tmp_path / "cosine.nc").exists()


CLASSES = ["a", "b", "c"] * 3
PREDICTED = np.array([["a", "a", "b"], ["a", "b", "b"], ["c", "c", "c"]] * 3)


def test_above_chance_is_the_mean_agreement_and_influence_what_an_image_adds(paths, tmp_path):
    values = compare(paths[:3], tmp_path / "cosine.nc", MODELS[:3])["similarity"]
    write_table(
        pd.DataFrame({"image_id": IMAGES, "class_name": CLASSES}), tmp_path / "images.parquet"
    )
    predictions = []
    for model, column in zip(MODELS, PREDICTED.T, strict=False):
        predictions.append(str(tmp_path / f"{model}.parquet"))
        write_table(pd.DataFrame({"image_id": IMAGES, "predicted_class": column}), predictions[-1])
    measure_answers.main(
        similarity=str(tmp_path / "cosine.nc"),
        images=str(tmp_path / "images.parquet"),
        chance=str(tmp_path / "chance.nc"),
        subsets=["all", "matching", "all_4"],
        metric="cosine",
        code="0" * 16,
        predictions=predictions,
    )
    same = PREDICTED[:, :, None] == PREDICTED[:, None]
    counting = {"all": True, "matching": same, "all_4": np.arange(9)[:, None, None] < 4}
    for subset, use in counting.items():
        found = Chance.read(str(tmp_path / "chance.nc"), subset)
        kept = np.where(use, values, np.nan)
        np.testing.assert_allclose(found.rho, np.nanmean(kept, 0), rtol=0, atol=1e-14)
        np.testing.assert_allclose(found.pseudo_values, kept, rtol=0, atol=1e-14)
        np.testing.assert_allclose(np.nanmean(found.influence, 0), 0, rtol=0, atol=1e-14)
        np.testing.assert_array_equal(found.count, np.isfinite(kept).sum(0))
        np.testing.assert_array_equal(found.mean, found.rho)
        assert not found.chance.any()
        assert np.isnan(found.z).all()
    assert found.labels.tolist() == CLASSES
