"""What a study will take: operations counted again, passes by hand, files that are really written."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings
from snakemake.utils import update_config

from tests.support.checkout import REPOSITORY as ROOT
from tests.support.configuration import configuration, tiny
from tests.support.explaining import CATALOGUE, IMAGENET, SIDE
from thinkalike.compare.answers import Answers
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.images.contents import Contents
from thinkalike.methods import DRAWS, USUAL_STEPS
from thinkalike.networks.catalogue import complete_entry
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.kernels import VALUES
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import write_table
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.forecast import disk, passes
from thinkalike.workflow.forecast.costs import (
    Cost,
    architecture_costs,
    counted_cost,
    known_cost,
    model_costs,
    written_bytes,
)
from thinkalike.workflow.forecast.disk import megabytes
from thinkalike.workflow.forecast.facts import Facts, known_contents
from thinkalike.workflow.forecast.finished import RATED_RULES, Finished
from thinkalike.workflow.forecast.forecast import forecast
from thinkalike.workflow.forecast.kept import Kept
from thinkalike.workflow.forecast.laws import measured_laws
from thinkalike.workflow.forecast.passes import Work, work
from thinkalike.workflow.forecast.plan import Job, planned_jobs, read_config
from thinkalike.workflow.forecast.rates import START_UP, given_rates
from thinkalike.workflow.study import Study

DATA = Contents(1293, 504, tuple("0123456789"))
MODELS = ["resnet", "vit", "resnet_untrained"]


def known(models=MODELS, data=DATA, **changes):
    """Facts of the default study with a few models; `changes` are merged into what is resolved."""
    settings = resolve(configuration(models=models, replicas=None))
    update_config(settings, changes)
    study = Study(settings)
    return Facts(study, data, model_costs(study, len(data.classes), Kept("never_written")))


def entry(key):
    return complete_entry(key, CATALOGUE)


def job(rule, *files, **wildcards):
    return Job(rule, wildcards, files)


# ---- costs of models ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [key for key in CATALOGUE if "timm" in CATALOGUE[key]])
def test_the_file_says_what_is_counted(key):
    counted = counted_cost(entry(key), SIDE[key], 10 if SIDE[key] == 64 else 1000)
    measured = known_cost(entry(key))
    assert measured.size == SIDE[key]
    assert measured.gigaflops == pytest.approx(counted.gigaflops, rel=1e-3)
    assert measured.gigabytes == pytest.approx(counted.gigabytes, rel=1e-3)
    assert measured.megabytes == pytest.approx(counted.megabytes, rel=1e-3)
    assert measured.cells == counted.cells


def test_every_built_in_model_is_known():
    assert all(known_cost(entry(key)) for key in CATALOGUE)
    assert known_cost(entry("resnet_twin")) == known_cost(entry("resnet"))


def test_the_published_models_take_83_gigaflops_together():
    """9.2 of DeiT-S are in the literature, as multiply-adds times two."""
    assert known_cost(entry("deit_s")).gigaflops == pytest.approx(2 * 4.6, rel=0.01)
    assert sum(known_cost(entry(key)).gigaflops for key in IMAGENET) == pytest.approx(83.1, abs=0.1)


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_cost_grows_with_the_area(key):
    counted = counted_cost(entry(key), 96, 10)
    scaled = known_cost(entry(key)).at(96)
    assert scaled.gigaflops == pytest.approx(counted.gigaflops, rel=0.05)
    assert scaled.gigabytes == pytest.approx(counted.gigabytes, rel=0.1)
    assert scaled.cells == counted.cells


def test_written_bytes_are_those_of_the_results_of_operations():
    """A convolution and a linear layer, without bias and views: their outputs in float32."""
    written = written_bytes()
    image, kernel, weights = torch.ones(1, 3, 8, 8), torch.ones(5, 3, 3, 3), torch.ones(320, 7)
    with torch.inference_mode(), written:
        torch.conv2d(image, kernel, padding=1).reshape(1, 320) @ weights
    assert written.total == 4 * (5 * 8 * 8 + 7)


def test_an_unknown_model_is_counted_once(tmp_path, monkeypatch):
    arguments = {"arguments": {"output_stride": 16}}
    study = Study.of(
        configuration(
            models=["resnet", "mine"],
            replicas=None,
            catalogue={"mine": {"like": "resnet", "name": "Mine"} | arguments},
        )
    )
    found = model_costs(study, 10, Kept(tmp_path))
    assert 0 < found["mine"].gigaflops < found["resnet"].gigaflops
    assert found["mine"].cells[100] == 16
    monkeypatch.setattr("thinkalike.workflow.forecast.costs.counted_cost", None)
    assert model_costs(study, 10, Kept(tmp_path)) == found
    # a finished job has the architecture among its params
    cost_of = architecture_costs(study, found)
    assert cost_of(study.architecture("mine", "gradcam")) == found["mine"]
    assert cost_of(study.architecture("resnet")) == known_cost(entry("resnet"))
    assert cost_of({**study.architecture("mine"), "arguments": {}, "timm": "other"}) is None


# ---- data sets ----------------------------------------------------------------------------------


def test_a_manifest_tells_the_size(tmp_path):
    splits = ["train"] * 5 + ["val"] * 3
    paths = [f"{split}/{name}/1.png" for split, name in zip(splits, "abcababc", strict=True)]
    pd.DataFrame({"path": paths}).to_parquet(tmp_path / "manifest.parquet")
    size = known_contents({"kind": "digits", "validation": 0.5}, tmp_path / "manifest.parquet")
    assert size == Contents(5, 3, ("a", "b", "c"))


@pytest.mark.parametrize(
    ("kind", "train", "val"), [("digits", 1293, 504), ("imagenette", 9469, 3925)]
)
def test_without_a_manifest_the_size_is_the_published_one(kind, train, val):
    size = known_contents({"kind": kind, "validation": 0.28}, "nowhere/manifest.parquet")
    assert (size.train, size.val, len(size.classes)) == (train, val, 10)


@pytest.mark.parametrize(("splits", "train", "val"), [(["train", "val"], 6, 6), ([""], 4, 2)])
def test_a_folder_is_counted(tmp_path, splits, train, val):
    for split in splits:
        for label in ("a", "b"):
            (tmp_path / split / label).mkdir(parents=True)
            for number in range(3):
                (tmp_path / split / label / f"{number}.png").touch()
    dataset = {"kind": "folder", "path": str(tmp_path), "validation": 0.2}
    assert known_contents(dataset, "nowhere") == Contents(train, val, ("a", "b"))


# ---- forward passes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planned", "changes", "expected"),
    [
        # 4 epochs of 1,293 images, three passes each, and the 504 held out
        (job("train_model", model="resnet"), {}, 3 * 4 * 1293 + 504),
        (job("train_model", model="resnet_untrained"), {}, 504),
        (
            job("finetune_model", model="resnet"),
            {
                "finetuning": {"frozen_epochs": 2, "epochs": 5},
                "catalogue": {"resnet": {"weights": "finetuned"}},
            },
            (2 + 3 * 5) * 1293 + 504,
        ),
        (job("predict_images", model="resnet"), {}, 100),
        (job("measure_accuracy", model="vit"), {"accuracy": {"images": 1000}}, 3 * (1000 + 504)),
        (job("explain_images", model="vit", method="kernelshap"), {}, 100 * 128),
        # fewer images for one method
        (
            job("explain_images", model="vit", method="kernelshap"),
            {"settings": {"kernelshap": {"images": 10}}},
            10 * 128,
        ),
        # a forward and backward pass; three to four by γ, which convolutions alone have
        (job("explain_images", model="vit", method="lrp"), {}, 100 * 2),
        (job("explain_images", model="resnet", method="lrp"), {}, 100 * 3.5),
        (
            job("explain_images", model="resnet", method="lrp"),
            {"settings": {"lrp": {"composites": {"cnn": "epsilon"}}}},
            100 * 2,
        ),
        # the first images again in float32
        (
            job("explain_images", model="vit", method="kernelshap"),
            {"explanation": {"precision": "bfloat16"}},
            (100 + 32) * 128,
        ),
        (job("explain_again", model="resnet"), {}, 25 * 128),
        (job("explain_again", model="resnet"), {"images": {"count": 7}}, 7 * 128),
        # moved: Grad-CAM, Integrated Gradients, KernelSHAP, LRP
        (
            job("explain_moved", model="vit"),
            {"ceilings": {"images": 10}},
            pytest.approx(10 * (1 + 2 * USUAL_STEPS["digits"] + 128 + 2)),
        ),
        (
            job("explain_moved", model="vit"),
            {"methods": ["gradcam", "kernelshap"], "images": {"count": 7}},
            7 * (1 + 128),
        ),
        (
            job("explain_moved", model="vit"),
            {
                "methods": ["kernelshap"],
                "explanation": {"precision": "bfloat16"},
                "settings": {"kernelshap": {"tolerance": 0.01, "most_evaluations": 1024}},
            },
            25 * 1024,
        ),
        # four methods, the regions of three models and of another image
        (job("delete_regions", model="vit"), {}, 60 * 4 * (3 + 1)),
        (job("delete_regions", model="vit"), {"deletion": {"images": 0}}, 0),
        (job("explain_layers", model="resnet"), {"borders": {"images": 64}}, 64 * 2),
        (
            job("explain_layers", model="resnet"),
            {"settings": {"gradcam": {"mended_cells": {"resnet": [[0, 0]]}}}},
            64 * 4,
        ),
        (
            job("measure_budgets", model="resnet"),
            {
                "budgets": {
                    "images": 8,
                    "segments": [25, 50],
                    "evaluations": [100, 350],
                    "repeats": 5,
                    "reference": 2000,
                }
            },
            8 * 2 * (5 * 450 + 2000),
        ),
        # features of 100 images, and maps of three of each of ten clusters, 128 evaluations each
        (job("explain_clusters", model="vit"), {}, 100 + 30 * 128),
        (
            job("explain_clusters", model="vit"),
            {"neon": {"clusters": 4, "shown": 50, "method": "gradcam"}},
            100 + 100,
        ),
        # 180 of the 1,797 images are of a class; each is predicted, and explained by one pass
        (job("explain_class_images", model="vit"), {"spectral": {"method": "gradcam"}}, 180 * 2),
        (
            job("explain_class_images", model="vit"),
            {"spectral": {"method": "gradcam", "class": None, "images": 1000}},
            1000 * 2,
        ),
        (job("plot_panels_first"), {}, 0),
    ],
    ids=lambda value: value.rule if isinstance(value, Job) else None,
)
def test_passes_of_a_job(planned, changes, expected):
    assert sum(part.passes for part in work(known(**changes), planned)) == expected


def test_a_variant_has_its_own_images_and_settings():
    variants = {
        "few": {"method": "kernelshap", "evaluations": 64, "images": 10},
        "early": {"method": "gradcam", "depth": 50},
    }
    study = Study.of(configuration(models=MODELS, variants=variants))
    found = [
        work(Facts(study, DATA, {}), job("explain_images", method=method, model="vit"))
        for method in ("few", "early")
    ]
    # from half the network, half of the backward pass
    assert found == [[Work("kernelshap", "vit", 10 * 64)], [Work("gradcam", "vit", 100 * 1.5)]]


def test_a_shard_is_counted_by_its_own_images():
    """The last of three blocks of 128 images is a part of one; the audit is of the first."""
    facts = known(images={"count": 300, "shards": 3}, explanation={"precision": "bfloat16"})
    shards = [
        work(facts, job("explain_images", method="gradcam", model="vit", shard=str(number)))
        for number in range(3)
    ]
    assert shards == [[Work("gradcam", "vit", images)] for images in (128 + 32, 128, 44)]


@pytest.mark.parametrize(("most", "used"), [(1024, 1024), (1000, 512), (255, 128)])
def test_with_a_tolerance_the_budget_doubles_while_it_may(most, used):
    facts = known(settings={"kernelshap": {"tolerance": 0.01, "most_evaluations": most}})
    together = work(facts, job("explain_together"))
    assert together == [Work("kernelshap", model, 100 * used) for model in MODELS]


# ---- what Snakemake plans -----------------------------------------------------------------------


def test_jobs_are_those_of_a_dry_run(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # set by the workflow, and not to stay
    monkeypatch.chdir(ROOT)
    config = tiny(study="never_run", images={"count": 130, "shards": 4})
    config["settings"]["kernelshap"]["images"] = None
    model = config["models"][-1]
    shards = [
        planned
        for planned in planned_jobs("Snakefile", config, ["explanations"])
        if planned.rule == "explain_images" and planned.wildcards["model"] == model
        if planned.wildcards["method"] == "kernelshap"
    ]
    assert sorted((planned.wildcards["shard"], planned.files) for planned in shards) == [
        (number, [f"results/never_run/shards/kernelshap/{model}/{number}.nc"]) for number in "01"
    ]
    with pytest.raises(InputError, match=r"(?s)cannot plan the study \(.*no_such_target"):
        planned_jobs("Snakefile", config, ["no_such_target"])
    assert not Path("results/never_run").exists()


def test_overlays_are_merged_as_snakemake_does_it(tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("images: {count: 7}\n")
    assert read_config([ROOT / "config.yaml", overlay]) == configuration(images={"count": 7})
    with pytest.raises(InputError, match=r"nowhere\.yaml cannot be read"):
        read_config([tmp_path / "nowhere.yaml"])
    overlay.write_text("images:\n\tcount: 7\n")
    with pytest.raises(InputError, match=r"overlay\.yaml, line 2: a tab"):
        read_config([overlay])


@pytest.fixture(scope="module")
def rules():
    """Name → rule, of a workflow that has all of them."""
    kernelshap = {"tolerance": 0.1, "most_evaluations": 512}
    changes = {
        "images": {"shards": 2},
        "similarity": {"group": 2},
        "settings": {"kernelshap": kernelshap},
    }
    with pytest.MonkeyPatch.context() as patch, SnakemakeApi(OutputSettings(quiet={})) as api:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.chdir(ROOT)
        workflow = api.workflow(
            ResourceSettings(cores=1), ConfigSettings(config=changes), snakefile=Path("Snakefile")
        )
        return {rule.name: rule for rule in workflow._workflow.rules}


def needed(function):
    """Names of the parameters of a row's function, after the first, that have no default."""
    _, *parameters = inspect.signature(function).parameters.values()
    return {each.name for each in parameters if each.default is inspect.Parameter.empty}


