"""The front door: what it gives is what a study's jobs write; what it refuses it says in a sentence."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from PIL import Image

import thinkalike as ta
from scripts import (
    collect_pairs,
    compare_models,
    explain_images,
    explain_together,
    measure_chance,
    predict_images,
    segment_images,
    summarise_similarity,
)
from tests.support.checkout import REPOSITORY
from tests.support.explaining import images as blobs
from tests.support.own_networks import Small
from thinkalike.compare.maps import render
from thinkalike.defaults import default_study
from thinkalike.errors import InputError
from thinkalike.methods import METHODS
from thinkalike.networks.weights import save
from thinkalike.notebook.images import Images
from thinkalike.stores.tables import read_square, read_table, write_table

SIZE, COUNT = 64, 4
KEYS = ("byobnet", "vit")
CLASSES = ("1", "3")
CPU = torch.device("cpu")
WITHOUT = {"target": "prediction", "output": "logit", "baseline": [], "precision": "float32"}
BLACK = {**WITHOUT, "baseline": [0.0] * 3}


def photos(folder: Path, count: int = COUNT) -> list[str]:
    """Pictures in class folders, and their paths."""
    paths = []
    for number, picture in enumerate(blobs(count, SIZE)):
        path = folder / CLASSES[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
        paths.append(str(path))
    return paths


def own(name: str = "Mine", **changes: object):
    """A small network of the user's, as a model."""
    known = {"mean": [0.5] * 3, "std": [0.25] * 3, "classes": ["1", "2", "3"], "size": SIZE}
    layers = {"depth_100": "second"}
    return ta.wrap(Small(), name=name, **{**known, "layers": layers, **changes})


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Results of a study of two models of random weights, written by its jobs."""
    root = tmp_path_factory.mktemp("checkout")
    results = root / "results/small"
    paths = photos(root / "photos")
    listing = pd.DataFrame(
        {
            "image_id": [str(Path(path).relative_to(root / "photos")) for path in paths],
            "path": paths,
            "label": 0,
            "class_name": [Path(path).parent.name for path in paths],
        }
    )
    at = lambda name: str(results / name)  # noqa: E731
    write_table(listing, at("images.parquet"))
    segment_images.main(at("images.parquet"), at("segments.nc"), SIZE, code="", **SEGMENTS)
    for number, key in enumerate(KEYS):
        model = ta.load(key, size=SIZE, seed=number, classes=[str(k) for k in range(5)])
        save(model, at(f"weights/{key}.safetensors"), {})
        weights, predictions = at(f"weights/{key}.safetensors"), at(f"predictions/{key}.parquet")
        architecture = architecture_of(model)
        made = {"architecture": architecture, "size": SIZE, "code": "", "device": CPU}
        predict_images.main(
            at("images.parquet"), weights, predictions, at(f"features/{key}.nc"), **made
        )
        for method, settings in SETTINGS.items():
            segments = at("segments.nc") if method == "kernelshap" else None
            explain_images.main(
                at("images.parquet"),
                weights,
                predictions,
                at(f"explanations/{method}/{key}.nc"),
                base=method,
                part=[0, COUNT],
                settings={"composite": COMPOSITES[key]} if method == "lrp" else settings,
                explanation=BLACK if METHODS[method].baseline and method != "captum" else WITHOUT,
                seed=0,
                segments=segments,
                **made,
            )
    for method, comparison in COMPARED.items():
        maps = [at(f"explanations/{method}/{key}.nc") for key in KEYS]
        segments = at("segments.nc") if method == "kernelshap" else None
        shared = {"models": KEYS, "other_models": [], "number": COUNT, "segments": segments}
        settings = {"sigma": 1.0, "blanks": "exclude", **comparison}
        similarity, chance = at(f"similarity/{method}/cosine.nc"), at(f"chance/{method}/cosine.nc")
        named = {"metric": "cosine", "comparison": settings, "code": "", **shared}
        compare_models.main(maps, similarity, method=method, **named)
        predicted = [at(f"predictions/{key}.parquet") for key in KEYS]
        subsets = ["all", "matching", "differing", "all_3"]
        measure_chance.main(
            maps,
            at("images.parquet"),
            chance,
            subsets=subsets,
            picture={},
            predictions=predicted,
            **named,
        )
        summarise_similarity.main(
            similarity,
            chance,
            at(f"dissimilarity/{method}/cosine/all.csv"),
            *(
                at(f"dissimilarity/{method}/cosine/all_{what}.csv")
                for what in ("s", "rho", "seeds")
            ),
            at(f"dissimilarity/{method}/cosine/all_pairs.parquet"),
            at(f"dissimilarity/{method}/cosine/all_geometry.csv"),
            models=KEYS,
            architectures={},
            settings={"correction": "chance", "dissimilarity": "chord"},
            stratified=True,
            subset="all",
        )
    collect_pairs.main(
        [at("dissimilarity/lrp/cosine/all_pairs.parquet")],
        at("pairs.csv"),
        at("models.csv"),
        cases=["lrp/cosine/all"],
        names={"byobnet": "ByobNet", "vit": "ViT"},
        architectures={},
        families={"byobnet": "cnn", "vit": "transformer"},
        untrained=["vit"],
        replicas=[],
    )
    (results / "verdict.md").write_text("They differ.\n")
    return results


SEGMENTS = {"kind": "slic", "options": {"count": 16, "compactness": 10, "at_least": 8}}
SETTINGS = {
    "gradcam": {"depth": 100, "mended": []},
    "kernelshap": {"evaluations": 40},
    "lrp": {},
    "captum": {"attribution": "Saliency", "arguments": {}, "smooth": None},
}
COMPARED = {
    "gradcam": {"sign": "positive", "rescaling": "min_max"},
    "kernelshap": {"sign": "signed", "rescaling": "max_abs"},
    "lrp": {"sign": "signed", "rescaling": "max_abs", "pool": 8},
}
COMPOSITES = {"byobnet": "gamma", "vit": "epsilon"}
"""Model → rules of LRP by its family."""
REGIONS = {"count": 16, "compactness": 10}


def architecture_of(model) -> dict:
    """What a rule hands to a script of this model."""
    known = model.architecture
    names = ("name", "timm", "arguments", "layout", "prefix", "layers")
    return {name: getattr(known, name) for name in names}


@pytest.fixture(scope="module")
def seen(study) -> Images:
    """The images of the study, in its order."""
    listing = read_table(study / "images.parquet")
    names = {"ids": listing["image_id"], "classes": listing["class_name"]}
    return ta.images(listing["path"].tolist(), size=SIZE, **{k: list(v) for k, v in names.items()})


@pytest.fixture(scope="module")
def models(study) -> list:
    return [ta.load(key, weights=study / f"weights/{key}.safetensors", size=SIZE) for key in KEYS]


@pytest.fixture(scope="module")
def shapley(models, seen):
    return ta.explain(models, seen, "kernelshap", evaluations=40, segments=REGIONS)


# ---- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "import thinkalike as ta; ta.explain; import thinkalike.explain.gradcam",
        "import thinkalike.explain.gradcam; import thinkalike as ta",
        "from thinkalike.explain import gradcam; import thinkalike as ta",
        "import thinkalike as ta; ta.images; ta.compare; ta.load; ta.open",
        "from thinkalike import compare, explain, images; import thinkalike as ta",
    ],
)
def test_functions_that_are_packages_too_are_both_in_any_order(code):
    check = """
