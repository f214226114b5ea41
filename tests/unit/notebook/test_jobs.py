"""What a notebook can ask beyond the ten lines is what the jobs of a study write."""

from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import thinkalike as ta
from scripts import (
    compare_answers,
    delete_regions,
    explain_again,
    explain_moved,
    fit_head,
    measure_answers,
    measure_noise_ceiling,
)
from tests.support.explaining import images as blobs
from tests.support.own_networks import Small
from thinkalike.defaults import default_study
from thinkalike.errors import InputError
from thinkalike.networks.weights import save
from thinkalike.statistics.deletion import deletion_summary
from thinkalike.statistics.moved import input_ceiling_pairs
from thinkalike.stores.kernels import Chance, Kernel
from thinkalike.stores.maps import read_segments
from thinkalike.stores.tables import read_table, write_table

SIZE, COUNT, KEYS = 64, 4, ("byobnet", "vit")
BLACK = {"target": "prediction", "output": "logit", "baseline": [0.0] * 3, "precision": "float32"}
MADE = {"size": SIZE, "seed": 0, "device": torch.device("cpu"), "code": ""}
COALITIONS = {"evaluations": 40, "segments": {"kind": "grid", "cells": 4}}


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Two models, their maps by KernelSHAP, and the folder of a study that has both."""
    folder = tmp_path_factory.mktemp("study")

    pictures = folder / "pictures"
    paths = [pictures / "ab"[number % 2] / f"{number}.png" for number in range(COUNT)]
    for path, picture in zip(paths, blobs(COUNT, SIZE), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
    images = ta.images(pictures, size=SIZE)
    models = [ta.load(key, size=SIZE, classes=[*"abc"], seed=n) for n, key in enumerate(KEYS)]
    for model in models:
        save(model, folder / f"weights/{model.name}.safetensors", {})
    maps = ta.explain(models, images, "kernelshap", **COALITIONS)
    maps.save(folder)
    return SimpleNamespace(folder=folder, images=images, models=models, maps=maps)


def files_of(known, model, *names: str) -> dict[str, str]:
    """Paths of a study's files about a model, by the names that scripts give them."""
    places = {
        "images": "images.parquet",
        "weights": f"weights/{model.name}.safetensors",
        "predictions": f"predictions/{model.name}.parquet",
        "segments": "segments.nc",
        "explanations": f"explanations/kernelshap/{model.name}.nc",
    }
    return {name: str(known.folder / places[name]) for name in names}


def test_answers_are_compared_as_by_the_jobs(known, tmp_path):
    result = ta.compare_answers(known.maps, untrained=["vit"])
    paths = [files_of(known, model, "explanations")["explanations"] for model in known.models]
    at = {name: str(tmp_path / f"{name}.nc") for name in ("similarity", "chance")}
    given = {"metric": "cosine", "code": ""}
    compare_answers.main(paths, at["similarity"], KEYS, [], COUNT, **given)
    listing = str(known.folder / "images.parquet")
    measure_answers.main(at["similarity"], listing, at["chance"], ["all"], **given)
    np.testing.assert_array_equal(result.similarity, Kernel.read(at["similarity"]).values())
    expected = Chance.read(at["chance"])
    np.testing.assert_array_equal(result.chance.rho, expected.rho)
    np.testing.assert_array_equal(result.chance.influence, expected.influence)
    assert list(result.roles.untrained) == ["vit"]
    result.save(tmp_path / "result.nc")
    assert ta.open(tmp_path / "result.nc").equals(result)
    assert "Answers" in repr(result)
    assert len(ta.compare_answers(known.maps, subset="matching").intervals()) == 1


@pytest.mark.parametrize("several", [False, True])
def test_regions_are_deleted_as_by_the_job(known, several, tmp_path):
    maps = [known.maps]
    if several:
        maps.append(ta.explain(known.models, known.images, "gradcam"))
        maps[1].save(known.folder)
    table = ta.delete_regions(known.models, maps if several else maps[0], area=0.2)
    settings = default_study()["settings"]
    signs = {each.method: settings[each.method]["sign"] for each in maps}
    parts = []
    for model in known.models:
        delete_regions.main(
            **files_of(known, model, "images", "weights", "predictions", "segments"),
            explanations=[
                str(known.folder / f"explanations/{method}/{key}.nc")
                for method in signs
                for key in KEYS
            ],
            deletion=str(tmp_path / "deletion.parquet"),
            model=model.name,
            models=KEYS,
            signs=signs,
            number=COUNT,
            area=0.2,
            architecture=asdict(model.architecture),
            explanation=BLACK,
            size=SIZE,
            device=MADE["device"],
        )
        parts.append(read_table(tmp_path / "deletion.parquet"))
    pd.testing.assert_frame_equal(table, pd.concat(parts, ignore_index=True), check_dtype=False)
    assert len(deletion_summary(table, ["vit"], by_class=True)) == 2 * len(maps)


