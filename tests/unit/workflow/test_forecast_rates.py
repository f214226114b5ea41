"""How fast a device is: from what finished jobs did, given, or timed; and the laws of other jobs."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.support.configuration import configuration
from thinkalike.images.contents import Contents
from thinkalike.workflow.forecast import finished, forecast, speed
from thinkalike.workflow.forecast.costs import Cost, known_cost, model_costs
from thinkalike.workflow.forecast.facts import Facts
from thinkalike.workflow.forecast.finished import Finished, cpu_seconds, finished_jobs
from thinkalike.workflow.forecast.kept import Kept
from thinkalike.workflow.forecast.laws import Law, law_of, measured_laws, numbers
from thinkalike.workflow.forecast.passes import Work, work
from thinkalike.workflow.forecast.plan import Job
from thinkalike.workflow.forecast.rates import (
    READING,
    START_UP,
    Pace,
    Rates,
    benchmark_rates,
    cpu_rates,
    given_rates,
    measured_paces,
    timed_rates,
)
from thinkalike.workflow.forecast.steps import StepCounts
from thinkalike.workflow.study import Study

MODELS = ["resnet", "vit", "resnet_untrained"]
REAL = Path(__file__).with_name("finished_jobs")
"""Benchmarks that jobs of a study wrote: 130 images in two shards."""

RESNET = {"timm": "test_resnet", "arguments": {"output_stride": 8}}


def known(**changes):
    """Facts of the default study with a few models."""
    study = Study.of(configuration(**({"models": MODELS, "replicas": None} | changes)))
    data = Contents(1293, 504, tuple("0123456789"))
    return Facts(study, data, model_costs(study, 10, Kept("never_written")))


def job(rule, **wildcards):
    return Job(rule, wildcards)


# ---- rates --------------------------------------------------------------------------------------


@pytest.fixture
def real(tmp_path, monkeypatch):
    """A folder in which a study has run, as its benchmarks and inputs say; its results."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(REAL, "results/small/benchmarks")
    pd.DataFrame({"image_id": range(130)}).to_parquet("results/small/images.parquet")
    Path("resources/datasets/digits").mkdir(parents=True)
    paths = [f"{'train' if i < 1293 else 'val'}/{i % 10}/{i}.png" for i in range(1797)]
    pd.DataFrame({"path": paths}).to_parquet("resources/datasets/digits/manifest.parquet")
    return Path("results")


def test_what_real_jobs_did_is_read_from_their_benchmarks(real):
    """A shard by its own images, not by all; training without epochs by what is held out."""
    expected = [
        ("explain_images", "gradcam", 128, 7.49),
        ("explain_images", "gradcam", 2, 5.66),
        ("predict_images", "predicting", 130, 7.81),
        ("train_model", "training", 504, 15.6),
    ]
    *ran, selected = sorted(finished_jobs(real), key=lambda each: (not each.work, each.rule))
    assert selected == Finished("small", "select_images", 1.22)
    for done, (rule, kind, images, seconds) in zip(ran, expected, strict=True):
        assert (done.rule, done.seconds) == (rule, seconds)
        read = 1293 + 504 if kind == "training" else 0
        assert done.work == Work(kind, "resnet_untrained", images, read)
        assert done.cost == known_cost(RESNET)


def test_a_finished_job_did_what_was_planned(real):
    """So that the time of a job that is left follows from that of one that has run."""
    facts = known(images={"count": 130, "shards": 4})
    names = {"method": "gradcam", "model": "resnet_untrained"}
    for done, planned in zip(
        sorted(
            (each for each in finished_jobs(real) if each.work), key=lambda each: each.work.kind
        ),
        [
            job("explain_images", **names, shard="0"),
            job("explain_images", **names, shard="1"),
            job("predict_images", model="resnet_untrained"),
            job("train_model", model="resnet_untrained"),
        ],
        strict=True,
    ):
        assert (done.rule, [done.work]) == (planned.rule, work(facts, planned))


def test_integrated_gradients_did_what_their_maps_record(real, monkeypatch):
    """Passes follow from the steps of its maps; without these the job says nothing of a rate."""
    path = real / "small/benchmarks/explain_images/gradcam/resnet_untrained/0.tsv"
    text = path.read_text().replace("'base': 'gradcam'", "'base': 'integrated_gradients'")
    path.write_text(text)
    assert sum(1 for each in finished_jobs(real) if each.work) == 3
    monkeypatch.setattr(finished, "recorded_steps", lambda path, attributes: 20.0)
    (done,) = (d for d in finished_jobs(real) if d.work and d.work.kind == "integrated_gradients")
    assert done.work.passes == 128 * 2 * 20