import types
for name in ("images", "explain", "compare"):
    assert callable(getattr(ta, name)) and isinstance(getattr(ta, name), types.ModuleType), name
from thinkalike.explain import gradcam
import thinkalike.images.loading, thinkalike.compare.similarity
assert ta.images.loading.load_image and ta.compare.similarity.METRICS and ta.explain.gradcam
from thinkalike.errors import InputError
from thinkalike.methods import METHODS
try:
    ta.explain([], None)
except InputError as error:
    assert str(error).startswith("images: a NoneType"), error
else:
    raise AssertionError
"""
    done = subprocess.run(
        [sys.executable, "-c", code + "\n" + check], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_opening_and_comparing_import_no_torch(study):
    code = f"""
import sys
import thinkalike as ta
assert not {{"torch", "pandas", "numpy", "xarray"}} & set(sys.modules)
study = ta.open({str(study)!r})
ta.compare(study.explanations("kernelshap")).plot()
assert not {{"torch", "timm"}} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_help_is_that_of_the_function():
    assert list(inspect.signature(ta.compare).parameters)[:3] == ["maps", "metric", "subset"]
    assert ta.explain.__doc__.startswith("Explain all images by all models")
    assert {"images", "load", "wrap", "explain", "compare", "open", "list_models"} <= set(dir(ta))


# ---- images ---------------------------------------------------------------------------------------


