"""What a study will take: operations counted again, passes by hand, files that are really written."""

import copy
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from tests.support.checkout import REPOSITORY as ROOT
from tests.support.explaining import CATALOGUE, SIDE
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.explain import common, integrated_gradients, kernelshap
from thinkalike.networks.catalogue import complete_entry
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.maps import write_maps
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.forecast.costs import Cost, counted_cost, known_cost, model_costs
from thinkalike.workflow.forecast.data import DatasetSize, dataset_size
from thinkalike.workflow.forecast.disk import DRAWS, megabytes
from thinkalike.workflow.forecast.forecast import forecast, planned_files, planned_jobs
from thinkalike.workflow.forecast.passes import (
    AUDITED,
    MIDPOINTS,
    PASSES,
    Job,
    expected_steps,
    jobs_of,
    passes,
)
from thinkalike.workflow.forecast.rates import (
    START_UP,
    Finished,
    Rates,
    benchmark_rates,
    finished_jobs,
    given_rate,
    timed_rate,
)

DATA = DatasetSize(1293, 504, 10)
MODELS = ["resnet", "vit", "resnet_untrained"]
IMAGENET = [key for key in CATALOGUE if SIDE[key] == 224]


def study(**changes):
    """The default study with a few models; `changes` are sections, merged."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    resolved = copy.deepcopy(resolve({**config, "models": MODELS}))
    for section, values in changes.items():
        if isinstance(values, dict):
            resolved[section] = {**resolved.get(section, {}), **values}
        else:
            resolved[section] = values
    return resolved


def with_settings(method, /, **values):
    """The study with other settings of one method."""
    settings = study()["settings"]
    return study(settings={**settings, method: {**settings.get(method, {}), **values}})


def entry(key):
    return complete_entry(key, CATALOGUE)


# Costs of models


@pytest.mark.parametrize("key", [k for k in CATALOGUE if "timm" in CATALOGUE[k]])
def test_the_file_says_what_is_counted(key):
    counted = counted_cost(entry(key), SIDE[key], 10 if SIDE[key] == 64 else 1000)
    known = known_cost(entry(key))
    assert known.size == SIDE[key]
    assert known.gigaflops == pytest.approx(counted.gigaflops, rel=1e-3)
    assert known.megabytes == pytest.approx(counted.megabytes, rel=1e-3)
    assert known.cells == counted.cells


def test_the_published_models_take_83_gigaflops_together():
    """9.2 of DeiT-S and 3.6 + 0.5 of ResNet-18d are in the literature, as multiply-adds times two."""
    assert known_cost(entry("deit_s")).gigaflops == pytest.approx(2 * 4.6, rel=0.01)
    assert sum(known_cost(entry(key)).gigaflops for key in IMAGENET) == pytest.approx(83.1, abs=0.1)


def test_every_built_in_model_is_known():
    assert all(known_cost(entry(key)) for key in CATALOGUE)


def test_a_twin_costs_what_its_model_does():
    assert known_cost(entry("resnet_twin")) == known_cost(entry("resnet"))


@pytest.mark.parametrize("key", ["resnet", "convnext", "vit"])
def test_cost_grows_with_the_area(key):
    counted = counted_cost(entry(key), 96, 10)
    scaled = known_cost(entry(key)).at(96)
    assert scaled.gigaflops == pytest.approx(counted.gigaflops, rel=0.05)
    assert scaled.cells == counted.cells


def test_an_unknown_model_is_counted():
    own = study(catalogue={"mine": {**entry("resnet"), "arguments": {"output_stride": 16}}})
    costs, notes = model_costs(own, 10)
    assert notes == []
    assert 0 < costs["mine"].gigaflops < costs["resnet"].gigaflops
    assert costs["mine"].cells[100] == 16


def test_without_torch_an_unknown_model_costs_the_mean(monkeypatch):
    def absent(*_):
        raise ImportError

    monkeypatch.setattr("thinkalike.workflow.forecast.costs.counted_cost", absent)
    own = study(catalogue={"mine": {**entry("resnet"), "timm": "something_else"}})
    costs, (note,) = model_costs(own, 10)
    known = [costs[model].gigaflops for model in MODELS]
    assert costs["mine"].gigaflops == pytest.approx(sum(known) / 3)
    assert note.startswith("mine: ")


# Data sets


def test_a_manifest_tells_the_size(tmp_path):
    table = pd.DataFrame({"split": ["train"] * 5 + ["val"] * 3, "label": [0, 1, 2, 0, 1, 0, 1, 2]})
    table.to_parquet(tmp_path / "manifest.parquet")
    size = dataset_size({"kind": "digits", "validation": 0.5}, tmp_path / "manifest.parquet")
    assert size == DatasetSize(5, 3, 3)


@pytest.mark.parametrize(
    ("kind", "train", "val"), [("digits", 1294, 503), ("imagenette", 9469, 3925)]
)
def test_without_a_manifest_the_size_is_the_published_one(kind, train, val):
    size = dataset_size({"kind": kind, "validation": 0.28}, "nowhere/manifest.parquet")
    assert size == DatasetSize(train, val, 10)


@pytest.mark.parametrize(("splits", "train", "val"), [(["train", "val"], 6, 6), ([""], 5, 1)])
def test_a_folder_is_counted(tmp_path, splits, train, val):
    for split in splits:
        for label in ("a", "b"):
            (tmp_path / split / label).mkdir(parents=True)
            for number in range(3):
                (tmp_path / split / label / f"{number}.png").touch()
    dataset = {"kind": "folder", "path": str(tmp_path), "validation": 0.2}
    assert dataset_size(dataset, "nowhere") == DatasetSize(train, val, 2)


# Forward passes


def test_constants_are_those_of_the_methods():
    assert DRAWS == kernelshap.DRAWS
    assert AUDITED == common.AUDITED
    assert MIDPOINTS[0] == integrated_gradients.FIRST_STEPS


@pytest.mark.parametrize(
    ("rule", "model", "method", "changes", "expected"),
    [
        # 4 epochs of 1,293 images, three passes each, and the 504 held out
        ("train_model", "resnet", None, {}, 3 * 4 * 1293 + 504),
        ("train_model", "vit", None, {}, 3 * 20 * 1293 + 504),
        ("train_model", "resnet_untrained", None, {}, 504),
        (
            "finetune_model",
            "resnet",
            None,
            {"finetuning": {"frozen_epochs": 2, "epochs": 5}},
            (2 + 3 * 5) * 1293 + 504,
        ),
        ("predict_images", "resnet", None, {}, 100),
        ("measure_accuracy", "vit", None, {"accuracy": {"images": 200}}, 2 * 3 * 200),
        ("measure_accuracy", "vit", None, {"accuracy": {"images": 1000}}, 3 * (1000 + 504)),
        ("explain_images", "resnet", "gradcam", {}, 100),
        ("explain_images", "resnet", "kernelshap", {}, 100 * 128),
        ("explain_images", "resnet", "kernelshap", {"images": {"count": 7}}, 7 * 128),
        ("explain_together", "resnet", "kernelshap", {}, 100 * 128),
        ("explain_again", "resnet", "kernelshap", {}, 25 * 128),
        ("explain_again", "resnet", "kernelshap", {"images": {"count": 7}}, 7 * 128),
        ("explain_layers", "resnet", "gradcam", {"borders": {"images": 64}}, 64 * 2),
        (
            "explain_images",
            "resnet",
            "kernelshap",
            {"explanation": {"precision": "bfloat16"}},
            (100 + 32) * 128,
        ),
        (
            "measure_budgets",
            "resnet",
            None,
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
        ("explain_clusters", "resnet", None, {}, 100 + 30 * 128),
        (
            "explain_clusters",
            "resnet",
            None,
            {"neon": {"clusters": 4, "shown": 50}},
            100 + 100 * 128,
        ),
        ("explain_clusters", "resnet", None, {"neon": {"method": "gradcam"}}, 100 + 30),
        ("explain_images", "resnet", "lrp", {}, 100 * 2),
        ("plot_panels_first", "resnet", None, {}, 0),
        # 180 of the 1,797 images are of a class; each is predicted, and explained by one pass
        ("explain_class_images", "vit", None, {"spectral": {"method": "gradcam"}}, 180 * 2),
        (
            "explain_class_images",
            "vit",
            None,
            {"spectral": {"method": "gradcam", "split": "val"}},
            51 * 2,
        ),
        (
            "explain_class_images",
            "vit",
            None,
            {"spectral": {"method": "gradcam", "class": None, "images": 1000}},
            1000 * 2,
        ),
    ],
)
def test_passes_of_a_job(rule, model, method, changes, expected):
    assert passes(study(**changes), Job(rule, model, method), DATA) == expected


def test_a_method_may_explain_fewer_images():
    fewer = with_settings("kernelshap", images=10)
    assert passes(fewer, Job("explain_images", "vit", "kernelshap"), DATA) == 10 * 128
    assert passes(fewer, Job("explain_images", "vit", "gradcam"), DATA) == 100


def test_a_variant_is_its_method_with_other_settings():
    variant = with_settings("early", method="gradcam", depth=50)
    assert passes(variant, Job("explain_images", "resnet", "early"), DATA) == 150


def test_a_variant_of_a_configuration_has_its_own_images_and_settings():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    few = {"method": "kernelshap", "evaluations": 64, "images": 10}
    resolved = resolve({**config, "models": MODELS, "variants": {"few": few}})
    files = [("explain_images", "results/x/explanations/few/vit.nc")]
    assert jobs_of(resolved, files) == [Job("explain_images", "vit", "few")]
    assert passes(resolved, Job("explain_images", "vit", "few"), DATA) == 10 * 64
    assert passes(resolved, Job("explain_images", "vit", "kernelshap"), DATA) == 100 * 128


@pytest.mark.parametrize(("most", "used"), [(1024, 1024), (1000, 512), (128, 128), (255, 128)])
def test_with_a_tolerance_the_budget_doubles_while_it_may(most, used):
    growing = with_settings("kernelshap", tolerance=0.01, most_evaluations=most)
    assert passes(growing, Job("explain_together", "vit", "kernelshap"), DATA) == 100 * used


@pytest.mark.parametrize("most_steps", [6, 17])
def test_integrated_gradients_that_cannot_add_steps_take_two_passes_each(most_steps):
    fixed = with_settings("integrated_gradients", most_steps=most_steps)
    assert passes(fixed, Job("explain_images", "vit", "integrated_gradients"), DATA) == 100 * 2 * 6


def test_expected_steps_are_the_measured_ones():
    """The first in results/digits, 900 maps of trained models; the second in benchmarks-explainers.md."""
    measured = (286 * 6 + 489 * 18 + 109 * 54 + 16 * 162) / 900
    assert expected_steps(0.02, 162) == pytest.approx(measured, rel=0.005)
    assert expected_steps(0.01, 486) == pytest.approx(33.67, rel=0.05)


def test_expected_steps_lie_between_the_first_and_the_most():
    assert expected_steps(1e-12, 162) == pytest.approx(162, rel=1e-3)
    assert expected_steps(1e6, 486) == pytest.approx(6)
    steps = [expected_steps(tolerance, 162) for tolerance in (0.001, 0.01, 0.02, 0.1)]
    assert steps == sorted(steps, reverse=True)


# What Snakemake plans

STATS = """Building DAG of jobs...
Job stats:
job               count
--------------  -------
train_model           2
explain_images        6
all                   1
total                 9