def test_the_log_says_the_seconds_of_a_cpu(real):
    """Beside other jobs a job takes longer on the clock, and no longer on the CPU."""
    log = real / "small/logs/predict_images/resnet_untrained.log"
    log.parent.mkdir(parents=True)
    log.write_text("12:00:00 INFO 7.1 s, 2.9 s of CPU, peak memory 700 MB\n")
    (done,) = (each for each in finished_jobs(real) if each.rule == "predict_images")
    assert done.seconds == 2.9
    log.write_text("12:00:00 INFO 7.1 s, peak memory 700 MB\n")
    assert cpu_seconds(log) is None
    assert cpu_seconds(log.with_name("nothing.log")) is None


def test_a_finished_job_gives_a_rate(real):
    found = benchmark_rates(finished_jobs(real))
    # the only one of more than nine seconds: 504 images in 15.6 s, 3 of which are the start
    part = Work("training", "resnet_untrained", 504, 1293 + 504)
    assert found.seconds(part, known_cost(RESNET)) == pytest.approx(15.6 - START_UP)
    assert "1 finished jobs of results/small on the CPU" in found.source


@pytest.mark.parametrize("text", ["", "s\n", "s\tparams\n12\t{broken\n", "s\n-\n"])
def test_a_benchmark_that_says_too_little_is_left_out(real, text):
    (real / "small/benchmarks/explain_images/gradcam/resnet_untrained/0.tsv").write_text(text)
    assert [done.rule for done in finished_jobs(real)].count("explain_images") == 1


def test_a_benchmark_of_another_version_is_left_out(real):
    """A name of then is not taken for a job of all images."""
    path = real / "small/benchmarks/explain_images/gradcam/resnet_untrained/0.tsv"
    path.write_text(path.read_text().replace("'part'", "'number'"))
    assert [done.rule for done in finished_jobs(real)].count("explain_images") == 1


def test_a_benchmark_whose_images_are_gone_is_left_out(real):
    (real / "small/images.parquet").unlink()
    assert "predict_images" not in {done.rule for done in finished_jobs(real)}


COST = Cost(64, 10.0, 2.0, 1.0, {})


def test_a_given_rate_holds_for_everything():
    found = given_rates(2.5)
    for kind in ("kernelshap", "training", "lrp"):
        # 100 passes of 10 GFLOP
        assert found.seconds(Work(kind, "vit", 100), COST) == pytest.approx(1 / 2.5)
    assert "given" in found.source


def test_a_pass_takes_its_operations_and_its_bytes():
    paces = {"training": Pace(0.1, 1, 7), "predicting": Pace(0.2, 2), "explaining": Pace(0.4, 4)}
    found = Rates(paces, "")
    for kind, each in (("training", 10), ("predicting", 6), ("kernelshap", 6), ("lrp", 12)):
        assert found.seconds(Work(kind, "vit", 5), COST) == pytest.approx(5 * each)


def test_reading_many_images_takes_its_time():
    found = given_rates(1.0)
    few, many = (found.seconds(Work("training", "vit", 0, n), COST) for n in (0, 10_000))
    assert many - few == pytest.approx(10_000 * READING)


def test_the_most_similar_work_gives_the_factor():
    paces = dict.fromkeys(("training", "predicting", "explaining"), Pace(0.1, 0))
    found = Rates(paces, "", {("gradcam", "vit"): 1, ("gradcam",): 2, (): 3})
    for kind, model, factor in (("gradcam", "vit", 1), ("gradcam", "m", 2), ("lrp", "vit", 3)):
        assert found.seconds(Work(kind, model, 1), COST) == factor


def done(model, passes, seconds, gpu=False, study="s"):
    part = Work("gradcam", model, passes)
    return Finished(study, "explain_images", seconds + START_UP, part, COST, gpu)


def test_rates_are_pooled_over_jobs():
    found = benchmark_rates([done("vit", 100, 10), done("resnet", 500, 20)])
    assert found.seconds(Work("gradcam", "vit", 100), COST) == pytest.approx(10)
    pooled = found.seconds(Work("gradcam", "other", 600), COST)
    assert pooled == pytest.approx(30)
    # training has a pace of its own, and the factor of all jobs
    law = Rates(measured_paces(), "")
    factor = 30 / law.seconds(Work("gradcam", "other", 600), COST)
    part = Work("training", "vit", 7)
    assert found.seconds(part, COST) == pytest.approx(law.seconds(part, COST) * factor)


def test_jobs_on_a_gpu_go_first():
    found = benchmark_rates([done("vit", 1, 500), done("vit", 10, 10, gpu=True, study="fast")])
    assert found.seconds(Work("gradcam", "vit", 1), COST) == pytest.approx(1)
    assert "results/fast on a GPU" in found.source