def test_images_of_class_folders_are_those_that_a_study_loads(study, seen):
    opened, whole = ta.open(study).images, ta.images(study.parents[1] / "photos", size=SIZE)
    assert seen.ids == opened.ids == ("1/0.png", "3/1.png", "1/2.png", "3/3.png")
    assert whole.ids == tuple(sorted(seen.ids))
    assert whole.class_names == ("1", "1", "3", "3")
    np.testing.assert_array_equal(seen.pixels, opened.pixels)
    np.testing.assert_array_equal(whole.pixels, seen.pixels[[0, 2, 1, 3]])
    assert seen.pixels.dtype == np.uint8
    assert seen.pixels.shape == (COUNT, SIZE, SIZE, 3)
    assert seen.class_names == opened.class_names == ("1", "3", "1", "3")
    array = seen.to_xarray()
    assert array.dims == ("image", "y", "x", "colour")
    assert array["class_name"].to_numpy().tolist() == list(seen.class_names)
    assert len(seen[:2]) == 2
    assert seen[1:].ids == seen.ids[1:]


def test_images_of_a_flat_folder_of_paths_and_of_tensors(study, tmp_path):
    paths = photos(tmp_path / "classes")
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in paths:
        (flat / Path(path).name).symlink_to(path)
    whole = ta.images(flat, size=SIZE)
    listed = ta.images(paths, size=SIZE)
    assert whole.class_names is None
    assert set(whole.ids) == set(listed.ids) == {"0.png", "1.png", "2.png", "3.png"}
    tensor = torch.from_numpy(listed.pixels).permute(0, 3, 1, 2) / 255
    given = ta.images(tensor, classes=["a", "b", "a", "b"], ids=listed.ids)
    np.testing.assert_array_equal(given.pixels, listed.pixels)
    assert given.class_names == ("a", "b", "a", "b")
    assert ta.images(tensor, size=32).pixels.shape == (COUNT, 32, 32, 3)
    assert ta.images(tensor.double().numpy()).ids == ("0", "1", "2", "3")


WRONG_IMAGES = {
    "colours last": (np.zeros((2, 8, 8, 3)), "has its colours last; give (N, 3, height, width)"),
    "0 to 255": (np.full((2, 3, 8, 8), 200), "values from 200 to 200 are not in [0, 1]; divide by"),
    "normalised": (np.full((2, 3, 8, 8), -1.5), "are not in [0, 1]; give images before normalis"),
    "not a number": (np.full((2, 3, 8, 8), np.nan), "values from nan to nan are not in [0, 1]"),
    "grey": (
        np.zeros((2, 1, 8, 8)),
        "(2, 1, 8, 8) is not (N, 3, height, width); give images in RGB",
    ),
    "one": (np.zeros((3, 8, 8)), "(3, 8, 8) is not (N, 3, height, width)"),
    "none": (np.zeros((0, 3, 8, 8)), "source: there is no image in it"),
    "oblong": (np.zeros((2, 3, 8, 6)), "size: images of 8 x 6 pixels are no squares"),
    "number": (3, "source: a int is none of a folder, a list of paths, or an array"),
    "missing": ("no/such/folder", "source: no/such/folder is not a folder"),
    "texts": (np.array([[[["a"] * 3] * 3] * 3]), "has no numbers in [0, 1]"),
}


@pytest.mark.parametrize("case", WRONG_IMAGES)
def test_images_that_cannot_be_used_are_refused_in_a_sentence(case):
    source, sentence = WRONG_IMAGES[case]
    with pytest.raises(InputError, match=re.escape(sentence)):
        ta.images(source)


def test_other_arguments_of_images_are_checked(tmp_path):
    zeros = np.zeros((2, 3, 8, 8))
    for options, sentence in (
        ({"ids": ["a", "a"]}, "ids: 'a' stands twice"),
        ({"ids": ["a"]}, "ids: 1 for 2 images"),
        ({"classes": "ab"}, "classes: one text for 2 images"),
        ({"size": 0}, "size: 0 is no number of pixels"),
    ):
        with pytest.raises(InputError, match=re.escape(sentence)):
            ta.images(zeros, **options)
    photos(tmp_path / "train")
    photos(tmp_path / "val")
    with pytest.raises(InputError, match="is split; give one part of it"):
        ta.images(tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "train" / "top.png")
    with pytest.raises(InputError, match="has images and folders"):
        ta.images(tmp_path / "train")


# ---- explanations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", SETTINGS)
def test_explanations_are_what_the_jobs_of_a_study_write(method, study, models, seen):
    options = {
        "kernelshap": {"evaluations": 40, "segments": REGIONS},
        "captum": {"attribution": "Saliency"},
    }
    ours = ta.explain(models, seen, method, **options.get(method, {}))
    theirs = ta.open(study).explanations(method)
    assert ours.models == theirs.models == list(KEYS)
    for model in KEYS:
        xr.testing.assert_identical(ours.to_xarray(model), theirs.to_xarray(model))
        columns = ["image_id", "predicted", "predicted_class", "probability", "label", "correct"]
        pd.testing.assert_frame_equal(
            ours.predictions[model][columns], theirs.predictions[model][columns]
        )
        with xr.open_dataset(study / f"explanations/{method}/{model}.nc") as file:
            file = file.load()
        assert ours.to_xarray(model)["coefficients"].dtype == np.float32
        xr.testing.assert_equal(ours.to_xarray(model), file)
    pixels = ours.to_xarray()
    assert pixels.dims == ("model", "image", "y", "x")
    assert pixels.shape == (2, COUNT, SIZE, SIZE)
    one = render(ours.maps["vit"], 1).astype(np.float32)
    np.testing.assert_array_equal(pixels.sel(model="vit", image=seen.ids[1]), one)