def test_images_are_explained_again_as_by_the_job(known, tmp_path):
    again = ta.explain(known.models, known.images, "kernelshap", again=True, **COALITIONS)
    paths = []
    for model in known.models:
        named = files_of(
            known, model, "images", "weights", "predictions", "segments", "explanations"
        )
        paths.append(str(tmp_path / f"{model.name}.nc"))
        made = {"architecture": asdict(model.architecture), "explanation": BLACK, **MADE}
        explain_again.main(**named, again=paths[-1], number=COUNT, **made)
        again.save(tmp_path / "folder")
        saved = tmp_path / f"folder/explanations/kernelshap/{model.name}.nc"
        for variable in ("coefficients", "draws", "answers"):
            first, second = (read_variable(path, variable) for path in (saved, paths[-1]))
            np.testing.assert_array_equal(first, second)
    assert not np.array_equal(again["vit"].maps.coefficients, known.maps["vit"].maps.coefficients)
    comparison = {"sign": "signed", "rescaling": "none", "sigma": 1.0, "blanks": "exclude"}
    measure_noise_ceiling.main(
        [files_of(known, model, "explanations")["explanations"] for model in known.models],
        paths,
        str(known.folder / "segments.nc"),
        str(tmp_path / "ceiling.csv"),
        str(tmp_path / "pairs.csv"),
        KEYS,
        COUNT,
        "cosine",
        comparison,
    )
    expected = pd.read_csv(tmp_path / "ceiling.csv").set_index("model")
    ceiling = ta.measure_ceiling(known.maps, again, sign="signed", rescaling="none")
    assert ceiling["n"].tolist() == [COUNT, COUNT]
    np.testing.assert_allclose(ceiling["ceiling"], expected["ceiling"], rtol=1e-12)


def read_variable(path, name: str) -> np.ndarray:
    with ta.stores.arrays.open_arrays(path, [name]) as file:
        return file[name].to_numpy()


@pytest.mark.parametrize("method", ["kernelshap", "gradcam"])
def test_moved_images_are_explained_as_by_the_job(known, method, tmp_path):
    settings = COALITIONS if method == "kernelshap" else {}
    first = ta.explain(known.models, known.images, method, **settings)
    moved = ta.explain(known.models, known.images, method, moved=3, **settings)
    first.save(tmp_path / "first")
    moved.save(tmp_path / "moved")
    assert ta.open(tmp_path / "moved").explanations(method).moved == 3
    np.testing.assert_array_equal(moved.seen().pixels[:, :, 3:], known.images.pixels[:, :, :-3])
    ceiling = ta.measure_ceiling(first, moved)
    stem = f"explanations/{method}"
    for model in known.models:
        path = str(tmp_path / f"{method}_{model.name}.nc")
        chosen = {"depth": 100, "mended": []} if method == "gradcam" else {"evaluations": 40}
        explanation = {**BLACK, "baseline": BLACK["baseline"] if method == "kernelshap" else []}
        named = ("images", "weights", "predictions", "segments")
        explain_moved.main(
            **files_of(known, model, *(named if method == "kernelshap" else named[:3])),
            moved=[path],
            methods={
                method: {
                    "base": method,
                    "number": COUNT,
                    "settings": chosen,
                    "question": explanation,
                }
            },
            pixels=3,
            architecture=asdict(model.architecture),
            explanation=BLACK,
            **MADE,
        )
        saved = tmp_path / "moved" / stem / f"{model.name}.nc"
        np.testing.assert_array_equal(
            *(read_variable(each, "coefficients") for each in (saved, path))
        )
        regions = tmp_path / "first/segments.nc"
        pair = input_ceiling_pairs(
            str(tmp_path / "first" / stem / f"{model.name}.nc"),
            path,
            read_segments(regions) if regions.exists() else None,
            3,
            "positive" if method == "gradcam" else "signed",
        )
        rendered = [np.stack([ta.compare.maps.render(m, i) for i in range(COUNT)]) for m in pair]
        if method == "gradcam":  # min–max per map, then the cosine
            flat = [each.reshape(COUNT, -1) for each in rendered]
            flat = [(f - f.min(1, keepdims=True)) / np.ptp(f, axis=1, keepdims=True) for f in flat]
            cosines = (flat[0] * flat[1]).sum(1) / np.prod(
                [np.linalg.norm(f, axis=1) for f in flat], axis=0
            )
            assert ceiling.loc[model.name, "ceiling"] == pytest.approx(cosines.mean(), abs=1e-6)