def test_jobs_that_hardly_outlast_their_start_give_none():
    assert benchmark_rates([done("vit", 1.0, 2 * START_UP)]) is None
    assert benchmark_rates([]) is None


def test_without_any_benchmark_the_cpu_is_timed(monkeypatch):
    """Twice as fast with matrices, half as fast with other arrays."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    found, law = timed_rates(speed.Speed(2.0, 0.5, 3.0)), Rates(measured_paces(), "")
    part = Work("kernelshap", "vit", 100)
    dense, waiting = Cost(64, 1.0, 0.0, 1.0, {}), Cost(64, 0.0, 1.0, 1.0, {})
    assert found.seconds(part, dense) == pytest.approx(law.seconds(part, dense) / 2)
    assert found.seconds(part, waiting) == pytest.approx(law.seconds(part, waiting) * 2)


def test_a_pilot_is_timed_for_the_cpu_that_it_runs_on(tmp_path, monkeypatch):
    """A fast device that the study will run on leaves it no more images."""
    monkeypatch.chdir(tmp_path)
    here, asked = speed.Speed(2.0, 0.5, 3.0), {}

    def count_steps(*_, **options):
        asked.update(options)
        return StepCounts()

    for name, stub in {
        "planned_jobs": lambda *_: [job("predict_images", model="vit")],
        "measured_speed": lambda: here,
        "count_steps": count_steps,
    }.items():
        monkeypatch.setattr(forecast, name, stub)
    changes = {"models": MODELS, "replicas": None, "forecast": {"teraflops": 1000}}
    found = forecast.study_forecast("Snakefile", configuration(**changes))
    assert "given (forecast.teraflops)" in str(found)
    step, cost = Work("integrated_gradients", "vit", 2), known().costs["vit"]
    assert asked["seconds_per_step"]("vit") == pytest.approx(cpu_rates(here).seconds(step, cost))


def test_the_speed_of_this_machine_is_a_share_of_another(monkeypatch):
    """Work that takes twice the CPU time has half the speed."""
    monkeypatch.setattr(speed, "SECONDS", 0.001)
    found = speed.measured_speed()
    assert all(0.001 < share < 1000 for share in vars(found).values())
    clock = iter([0.0, 4.0, 6.0, 11.0])
    monkeypatch.setattr(speed, "SECONDS", 10)
    monkeypatch.setattr(speed.time, "process_time", lambda: next(clock))
    assert speed.repetitions(lambda: None) == pytest.approx(1 / 2)


# ---- laws of rules that run no network ----------------------------------------------------------


def test_a_law_is_a_start_and_products_of_numbers():
    law = Law(2.0, {("images",): 0.5, ("images", "models", "models"): 0.25})
    assert law.seconds({"images": 4, "models": 3, "classes": 10}) == 2 + 2 + 9


def test_every_term_of_the_laws_is_known():
    facts = known(figures={"panels": {"first": {"count": 2}}})
    names = set(
        numbers(facts, job("compare_models", method="gradcam", metric="cosine", model="vit"))
    )
    for rule, law in measured_laws().items():
        assert 0 < law.start < 30, rule
        assert {name for term in law.terms for name in term} <= names, rule
        assert all(coefficient > 0 for coefficient in law.terms.values()), rule


def test_numbers_of_jobs_are_those_of_the_study():
    facts = known(
        models=[*MODELS, "convnext"],
        replicas={"vit": 2, "resnet": 2},
        similarity={"group": 5},
        settings={"kernelshap": {"images": 20}},
        images={"count": 60},
    )
    tile = job("compare_models", method="kernelshap", metric="cosine", row="0", column="1")
    found = numbers(facts, tile)
    # with two replicas of two models, in groups of five and three
    assert (found["models"], found["compared"], found["pairs"]) == (4, 8, 5 * 3)
    assert (found["images"], found["others"]) == (20, 20)
    # superpixels within an image, pixels between images
    assert (found["parts"], found["common"], found["pixels"]) == (30, 64 * 64, 64 * 64)
    lrp = numbers(facts, job("measure_chance", method="lrp", metric="cosine"))
    assert (lrp["stored"], lrp["parts"], lrp["common"]) == (64 * 64, 8 * 8, 8 * 8)
    assert (lrp["images"], lrp["pairs"], lrp["cases"]) == (60, 64, 9)
    clustered = numbers(facts, job("cluster_maps", case="joint"))
    assert clustered["points"] == 180 * 3
    panels = numbers(facts, job("plot_panels_first"))
    assert panels["drawn"] == 6 * 4 * 4
    assert law_of("plot_panels_first") == law_of("plot_panels")