def test_maps_until_they_are_known_well_enough_are_those_of_the_job(study, models, seen, tmp_path):
    budget = {"evaluations": 20, "tolerance": 0.05, "most_evaluations": 80}
    ours = ta.explain(models, seen, segments=REGIONS, **budget)
    paths = [str(tmp_path / f"{key}.nc") for key in KEYS]
    explain_together.main(
        str(study / "images.parquet"),
        [str(study / f"weights/{key}.safetensors") for key in KEYS],
        [str(study / f"predictions/{key}.parquet") for key in KEYS],
        str(study / "segments.nc"),
        paths,
        number=COUNT,
        architectures=[architecture_of(model) for model in models],
        settings=budget,
        comparisons=[{"metric": "cosine", "sign": "signed", "rescaling": "max_abs"}],
        explanation=BLACK,
        size=SIZE,
        seed=0,
        code="",
        device=CPU,
    )
    for key, path in zip(KEYS, paths, strict=True):
        with xr.open_dataset(path) as file:
            xr.testing.assert_equal(ours.to_xarray(key), file.load())


def test_saved_explanations_are_opened_equal(shapley, tmp_path):
    shapley.save(tmp_path / "out")
    study = ta.open(tmp_path / "out")
    again = study.explanations("kernelshap")
    assert again.models == shapley.models
    for model in KEYS:
        xr.testing.assert_identical(again.to_xarray(model), shapley.to_xarray(model))
    assert ta.compare(again).equals(ta.compare(shapley))
    part = ta.explain(own(), shapley.seen()[:2], segments=REGIONS)
    with pytest.raises(InputError, match="has maps of other images; give another folder"):
        part.save(tmp_path / "out")
    coarse = ta.explain(own(), shapley.seen(), segments={"count": 9})
    with pytest.raises(InputError, match="has maps on other regions; give another folder"):
        coarse.save(tmp_path / "out")
    with pytest.raises(InputError, match="one file for 2 models; give a folder"):
        shapley.save(tmp_path / "maps.nc")


def test_the_default_budget_is_that_of_the_configuration(models, seen):
    maps = ta.explain(models[0], seen[:1])
    assert maps["byobnet"].measures["evaluations"].tolist() == [128]
    assert default_study()["segments"]["count"] == 30


def test_targets_regions_and_baselines_can_be_given(models, seen):
    labels = ta.segment(seen, REGIONS)
    assert labels.shape == (COUNT, SIZE, SIZE)
    given = ta.explain(models, seen, evaluations=40, segments=labels + 5, target="label")
    assert given["vit"].targets.tolist() == [1, 3, 1, 3]
    numbers = ta.explain(models[0], seen, "lrp", target=[0, 1, 2, 3])
    assert numbers["byobnet"].targets.tolist() == [0, 1, 2, 3]
    assert numbers.attributes["byobnet"]["target"] == "given"
    white = ta.explain(models[0], seen, "integrated_gradients", baseline=[1, 1, 1], most_steps=6)
    assert white.baseline == (1.0, 1.0, 1.0)