def test_rules_have_the_wildcards_and_params_that_are_read(rules):
    """So that a name which is changed in a rule is not taken for a job that does nothing."""
    for table in (passes.NETWORK_RULES, disk.SIZED_RULES):
        for name, function in table.items():
            assert needed(function) <= set(rules[name].wildcard_names), name
    for name, function in RATED_RULES.items():
        names = {*rules[name].wildcard_names, *rules[name].params.keys()}
        assert {"architecture", "size", *needed(function)} <= names, name
    assert "shard" in rules["explain_images"].wildcard_names
    assert {"row", "column"} <= set(rules["compare_models"].wildcard_names)


def test_every_rule_that_may_have_a_gpu_has_a_cost(rules):
    assert {name for name, rule in rules.items() if "gpu" in rule.resources} == set(
        passes.NETWORK_RULES
    )


def test_every_other_rule_that_writes_files_has_a_law(rules):
    others = {
        "plot_panels" if name.startswith("plot_panels_") else name
        for name, rule in rules.items()
        if rule.output and name not in passes.NETWORK_RULES
    }
    assert others <= set(measured_laws())


def test_changed_code_alone_does_not_run_a_job_again():
    """The profile, which the API does not read, leaves the same trigger out."""
    profile = yaml.safe_load((ROOT / "profiles" / "default" / "profile.yaml").read_text())
    assert set(profile["rerun-triggers"]) == {"mtime", "input", "params", "software-env"}
    assert profile["rerun-incomplete"]