def test_a_head_is_fitted_as_by_the_job(known, tmp_path):
    body = known.models[1]
    for head in ("probe", "means"):
        model = ta.fit_head(body, known.images, head)
        assert model.classes == ("a", "b")
        listing = pd.DataFrame(known.images.listing).assign(split="train")
        both = pd.concat([listing, listing.assign(split="val")], ignore_index=True)
        write_table(both, tmp_path / "manifest.parquet")
        architecture = {**asdict(body.architecture), "head": head}
        fit_head.main(
            str(tmp_path / "manifest.parquet"),
            files_of(known, body, "weights")["weights"],
            str(tmp_path / f"{head}.safetensors"),
            architecture,
            SIZE,
            "",
            MADE["device"],
        )
        job = ta.load("vit", weights=tmp_path / f"{head}.safetensors", size=SIZE)
        for one, other in zip(model.network.parameters(), job.network.parameters(), strict=True):
            torch.testing.assert_close(one, other)
        assert ta.predict(model, known.images)["correct"].all()


def own():
    return ta.wrap(
        Small(), name="Mine", mean=[0.5] * 3, std=[0.25] * 3, classes=[*"abc"], size=SIZE
    )


def test_a_wrapped_network_gets_a_head_and_stays_as_it_is(known):
    body = own()
    before = ta.predict(body, known.images)
    model = ta.fit_head(body, known.images, "means")
    assert model.classes == ("a", "b")
    assert ta.predict(model, known.images)["predicted_class"].isin(["a", "b"]).all()
    pd.testing.assert_frame_equal(ta.predict(body, known.images), before)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda k: ta.compare_answers(k.images), "maps: a Images is none of ta.explain"),
        (
            lambda k: ta.compare_answers(ta.explain(k.models, k.images, "gradcam")),
            "maps: by gradcam have no answers to coalitions; give maps of ta.explain",
        ),
        (lambda k: ta.compare_answers(k.maps, untrained=["vitt"]), "did you mean 'vit'"),
        (lambda k: ta.delete_regions(own(), k.maps), "models: Mine is none of the maps'"),
        (lambda k: ta.delete_regions(k.models, []), "maps: give what ta.explain has given"),
        (lambda k: ta.delete_regions(k.models, k.maps, area=2), "area: 2 is no share of an image"),
        (
            lambda k: ta.delete_regions(
                k.models, [k.maps, ta.explain(k.models[0], k.images, "gradcam")]
            ),
            "maps: by gradcam are of other images, models or targets than those by kernelshap",
        ),
        (
            lambda k: ta.explain(k.models, k.images, "gradcam", again=True),
            "again: Grad-CAM draws nothing",
        ),
        (lambda k: ta.explain(k.models, k.images, moved=-1), "moved: -1 is no number of pixels"),
        (lambda k: ta.explain(k.models, k.images, moved=64), "cannot be moved by 64"),
        (
            lambda k: ta.explain(k.models, k.images, moved=1, tolerance=0.1),
            "tolerance: maps that are compared with others take as many evaluations as these",
        ),
        (
            lambda k: ta.measure_ceiling(k.maps, ta.explain(k.models[0], k.images, "gradcam")),
            "again: is of other images, models or methods than maps",
        ),
        (lambda k: ta.fit_head(k.models[0], k.images, "prob"), "head: 'prob' is neither probe"),
        (
            lambda k: ta.fit_head(k.models[0], ta.images(np.zeros((2, 3, 64, 64)))),
            "images: a head is learned from the classes of images",
        ),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(known, ask, sentence):
    with pytest.raises(InputError, match=sentence):
        ask(known)