Reasons:
"""


def test_job_stats_are_read():
    assert planned_jobs(STATS) == {"train_model": 2, "explain_images": 6}


def test_a_finished_study_has_no_jobs():
    assert planned_jobs("Nothing to be done (all requested files are present).\n") == {}


def test_a_dry_run_that_fails_says_why():
    with pytest.raises(InputError, match=r"cannot plan the study \(WorkflowError: what\)"):
        planned_jobs("Traceback\nWorkflowError: what\n")


def test_files_that_are_there_are_not_planned():
    summary = (
        "output_file\tdate\trule\tlog-file(s)\tstatus\tplan\n"
        "a.nc\t-\texplain_images\t-\tmissing\tupdate pending\n"
        "b.nc\tSun Nov\texplain_images\tb.log\tok\tno update\n"
    )
    assert planned_files(summary) == [("explain_images", "a.nc")]


def test_paths_name_model_and_method():
    files = [
        ("train_model", "results/x/weights/vit.safetensors"),
        ("explain_images", "results/x/explanations/gradcam/vit.nc"),
        ("explain_together", "results/x/explanations/kernelshap/vit.nc"),
        ("explain_together", "results/x/explanations/kernelshap/resnet.nc"),
        ("plot_panels_first", "results/x/figures/panels/first/000.svg"),
    ]
    assert jobs_of(study(), files) == [
        Job("train_model", "vit"),
        Job("explain_images", "vit", "gradcam"),
        Job("explain_together", "vit", "kernelshap"),
        Job("explain_together", "resnet", "kernelshap"),
    ]


def test_several_files_of_a_job_are_one_job():
    files = [("explain_layers", f"results/x/layers/resnet/depth_{d}.nc") for d in (25, 50)]
    assert jobs_of(study(), files) == [Job("explain_layers", "resnet")]


def test_a_rule_whose_files_name_no_model_runs_all():
    asked = jobs_of(study(), [("predict_images", "results/x/all.csv")])
    assert [job.model for job in asked] == MODELS


def test_a_study_may_be_called_like_a_method_or_a_model():
    path = "results/resnet/explanations/gradcam/vit.nc"
    assert jobs_of(study(), [("explain_images", path)]) == [Job("explain_images", "vit", "gradcam")]
    path = "results/kernelshap/explanations/gradcam/vit.nc"
    assert jobs_of(study(), [("explain_images", path)]) == [Job("explain_images", "vit", "gradcam")]


# Disk


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


@pytest.mark.parametrize("count", [20, 100, 1000])
def test_grid_maps_take_what_is_forecast(tmp_path, count):
    maps = np.random.default_rng(0).normal(size=(count, 64))
    real = written(tmp_path / "resnet.nc", maps, (Grid(8, 8, 64, 64),))
    asked = study(images={"count": count})
    costs, _ = model_costs(asked, 10)
    path = "results/x/explanations/gradcam/resnet.nc"
    assert megabytes(asked, path, DATA, costs) == pytest.approx(real, rel=0.15)


def test_pixel_maps_take_what_is_forecast(tmp_path):
    maps = np.random.default_rng(0).normal(size=(20, 64 * 64))
    real = written(tmp_path / "vit.nc", maps, (Pixels(64, 64),))
    asked = study(images={"count": 20})
    costs, _ = model_costs(asked, 10)
    path = "results/x/explanations/integrated_gradients/vit.nc"
    assert megabytes(asked, path, DATA, costs) == pytest.approx(real, rel=0.15)


@pytest.mark.parametrize("count", [20, 100, 300])
def test_superpixel_maps_take_what_is_forecast(tmp_path, count):
    labels = np.arange(64 * 64).reshape(64, 64) // 137  # 30 segments
    random = np.random.default_rng(0)
    real = written(
        tmp_path / "vit.nc",
        random.normal(size=(count, 30)),
        (Segments(labels),) * count,
        standard_errors=random.normal(size=(count, 30)),
        draws=random.normal(size=(count, kernelshap.DRAWS, 30)),
    )
    asked = study(images={"count": count})
    costs, _ = model_costs(asked, 10)
    path = "results/x/explanations/kernelshap/vit.nc"
    assert megabytes(asked, path, DATA, costs) == pytest.approx(real, rel=0.15)


def test_maps_again_are_of_fewer_images():
    costs, _ = model_costs(study(), 10)
    first, again = (
        megabytes(study(), f"results/x/{folder}/kernelshap/vit.nc", DATA, costs)
        for folder in ("explanations", "again")
    )
    few = study(images={"count": 25})
    assert again < first
    assert again == megabytes(few, "results/x/explanations/kernelshap/vit.nc", DATA, costs)


@pytest.mark.parametrize(("method", "estimated"), [("gradcam", False), ("kernelshap", True)])
def test_similarities_take_what_is_forecast(tmp_path, method, estimated):
    models = [f"m{i}" for i in range(10)]
    values = np.random.default_rng(0).uniform(size=(2, 100, 10, 10))
    errors = values[1] if estimated else np.full((100, 10, 10), np.nan)
    dims = ("image", "model_a", "model_b")
    write_arrays(
        tmp_path / "cosine.nc",
        {"similarity": (dims, values[0]), "estimation_error": (dims, errors)},
        coordinates={"image": image_ids(100), "model_a": models, "model_b": models},
        attributes={},
    )
    ten = study(models=models)
    forecast_mb = megabytes(ten, f"results/x/similarity/{method}/cosine.nc", DATA, {})
    assert forecast_mb == pytest.approx((tmp_path / "cosine.nc").stat().st_size / 1e6, rel=0.2)


def test_1024_gradcam_maps_of_14_models_take_less_than_10_megabytes():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    images = {**config["images"], "count": 1024, "size": 224}
    published = resolve({**config, "models": IMAGENET, "images": images})
    costs, _ = model_costs(published, 10)
    paths = [f"results/x/explanations/gradcam/{model}.nc" for model in IMAGENET]
    total = sum(megabytes(published, path, DATA, costs) for path in paths)
    # two DeiTs have 14 x 14 cells, the other twelve 7 x 7: float32 alone is 4.0 MB
    assert 4 * 1024 * (12 * 49 + 2 * 196) / 1e6 < total < 10


def test_pretrained_models_have_a_thousand_logits():
    path = "results/x/predictions/vit.parquet"
    own, many = (
        megabytes(
            study(catalogue={"vit": {**entry("vit"), "weights": weights}}),
            path,
            DATA,
            {"vit": known_cost(entry("vit"))},
        )
        for weights in ("finetuned", "pretrained")
    )
    assert many - own == pytest.approx(100 * 8 * 990 / 1e6)


def test_weights_and_labels_are_counted():
    costs, _ = model_costs(study(), 10)
    assert megabytes(study(), "results/x/weights/vit.safetensors", DATA, costs) == 1.206
    # an eighth of a byte to one byte a pixel
    assert 0.05 < megabytes(study(), "results/x/segments.nc", DATA, costs) < 0.41


# Rates


def benchmark(folder: Path, images=100, seconds=13.0, gpu=0, evaluations=128, model="resnet"):
    """The benchmark of a KernelSHAP job, and what it refers to."""
    folder.mkdir(parents=True, exist_ok=True)
    selection = folder.parent / f"{images}_images.parquet"
    pd.DataFrame({"image_id": range(images)}).to_parquet(selection)
    row = {
        "s": seconds,
        "wildcards": {"method": "kernelshap", "model": model},
        "params": {
            "architecture": {
                "timm": entry(model)["timm"],
                "arguments": entry(model).get("arguments", {}),
            },
            "settings": {"evaluations": evaluations},
            "size": 64,
        },
        "resources": {"gpu": gpu},
        "input_size_mb": {str(selection): 0.1},
    }
    path = folder / "explain_images" / "kernelshap" / f"{model}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([row]).to_csv(path, sep="\t", index=False)


def test_a_given_rate_holds_for_everything():
    rates = given_rate(2.5)
    assert rates.of("kernelshap", "vit") == rates.of("training", "resnet") == 2.5
    assert "given" in rates.source


def test_a_finished_job_gives_a_rate(tmp_path):
    benchmark(tmp_path / "first" / "benchmarks")
    rates = benchmark_rates(finished_jobs(tmp_path))
    # 100 images x 128 evaluations x 0.0686 GFLOP in 13 s, 3 of which are the start
    assert rates.of("kernelshap", "resnet") == pytest.approx(12800 * 0.06862e-3 / 10, rel=1e-3)
    assert "1 finished jobs of results/first on the CPU" in rates.source


def test_the_most_similar_work_gives_the_rate():
    rates = Rates({("gradcam", "vit"): 1, ("gradcam",): 2, (): 3}, "")
    assert rates.of("gradcam", "vit") == 1
    assert rates.of("gradcam", "resnet") == 2
    assert rates.of("kernelshap", "vit") == 3


def test_rates_are_pooled_over_jobs():
    def job(model, teraflop, seconds):
        return Finished("s", "explain_images", seconds + START_UP, "gradcam", model, teraflop)

    rates = benchmark_rates([job("vit", 1, 10), job("resnet", 5, 20)])
    assert rates.of("gradcam", "vit") == pytest.approx(0.1)
    assert rates.of("gradcam", "other") == rates.of("training", "vit") == pytest.approx(6 / 30)


def test_jobs_on_a_gpu_go_first(tmp_path):
    benchmark(tmp_path / "slow" / "benchmarks", seconds=503)
    benchmark(tmp_path / "fast" / "benchmarks", images=1000, gpu=1)
    rates = benchmark_rates(finished_jobs(tmp_path))
    assert rates.of("kernelshap", "resnet") == pytest.approx(128e3 * 0.06862e-3 / 10, rel=1e-3)
    assert "results/fast on a GPU" in rates.source


def test_jobs_that_hardly_outlast_their_start_give_none():
    short = Finished("s", "explain_images", 3 * START_UP, "gradcam", "vit", 1.0)
    assert benchmark_rates([short]) is None
    assert benchmark_rates([]) is None


@pytest.mark.parametrize("text", ["", "s\n", "s\tparams\n12\t{broken\n", "s\n-\n"])
def test_a_benchmark_that_says_too_little_is_left_out(tmp_path, text):
    benchmark(tmp_path / "x" / "benchmarks")
    path = tmp_path / "x" / "benchmarks" / "explain_images" / "kernelshap" / "vit.tsv"
    path.write_text(text)
    assert [job.model for job in finished_jobs(tmp_path)] == ["resnet"]


def test_a_benchmark_whose_images_are_gone_is_left_out(tmp_path):
    benchmark(tmp_path / "x" / "benchmarks")
    (tmp_path / "x" / "100_images.parquet").unlink()
    assert finished_jobs(tmp_path) == []


def test_other_rules_have_a_time_alone(tmp_path):
    path = tmp_path / "x" / "benchmarks" / "select_images.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("s\th:m:s\n2.5\t0:00:02\n")
    assert finished_jobs(tmp_path) == [Finished("x", "select_images", 2.5)]


def test_a_rule_of_a_loop_has_its_name_in_the_benchmark(tmp_path):
    folder = tmp_path / "x" / "benchmarks" / "plot_panels"
    folder.mkdir(parents=True)
    (folder / "first.tsv").write_text("s\trule_name\n2.5\tplot_panels_first\n")
    finished = finished_jobs(tmp_path)
    assert finished == [Finished("x", "plot_panels_first", 2.5)]
    jobs = {"plot_panels_first": 1, "plot_panels_depths": 1}
    answer = forecast(
        study(), jobs, [], data=DATA, costs={}, rates=given_rate(1.0), finished=finished
    )
    hours = answer.table.set_index("rule")["other_hours"]
    assert hours["plot_panels_first"] == pytest.approx(2.5 / 3600)
    assert math.isnan(hours["plot_panels_depths"])


def test_without_any_benchmark_the_device_is_timed():
    before = torch.get_num_threads()
    rates = timed_rate(0.01, 64)
    torch.set_num_threads(before)
    assert 0 < rates.of("kernelshap", "vit") < 1e4
    assert "ResNet-18 on" in rates.source


# The forecast


def small_forecast(**changes):
    asked = study(**changes)
    files = [
        ("select_images", "results/x/images.parquet"),
        ("explain_images", "results/x/explanations/gradcam/resnet.nc"),
        ("explain_images", "results/x/explanations/kernelshap/vit.nc"),
    ]
    jobs = {"select_images": 1, "explain_images": 2}
    costs = {
        "resnet": Cost(64, 10.0, 1.0, {100: 64}),
        "vit": Cost(64, 2.0, 1.0, {100: 16}),
    }
    finished = [Finished("x", "select_images", 4.0), Finished("y", "select_images", 8.0)]
    return forecast(
        asked, jobs, files, data=DATA, costs=costs, rates=given_rate(0.5), finished=finished
    )


def test_the_table_adds_up():
    table = small_forecast().table.set_index("rule")
    assert table.index.tolist() == ["select_images", "explain_images", "total"]
    teraflop = (100 * 10 + 100 * 128 * 2) / 1e3
    row = table.loc["explain_images"]
    assert row["jobs"] == 2
    assert row["passes"] == 100 + 12800
    assert row["teraflop"] == pytest.approx(teraflop)
    assert row["device_hours"] == pytest.approx((teraflop / 0.5 + 2 * START_UP) / 3600)
    assert table.loc["select_images", "other_hours"] == pytest.approx(6 / 3600)
    assert table.loc["total"].to_numpy() == pytest.approx(table.iloc[:2].sum().to_numpy())


def test_a_rule_that_has_never_run_has_no_hours():
    answer = forecast(
        study(), {"new_rule": 3}, [], data=DATA, costs={}, rates=given_rate(1.0), finished=[]
    )
    table = answer.table.set_index("rule")
    assert table.loc["new_rule", "passes"] == 0
    assert math.isnan(table.loc["new_rule", "other_hours"])
    assert table.loc["total", "jobs"] == 3
    assert " ?" in answer.text()


def test_a_finished_study_takes_nothing():
    answer = forecast(study(), {}, [], data=DATA, costs={}, rates=given_rate(1.0))
    assert answer.table["rule"].tolist() == ["total"]
    assert answer.table.drop(columns="rule").to_numpy().sum() == 0


def test_the_text_names_the_source_of_its_hours():
    text = small_forecast().text()
    assert "Rate: 0.5 TFLOP/s, given" in text
    assert "tolerance" not in text


def test_an_upper_bound_is_called_one():
    settings = with_settings("kernelshap", tolerance=0.01)["settings"]
    assert "the most it may take" in small_forecast(settings=settings).text()


@pytest.mark.parametrize(("train", "told"), [(0, True), (5, False)])
def test_training_on_a_data_set_of_unknown_size_is_pointed_out(train, told):
    data, rates = DatasetSize(train, 0, 10), given_rate(1.0)
    answer = forecast(study(), {"train_model": 1}, [], data=data, costs={}, rates=rates)
    assert ("size of the data set is not known" in answer.text()) == told


def test_a_method_of_unknown_cost_is_named():
    methods = ["gradcam", "something"]
    assert "by something takes is not known" in small_forecast(methods=methods).text()
    assert passes(study(), Job("explain_images", "vit", "something"), DATA) == 0


def test_every_rule_that_may_ask_for_a_gpu_has_a_cost():
    """By profiles/slurm, where they are listed."""
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "profile.yaml").read_text())
    networks = {rule for rule, asked in profile["set-resources"].items() if asked.get("gpu")}
    assert networks <= set(PASSES)