# ---- disk ---------------------------------------------------------------------------------------


def image_ids(count):
    return [f"val/n01440764/n01440764_{i:05d}.JPEG" for i in range(count)]


def written(path, coefficients, bases, **more):
    count = len(coefficients)
    random = np.random.default_rng(1)
    write_maps(
        path,
        Maps(coefficients, bases),
        image_ids=image_ids(count),
        measures={"target": random.integers(0, 1000, count), "score": random.normal(size=count)},
        attributes={"method": "some", "model": "ResNet", "units": "logit of the target class"},
        **more,
    )
    return path.stat().st_size / 1e6


def maps_megabytes(method, count, model="vit"):
    planned = job("explain_images", method=method, model=model)
    return megabytes(known(images={"count": count}), planned)


@pytest.mark.parametrize("count", [20, 1000])
def test_grid_maps_take_what_is_forecast(tmp_path, count):
    maps = np.random.default_rng(0).normal(size=(count, 64))
    real = written(tmp_path / "resnet.nc", maps, (Grid(8, 8, 64, 64),))
    assert maps_megabytes("gradcam", count, "resnet") == pytest.approx(real, rel=0.15)


def test_pixel_maps_take_what_is_forecast(tmp_path):
    maps = np.random.default_rng(0).normal(size=(20, 64 * 64))
    real = written(tmp_path / "vit.nc", maps, (Pixels(64, 64),))
    assert maps_megabytes("integrated_gradients", 20) == pytest.approx(real, rel=0.15)