def test_maps_that_did_not_converge_are_shown_and_warned_of(models, seen, caplog):
    few = ta.explain(models, seen, "integrated_gradients", tolerance=1e-12, most_steps=6)
    assert few.not_converged == dict.fromkeys(KEYS, COUNT)
    assert "not converged  maps of byobnet 4, vit 4" in repr(few)
    caplog.clear()
    ta.compare(few)
    (warning,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert warning.startswith("8 of 8 maps did not converge within the tolerances")
    assert "(byobnet 4, vit 4)" in warning
    enough = ta.explain(models, seen, "integrated_gradients", tolerance=1.0, map_tolerance=1.0)
    assert enough.not_converged == {}
    assert "not converged" not in repr(enough)
    assert ta.explain(models, seen, "gradcam").not_converged == {}


def test_regions_are_cells_and_a_method_is_from_a_file(models, seen, tmp_path):
    grid = ta.explain(models, seen, segments={"kind": "grid", "cells": 4})
    assert grid["vit"].measures["evaluations"].tolist() == [72] * COUNT
    assert {basis.size for basis in grid.maps["vit"].bases} == {16}
    file = tmp_path / "mean_pixel.py"
    file.write_text(
        "def explain(model, images, targets, question):\n    return images.mean(3) + 1.0\n"
    )
    maps = ta.explain(models, seen, "file", file=file)
    assert maps.method == "mean_pixel"
    np.testing.assert_allclose(
        maps.to_xarray().sel(model="vit"), seen.pixels.mean(3) + 1, rtol=1e-6
    )
    assert ta.compare(maps).intervals()["mean"].to_numpy() == pytest.approx([1])
    smooth = ta.explain(models, seen, "Saliency", smooth={"samples": 2, "sigma": 0.1})
    assert smooth.method == "saliency"
    near = ta.explain(models, seen, evaluations=40, segments=REGIONS, target="embedding")
    assert near["vit"].targets.tolist() == list(range(COUNT))


def test_a_backbone_without_a_head_is_explained_by_its_embedding_alone(models, seen, tmp_path):
    backbone = ta.load("vit_small_patch16_224.dino", size=SIZE)
    assert repr(backbone) == (
        "<Model vit_small_patch16_224.dino: VisionTransformer, 64 x 64 pixels, no head>"
    )
    with pytest.raises(InputError, match="has no head"):
        ta.explain(backbone, seen, "gradcam")
    regions = {"kind": "grid", "cells": 2}
    maps = ta.explain([backbone, models[0]], seen, target="embedding", segments=regions)
    assert (
        maps.to_xarray(backbone.name).attrs["units"] == "cosine of features to those of the image"
    )
    assert np.isfinite(ta.compare(maps).dissimilarity().to_numpy()).all()
    maps.plot(tmp_path / "panel.png")
    with pytest.raises(InputError, match=r"subset: .* predicts no class to match"):
        ta.compare(maps, subset="matching")


def test_layers_of_any_network_are_found(seen):
    found = own(layers=None).architecture
    assert found.layers["depth_100"] == {"module": "second", "layout": "nchw", "prefix": 0}
    plain = ta.load("resnet10t", size=SIZE, classes=["1", "3"])
    maps = ta.explain([own(layers=None), plain], seen, "gradcam")
    assert [basis.size > 1 for model in maps.models for basis in maps.maps[model].bases]


def test_models_are_refused_or_take_another_size(models, seen):
    small = ta.images(np.random.default_rng(0).random((2, 3, 32, 32)))
    fixed, wrapped = ta.load("coatnet", size=SIZE), own()
    with pytest.raises(
        InputError, match="images: are 32 x 32 pixels, and coatnet takes 64 x 64; give"
    ):
        ta.explain(fixed, small)
    maps = ta.explain(wrapped, small, "lrp")
    assert maps.to_xarray().shape == (1, 2, 32, 32)
    assert wrapped.size == SIZE


WRONG_SETTINGS = {
    "method": ({"method": "kernel_shap"}, "method: 'kernel_shap' is none of gradcam"),
    "answers": ({"method": "answers"}, "method: 'answers' has no maps of its own"),
    "name": ({"evalutions": 40}, "evalutions: kernelshap has no such setting"),
    "hint": ({"evalutions": 40}, "did you mean 'evaluations'?"),
    "number": ({"evaluations": "many"}, "evaluations: 'many' is no whole number above 0"),
    "few": ({"evaluations": 3}, "evaluations: 3 is too few for"),
    "compare": ({"pool": 8}, "pool: says how maps are compared; give it to ta.compare"),
    "target": ({"target": "class"}, "target: 'class' is none of prediction, label, embedding"),
    "fraction": ({"target": 0.5}, "target: 0.5 is none of prediction, label, embedding"),
    "gradient": ({"method": "lrp", "target": "embedding"}, "target: LRP goes by the gradient"),
    "kind": (
        {"segments": {"kind": "voronoi"}},
        "segments: kind: 'voronoi' is none of slic, grid, file",
    ),
    "masks": ({"segments": {"kind": "file"}}, "segments: the kind 'file' needs the path of masks"),
    "attribution": ({"method": "captum"}, "attribution: captum has several; give one of"),
    "captum": ({"method": "Saliencey"}, "did you mean 'Saliency'?"),
    "file": ({"method": "file"}, "file: is the Python file with the method's function"),
    "smooth": ({"method": "Saliency", "smooth": 3}, "smooth: 3 is no mapping; give one such as"),
    "output": ({"output": "logits"}, "output: 'logits' is none of logit, probability"),
    "baseline": ({"baseline": [0, 0, 9]}, "baseline: [0, 0, 9] is no colour"),
    "seed": ({"seed": -1}, "seed: -1 is no whole number from 0"),
    "segments": ({"segments": {"number": 3}}, "segments: has no 'number'"),
    "labels": ({"segments": np.zeros((1, 2, 2), int)}, "segments: an array (1, 2, 2) of int64"),
    "no use": ({"method": "lrp", "segments": REGIONS}, "segments: lrp uses no regions"),
    "device": ({"device": "tpu9"}, "device: 'tpu9' cannot be used"),
    "depth": (
        {"method": "gradcam", "depth": 33},
        "depth: byobnet has no Grad-CAM layer at 33, only at",
    ),
    "composites": ({"method": "lrp", "composites": 3}, "composites: 3 is no mapping"),
}


@pytest.mark.parametrize("case", WRONG_SETTINGS)
def test_settings_that_cannot_be_used_are_refused_in_a_sentence(case, models, seen):
    options, sentence = WRONG_SETTINGS[case]
    with pytest.raises(InputError, match=re.escape(sentence)):
        ta.explain(models, seen, **options)


def test_models_that_cannot_be_used_are_refused_in_a_sentence(models, seen):
    for given, sentence in (
        ("resnet50", "models: 'resnet50' is a name; give ta.load('resnet50')"),
        ([Small()], "models: a Small is no model of thinkalike; give ta.load(…), or ta.wrap(…)"),
        ([], "models: the list is empty"),
        ([models[0], models[0]], "models: two are called 'byobnet'"),
    ):
        with pytest.raises(InputError, match=re.escape(sentence)):
            ta.explain(given, seen)
    with pytest.raises(InputError, match=re.escape("images: a str is none of ta.images")):
        ta.explain(models, "photos")
    tensor = ta.images(np.random.default_rng(0).random((2, 3, SIZE, SIZE)))
    with pytest.raises(InputError, match="target: 'label' needs the classes of the images"):
        ta.explain(models[0], tensor, "lrp", target="label")


def test_predictions_of_images_without_known_classes_have_no_labels(models, seen):
    table = ta.predict(models, seen)
    assert table["model"].tolist() == ["byobnet"] * COUNT + ["vit"] * COUNT
    assert {"label", "correct"} <= set(table)
    bare = Images(seen.ids, seen.pixels)
    assert {"label", "correct"}.isdisjoint(ta.predict(models, bare))
    np.testing.assert_array_equal(ta.predict(models, bare)["predicted"], table["predicted"])


# ---- results --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", COMPARED)
def test_results_are_what_the_jobs_of_a_study_write(method, study):
    opened = ta.open(study)
    for subset in ("all", "matching", "differing", "all_3"):
        ours = ta.compare(opened.explanations(method), "cosine", subset=subset)
        theirs = opened.result(method, "cosine", subset)
        assert ours.equals(theirs), subset
    result = opened.result(method)
    with xr.open_dataset(study / f"similarity/{method}/cosine.nc") as file:
        xr.testing.assert_equal(result.similarity, file["similarity"].load())
        xr.testing.assert_equal(
            result.errors.rename("estimation_error"), file["estimation_error"].load()
        )
        xr.testing.assert_equal(
            result.biases.rename("estimation_bias"), file["estimation_bias"].load()
        )
        assert result.blanks.tolist() == file["blank"].sum("image").to_numpy().tolist()
    assert (result.errors.to_numpy() > 0).any() == (method == "kernelshap")
    square = read_square(study / f"dissimilarity/{method}/cosine/all.csv")
    pd.testing.assert_frame_equal(result.dissimilarity(), square, check_exact=True)


def test_a_comparison_takes_other_settings(study):
    maps = ta.open(study).explanations("lrp")
    usual, other = ta.compare(maps), ta.compare(maps, "rbf", pool=0, sign="absolute", sigma=0.5)
    assert usual.comparison.pool == 8
    assert other.comparison.pool is None
    assert (other.comparison.metric, other.comparison.sigma) == ("rbf", 0.5)
    assert not np.allclose(usual.dissimilarity(), other.dissimilarity())


def test_maps_are_compared_over_regions_of_their_images(study, tmp_path):
    maps = ta.open(study).explanations("lrp")
    cells = ta.compare(maps, pool="segments", segments={"kind": "grid", "cells": 4})
    np.testing.assert_allclose(cells.dissimilarity(), ta.compare(maps, pool=4).dissimilarity())
    whole = ta.compare(maps, pool="segments")
    labels = ta.segment(maps.seen())
    given = ta.compare(maps, pool="segments", segments=labels)
    pd.testing.assert_frame_equal(whole.dissimilarity(), given.dissimilarity())
    whole.save(tmp_path / "result.nc")
    opened = ta.open(tmp_path / "result.nc")
    assert opened.comparison == whole.comparison
    assert "signed, segments, rescaling max_abs" in repr(opened)


def test_a_saved_result_is_opened_equal_and_by_xarray(shapley, tmp_path):
    result = ta.compare(shapley, families={"byobnet": "cnn"}, untrained=["vit"])
    result.save(tmp_path / "result.nc")
    again = ta.open(tmp_path / "result.nc")
    assert again.equals(result)
    assert again.roles.families == {"byobnet": "cnn"}
    assert again.roles.untrained == ["vit"]
    pd.testing.assert_frame_equal(again.intervals(), result.intervals(), check_exact=True)
    with xr.open_dataset(tmp_path / "result.nc") as file:
        assert file["similarity"].dims == ("image", "model_a", "model_b")
        assert file["similarity"].dtype == np.float64
        assert file["image"].to_numpy().tolist() == shapley.image_ids
        assert file["model_a"].to_numpy().tolist() == list(KEYS)
        assert file.attrs["metric"] == "cosine"
    before = (tmp_path / "result.nc").read_bytes()
    result.save(tmp_path / "result.nc")
    assert (tmp_path / "result.nc").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["result.nc"]


def test_pictures_are_drawn_and_the_notebooks_own_figures_stay(shapley, tmp_path):
    import matplotlib.pyplot as plt

    mine = plt.figure()
    before = plt.get_fignums()
    result = ta.compare(shapley)
    figure = result.plot(tmp_path / "heat_map.svg")
    result.plot(tmp_path / "heat_map.png")
    shapley.plot(tmp_path / "panel.png", image=shapley.image_ids[1])
    assert plt.get_fignums() == before
    assert (tmp_path / "heat_map.svg").read_text().startswith("<?xml")
    width, height = Image.open(tmp_path / "heat_map.png").size
    assert width > height > 200
    assert Image.open(tmp_path / "panel.png").size[0] > 500
    assert {"vit", "byobnet"} <= {text.get_text() for text in figure.findobj(plt.Text)}
    with pytest.raises(InputError, match=re.escape("picture.txt ends in none of .svg, .png, .pdf")):
        result.plot("picture.txt")
    with pytest.raises(InputError, match="image: 'x' was not explained"):
        shapley.plot(image="x")
    with pytest.raises(InputError, match="image: there is no number 9 among 4 images"):
        shapley.plot(image=9)
    plt.close(mine)


WRONG_COMPARISONS = {
    "metric": ({"metric": "euclid"}, "metric: 'euclid' is none of cosine, rbf"),
    "subset": ({"subset": "most"}, "subset: 'most' is none of all, matching, differing"),
    "number": ({"subset": "all_4"}, "subset: 'all_4' is no part of 4 images; give 1 to 3"),
    "sign": ({"sign": "plus"}, "sign: 'plus' is none of signed, positive, absolute"),
    "rescaling": ({"rescaling": "z"}, "rescaling: 'z' is none of none, min_max, max_abs"),
    "blanks": ({"blanks": "drop"}, "blanks: 'drop' is none of exclude, zero"),
    "pool": ({"pool": -2}, "pool: -2 is no number of cells"),
    "scale": ({"pool": "pixels"}, "pool: 'pixels' is no number of cells a side"),
    "segments": (
        {"segments": {"count": 9}},
        "segments: maps are not averaged over them; give pool=",
    ),
    "sigma": ({"metric": "rbf", "sigma": 0}, "sigma: 0 is no number above 0"),
    "untrained": ({"untrained": ["vti"]}, "untrained: 'vti' is none of byobnet, vit"),
}


@pytest.mark.parametrize("case", WRONG_COMPARISONS)
def test_comparisons_that_cannot_be_made_are_refused_in_a_sentence(case, shapley):
    options, sentence = WRONG_COMPARISONS[case]
    with pytest.raises(InputError, match=re.escape(sentence)):
        ta.compare(shapley, **options)


def test_one_model_alone_cannot_be_compared(seen):
    with pytest.raises(InputError, match="maps: are of Mine alone; explain two models at least"):
        ta.compare(ta.explain(own(), seen, "lrp"))
    with pytest.raises(InputError, match=re.escape("maps: a dict is none of ta.explain")):
        ta.compare({})


# ---- finished studies -----------------------------------------------------------------------------


def test_a_finished_study_is_opened(study):
    opened = ta.open(study)
    assert (opened.models, opened.replicas) == (list(KEYS), [])
    assert opened.methods == ["captum", "gradcam", "kernelshap", "lrp"]
    assert opened.metrics == ["cosine"]
    assert opened.verdict == "They differ.\n"
    assert opened.roles.families == {"byobnet": "cnn", "vit": "transformer"}
    assert opened.roles.untrained == ["vit"]
    assert opened.names["vit"] == "ViT"
    assert opened.pairs["category"].tolist() == ["control"]
    assert len(opened.predictions("vit")) == COUNT
    assert opened.result("lrp").stratified


def test_what_is_missing_or_no_study_is_said_in_a_sentence(study, tmp_path):
    opened = ta.open(study)
    for call, sentence in (
        (lambda: ta.open(tmp_path / "nowhere"), "does not exist; give results/<study>"),
        (lambda: ta.open(tmp_path), "is no folder of a study, it has no images.parquet"),
        (lambda: ta.open(study.parent), f"did you mean {study}?"),
        (lambda: ta.open(study / "explanations/lrp/vit.nc"), "holds maps of one model; open its"),
        (lambda: ta.open(study / "similarity/lrp/cosine.nc"), "holds similarities; open its"),
        (lambda: ta.open(study / "images.parquet"), "is not a readable NetCDF file"),
        (
            lambda: opened.explanations("lpr"),
            "has no maps by 'lpr', only by captum, gradcam",
        ),
        (lambda: opened.result("lrp", "rbf"), "has no comparison of lrp by rbf, only gradcam by"),
        (lambda: opened.result("lrp", subset="matchin"), "subset: 'matchin' is none of all, match"),
        (
            lambda: opened.explanations("lrp")["vti"],
            "model: 'vti' is none of byobnet, vit; did you",
        ),
    ):
        with pytest.raises(InputError, match=re.escape(sentence)):
            call()
    (tmp_path / "part").mkdir()
    write_table(ta.open(study).images.listing, tmp_path / "part/images.parquet")
    unfinished = ta.open(tmp_path / "part")
    assert unfinished.models == []
    with pytest.raises(InputError, match=r"verdict\.md does not exist; run the study's target"):
        _ = unfinished.verdict
    with pytest.raises(InputError, match="has no comparison of lrp by cosine, only none"):
        unfinished.result("lrp")


# ---- models ---------------------------------------------------------------------------------------


def test_random_weights_are_those_of_the_seed_and_leave_the_notebooks_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = ta.load("test_resnet", size=SIZE, seed=1)
    assert torch.equal(torch.rand(3), expected)
    again, other = (ta.load("test_resnet", size=SIZE, seed=seed) for seed in (1, 2))
    weights = [m.network.state_dict()["fc.weight"] for m in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert len(first.classes) == 1000
    assert first.classes[0] == "n01440764"
    named = ta.load("test_resnet", classes=["cat", "dog"])
    assert (named.classes, named.size, named.name) == (("cat", "dog"), 160, "test_resnet")


def test_names_and_arguments_of_models_are_checked():
    for call, sentence in (
        (
            lambda: ta.load("resnte50"),
            "name: there is no model 'resnte50'; did you mean 'resnet50'?",
        ),
        (lambda: ta.load(3), "name: there is no model 3"),
        (
            lambda: ta.load("resnet50d.ra2_in2k"),
            "name: timm has no weights 'ra2_in2k' of resnet50d; did you mean 'ra2_in1k'?",
        ),
        (lambda: ta.load("vit", classes="ab"), "classes: 'ab' is one text; give a list"),
        (lambda: ta.load("vit", weights="x.pt", pretrained=True), "weights: stands beside pretr"),
        (lambda: ta.load("vit", device="tpu"), "device: 'tpu' cannot be used"),
        (lambda: ta.load("vit", seed="a"), "seed: 'a' is no whole number"),
    ):
        with pytest.raises(InputError, match=re.escape(sentence)):
            call()
    assert "resnet50" in ta.list_models("resnet*").index
    assert "vit" not in ta.list_models("resnet*").index


# ---- printing -------------------------------------------------------------------------------------


def test_objects_print_what_they_hold_and_escape_what_users_write(study, shapley):
    opened, result = ta.open(study), ta.compare(shapley)
    for thing, words in (
        (shapley.seen(), ["4 images", "64 × 64 pixels", "1, 3"]),
        (shapley, ["KernelSHAP, 2 models", "byobnet, vit", "regions"]),
        (result, ["Similarity above chance: KernelSHAP, cosine", "blank maps", "rho"]),
        (opened, ["byobnet, vit", "captum, gradcam, kernelshap, lrp"]),
    ):
        assert all(word in repr(thing) for word in words), repr(thing)
        assert all(word in thing._repr_html_() for word in words)
    evil = ta.images(np.zeros((1, 3, 8, 8)), ids=["<script>"], classes=["<b>"])
    assert "<script>" not in evil._repr_html_()
    assert "<b>0" not in evil._repr_html_()
    assert "&lt;b&gt;" in evil._repr_html_()