@pytest.mark.parametrize("count", [20, 300])
def test_superpixel_maps_take_what_is_forecast(tmp_path, count):
    labels = np.arange(64 * 64).reshape(64, 64) // 137  # 30 segments
    random = np.random.default_rng(0)
    real = written(
        tmp_path / "vit.nc",
        random.normal(size=(count, 30)),
        (Segments(labels),) * count,
        standard_errors=random.normal(size=(count, 30)),
        draws=random.normal(size=(count, DRAWS, 30)),
        answers=Answers(
            random.normal(size=(count, 126)),
            random.integers(1, 30, (count, 126)).astype(float),
            random.normal(size=(count, 126)),
        ),
    )
    assert maps_megabytes("kernelshap", count) == pytest.approx(real, rel=0.15)


def test_maps_of_moved_images_are_of_fewer_images():
    planned = job("explain_moved", model="vit")
    methods = ("gradcam", "integrated_gradients", "kernelshap", "lrp")
    expected = sum(maps_megabytes(method, 25) for method in methods)
    assert megabytes(known(), planned) == pytest.approx(expected)


def test_what_is_lost_without_regions_takes_what_is_forecast(tmp_path):
    random, rows = np.random.default_rng(0), []
    for method in ("gradcam", "integrated_gradients", "kernelshap", "lrp"):
        for model, kind in (*((m, "other") for m in MODELS), ("vit", "mismatched")):
            table = pd.DataFrame(random.normal(size=(60, 2)), columns=["logit", "probability"])
            table = table.assign(method=method, model_a=model, model_b="vit", kind=kind)
            rows.append(
                table.assign(image_id=image_ids(60), class_name="3", lost=table["logit"] > 0)
            )
    whole = np.tile(random.normal(size=60), len(rows))
    write_table(pd.concat(rows).assign(whole=whole), tmp_path / "vit.parquet")
    real = (tmp_path / "vit.parquet").stat().st_size / 1e6
    assert megabytes(known(), job("delete_regions", model="vit")) == pytest.approx(real, rel=0.25)


def test_maps_again_are_of_fewer_images():
    assert megabytes(known(), job("explain_again", model="vit")) == maps_megabytes("kernelshap", 25)


@pytest.mark.parametrize(("method", "estimated"), [("gradcam", False), ("kernelshap", True)])
def test_similarities_take_what_is_forecast(tmp_path, method, estimated):
    models = [key for key in CATALOGUE if SIDE[key] == 64][:10]
    values = np.random.default_rng(0).uniform(size=(3, 100, 10, 10))
    if not estimated:
        values[1:] = np.nan
    dims = ("image", "model_a", "model_b")
    write_arrays(
        tmp_path / "cosine.nc",
        {name: (dims, array) for name, array in zip(VALUES, values, strict=True)},
        coordinates={"image": image_ids(100), "model_a": models, "model_b": models},
        attributes={},
    )
    real = (tmp_path / "cosine.nc").stat().st_size / 1e6
    planned = job("compare_models", method=method, metric="cosine")
    assert megabytes(known(models), planned) == pytest.approx(real, rel=0.2)


def test_agreement_of_answers_takes_what_a_similarity_takes():
    answers, maps = (
        megabytes(known(), job(rule, method=method, metric="cosine"))
        for rule, method in (("compare_answers", "answers"), ("compare_models", "lrp"))
    )
    assert answers == maps


def test_tiles_take_less_than_their_matrix():
    facts = known(similarity={"group": 2})
    matrix, tile = (
        megabytes(facts, job("compare_models", method="lrp", metric="cosine", **place))
        for place in ({}, {"row": "0", "column": "1"})
    )
    numbers = matrix - tile
    assert numbers == pytest.approx(100 * 4 * disk.COMPRESSION * 2 * (3 * 3 - 2 * 1) / 1e6)


def test_shards_are_counted_once_they_are_joined():
    facts = known(images={"count": 300, "shards": 3})
    names = {"method": "gradcam", "model": "vit"}
    assert megabytes(facts, job("explain_images", **names, shard="0")) == 0
    assert megabytes(facts, job("join_shards", **names)) == maps_megabytes("gradcam", 300)


def test_1024_gradcam_maps_of_14_models_take_less_than_10_megabytes():
    facts = known(IMAGENET, images={"count": 1024, "size": 224})
    planned = [job("explain_images", method="gradcam", model=model) for model in IMAGENET]
    total = sum(megabytes(facts, each) for each in planned)
    # two DeiTs have 14 x 14 cells, the other twelve 7 x 7: float32 alone is 4.0 MB
    assert 4 * 1024 * (12 * 49 + 2 * 196) / 1e6 < total < 10


def test_pretrained_models_have_a_thousand_logits():
    own, many = (
        megabytes(
            known(catalogue={"vit": {"weights": weights}}), job("predict_images", model="vit")
        )
        for weights in ("finetuned", "pretrained")
    )
    assert many - own == pytest.approx(100 * 8 * 990 / 1e6)


def test_weights_and_labels_and_figures_are_counted():
    facts = known()
    assert megabytes(facts, job("train_model", model="vit")) == 1.206
    # an eighth of a byte to one byte a pixel
    assert 0.05 < megabytes(facts, job("segment_images")) < 0.41
    figure = [f"results/x/figures/a.{suffix}" for suffix in ("svg", "png", "csv")]
    assert megabytes(facts, job("plot_borders", *figure)) == pytest.approx(0.395)


# ---- the forecast -------------------------------------------------------------------------------

PLAN = [
    job("select_images", "results/x/images.parquet"),
    job(
        "explain_images",
        "results/x/explanations/gradcam/resnet.nc",
        method="gradcam",
        model="resnet",
    ),
    job(
        "explain_images",
        "results/x/explanations/kernelshap/vit.nc",
        method="kernelshap",
        model="vit",
    ),
]


def small_forecast(jobs=PLAN, data=DATA, **changes):
    study = known(**changes).study
    of_models = {
        "resnet": Cost(64, 10.0, 0.0, 1.0, {100: 64}),
        "vit": Cost(64, 2.0, 0.0, 1.0, {100: 16}),
    }
    finished = [
        Finished("digits", "select_images", 4.0),
        Finished("digits", "select_images", 8.0),
        Finished("other", "select_images", 100.0),
    ]
    return forecast(Facts(study, data, of_models), jobs, given_rates(0.5), 2.0, finished)


def test_the_table_adds_up():
    table = small_forecast().table.set_index("rule")
    assert table.index.tolist() == ["select_images", "explain_images", "total"]
    teraflop = (100 * 10 + 100 * 128 * 2) / 1e3
    row = table.loc["explain_images"]
    assert row["jobs"] == 2
    assert row["passes"] == 100 + 12800
    assert row["teraflop"] == pytest.approx(teraflop)
    assert row["device_hours"] == pytest.approx((teraflop / 0.5 + 2 * START_UP) / 3600)
    maps = maps_megabytes("gradcam", 100, "resnet") + maps_megabytes("kernelshap", 100)
    assert row["disk_mb"] == pytest.approx(maps)
    # the mean of this study's
    assert table.loc["select_images", "other_hours"] == pytest.approx(6 / 3600)
    assert table.loc["total"].to_numpy() == pytest.approx(table.iloc[:2].sum().to_numpy())


def test_a_rule_that_has_never_run_counts_by_its_law():
    answer = small_forecast([job("plot_borders")] * 3)
    table = answer.table.set_index("rule")
    assert table.loc["plot_borders", "passes"] == 0
    assert table.loc["total", "jobs"] == 3
    law = measured_laws()["plot_borders"]
    assert 3600 * table.loc["plot_borders", "other_hours"] >= 3 * law.start / 2
    assert "?" not in str(answer)


def test_a_finished_study_takes_nothing():
    table = small_forecast([]).table
    assert table["rule"].tolist() == ["total"]
    assert table.drop(columns="rule").to_numpy().sum() == 0


def test_the_text_names_the_source_of_its_hours():
    text = str(small_forecast())
    assert "Rate: 0.5 TFLOP/s, given" in text
    assert "tolerance" not in text


def test_the_text_says_where_steps_are_from():
    planned = [job("explain_images", method="integrated_gradients", model=m) for m in MODELS[:2]]
    assert "as of other networks 2 times" in str(small_forecast(planned))
    assert "Steps" not in str(small_forecast())


def test_an_upper_bound_is_called_one():
    settings = {"kernelshap": {"tolerance": 0.01}}
    assert "the most it may take" in str(small_forecast(settings=settings))


@pytest.mark.parametrize(("train", "noted"), [(0, True), (5, False)])
def test_training_on_a_data_set_of_unknown_size_is_pointed_out(train, noted):
    text = str(
        small_forecast([job("train_model", model="vit")], Contents(train, 0, tuple("0123456789")))
    )
    assert ("size of the data set is not known" in text) == noted
