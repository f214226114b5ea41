"""A whole study: every file of the contract, the report, and the same bytes again."""

import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
import yaml
from snakemake.utils import update_config

from thinkalike.workflow.study import Study

MODELS = ["resnet_untrained", "byobnet_brief", "vit_brief"]
REPLICA = "byobnet_brief_seed1"
NETWORKS = [
    "train_model",
    "predict_images",
    "explain_images",
    "explain_again",
    "explain_moved",
    "delete_regions",
    "explain_layers",
    "explain_clusters",
    "explain_class_images",
    "measure_accuracy",
    "measure_budgets",
]
SUBSETS = {
    "gradcam": ["all", "matching", "differing", "all_4"],
    "kernelshap": ["all", "matching", "differing"],  # it explains four images
    "answers": ["all", "matching", "differing"],
}
METRICS = {"gradcam": ["cosine", "rbf"], "kernelshap": ["cosine", "rbf"], "answers": ["cosine"]}
MAPPED = ["gradcam", "kernelshap"]
ROOT = Path(__file__).parents[2]
COPIES = ROOT.parent / "shared/reference/matrices"
MATRICES = sum(map(len, METRICS.values()))
CASES = sum(len(SUBSETS[method]) * len(metrics) for method, metrics in METRICS.items())
CLUSTERED = CASES - MATRICES  # all but those of differing images
QUESTION = {
    "figures": (
        4  # predictions: accuracy, agreement, scatter, transforms
        + 3  # sets of panels of one image
        + 3  # comparisons: pca, mean_and_spread, nested
        + 4  # ceiling, borders, budgets, deletion
        + 2 * MATRICES  # histograms, subsampling
        + 4 * CLUSTERED  # heat map, dendrograms, communities, embeddings
        + 2 * len(MAPPED)  # images that matter, consensus
        + 2  # all pairs, scales
    ),
    "jobs": (
        (2 + 1)  # data set, images, segments
        + 3 * (2 + 1 + 1 + 1)  # weights, trained, in the study and checked, predictions, accuracy
        + (2 + 1 + 1)  # those of the replica, whose accuracy nobody asks for
        + (4 + 4 + 2)  # explanations, of the variant those that are drawn
        + (3 + 3 + 2)  # of moved images; again, ceiling
        + (3 + 1 + 1)  # regions deleted, summarised, drawn
        + (1 + 1 + 1)  # grids, layers, budgets
        + 2  # predictions compared, and correlated
        + 5 * MATRICES  # similarities, chance, subsampling, drawn; images resampled
        + CASES  # summarised
        + 2 * CLUSTERED  # clustered, drawn
        + 3 * len(MAPPED)  # scales; consensus, drawn
        + (
            1 + 1 + 1 + 1 + 1 + 1
        )  # features compared, models tested, pairs, drawn; scales drawn; verdict
        + (3 + 6)  # drawn: panels; predictions, accuracy, ceiling, borders, budgets, comparisons
        + 1  # the explorer
        + (3 + 1 + 2 + 3)  # for it: features clustered; images, maps of them, clustered
    ),
}
EXTRAS = {
    "figures": (
        (1 + 3 + 3)  # neon: quality, clusters of three models, evaluation
        + (4 * (2 + 1) + 1)  # spectral: two models and both together, choices
    ),
    "jobs": (
        (1 + 2)  # neon: evaluation; drawn
        + (3 * 2 + 1)  # spectral: drawn twice; choices
    ),
}
STATISTICS = ["families", "matrices", "resolution", "features", "deletion"]
RESAMPLED = ["image_count", "support", "one_factor", "influential"]
FIGURES, JOBS = (QUESTION[what] + EXTRAS[what] for what in ("figures", "jobs"))


def test_every_file_of_the_contract_is_there(finished):
    results = finished.root / "results/tiny"
    expected = [
        "images.parquet",
        "segments.nc",
        "predictions/agreement.csv",
        "predictions/agreement_pairs.parquet",
        "predictions/agreement_correlations.csv",
        *(f"weights/{model}.safetensors" for model in MODELS),
        *(f"predictions/{model}.parquet" for model in MODELS),
        *(f"again/kernelshap/{model}.nc" for model in MODELS),
        *(f"accuracy/{model}.csv" for model in MODELS),
        *(f"moved/{method}/{model}.nc" for method in MAPPED for model in MODELS),
        *(f"ceiling/kernelshap/{metric}.csv" for metric in METRICS["kernelshap"]),
        *(f"deletion/{model}.parquet" for model in MODELS),
        *(f"scales/{method}.parquet" for method in MAPPED),
        *(f"explanations/{method}/{model}.nc" for method in MAPPED for model in (*MODELS, REPLICA)),
        *(f"statistics/{name}.csv" for name in STATISTICS),
        *("pairs.csv", "verdict.md", "verdict.json", "explorer.html"),
        "explanations/gradcam_50/byobnet_brief.nc",
        "explanations/gradcam_50/vit_brief.nc",
        "gradcam/resolutions.csv",
        "gradcam/borders.csv",
        "gradcam/layers/byobnet_brief.csv",
        "budgets/byobnet_brief.csv",
    ]
    for method, subsets in SUBSETS.items():
        for metric in METRICS[method]:
            expected += [f"statistics/{method}/{metric}/{name}.csv" for name in RESAMPLED]
            expected += [
                f"similarity/{method}/{metric}.nc",
                f"chance/{method}/{metric}.nc",
                f"subsampling/{method}/{metric}.parquet",
            ]
            for subset in subsets:
                case = f"{method}/{metric}/{subset}"
                expected += [f"dissimilarity/{case}.csv", f"dissimilarity/{case}_pairs.parquet"]
                expected += [
                    f"dissimilarity/{case}_{name}.csv" for name in ("similarity", "rho", "seeds")
                ]
                if subset == "differing":
                    continue
                expected += [f"clusters/{case}/{name}.csv" for name in ("louvain", "pca", "mds")]
                expected += [f"clusters/{case}/linkages_agreement.csv"]
                expected += [f"clusters/{case}/linkage_{kind}.csv" for kind in ("average", "ward")]
    assert [name for name in expected if not (results / name).is_file()] == []


def test_every_figure_has_svg_png_and_csv(finished):
    figures = finished.root / "results/tiny/figures"
    drawn = sorted(figures.rglob("*.svg"))
    assert len(drawn) == FIGURES
    for file in drawn:
        assert file.with_suffix(".png").stat().st_size > 5_000
        assert len(pd.read_csv(file.with_suffix(".csv"))) > 0


def test_every_rule_writes_a_log_with_time_and_memory_and_a_benchmark(finished):
    results = finished.root / "results/tiny"
    logs = sorted(results.glob("logs/**/*.log"))
    assert len(logs) == len(sorted(results.glob("benchmarks/**/*.tsv"))) == JOBS
    for log in logs:
        assert re.search(r"[\d.]+ s, [\d.]+ s of CPU, peak memory \d+ MB\n$", log.read_text()), log


def test_files_describe_themselves(finished):
    path = finished.root / "results/tiny/explanations/kernelshap/vit_brief.nc"
    with xr.open_dataset(path, engine="h5netcdf") as maps:
        assert maps.attrs["method"] == "kernelshap"
        assert maps.attrs["model"] == "vit_brief"
        assert maps.attrs["units"] == "logit of the target class"
        assert maps.attrs["evaluations"] == 40
        assert re.fullmatch("[0-9a-f]{16}", maps.attrs["code"])
        assert maps["coefficients"].dims == ("image", "component")


def test_jobs_without_networks_do_not_import_torch(finished):
    # torch alone takes 600 MB; jobs that use it are known
    table = finished.root / "results/tiny/benchmarks"
    for file in table.rglob("*.tsv"):
        rule = file.relative_to(table).parts[0].removesuffix(".tsv")
        if rule not in NETWORKS:
            assert pd.read_csv(file, sep="\t")["max_rss"].max() < 450, rule


def contents(results: Path) -> dict[str, bytes]:
    """Results by name, but for what holds times."""
    times = ("logs", "benchmarks", "budgets", "figures/budgets")
    return {
        name: file.read_bytes()
        for file in sorted(results.rglob("*"))
        if file.is_file()
        and file.suffix != ".xxh3"
        and not (name := str(file.relative_to(results))).startswith(times)
    }


def test_the_same_bytes_again(study):
    # one job of most kinds
    removed = [
        f"results/tiny/{name}"
        for name in (
            "images.parquet",
            "segments.nc",
            "weights/byobnet_brief.safetensors",
            "predictions/vit_brief.parquet",
            "explanations/gradcam/vit_brief.nc",
            "explanations/kernelshap/vit_brief.nc",
            "similarity/kernelshap/cosine.nc",
            "similarity/answers/cosine.nc",
            "chance/kernelshap/rbf.nc",
            "moved/gradcam/byobnet_brief.nc",
            "deletion/vit_brief.parquet",
            "scales/gradcam.parquet",
            "statistics/gradcam/cosine/support.csv",
            "statistics/families.csv",
            "figures/statistics/pairs.svg",
            "verdict.json",
            "explorer.html",
            "dissimilarity/gradcam/cosine/all.csv",
            "subsampling/gradcam/cosine.parquet",
            "clusters/gradcam/cosine/all/louvain.csv",
            "figures/clusters/gradcam/cosine/all/embeddings.svg",
            "figures/panels/depths/000.png",
            "figures/comparisons/nested.svg",
            "gradcam/borders.csv",
            "neon/maps/vit_brief.nc",
            "spectral/clusters/byobnet_brief/results.csv",
            "figures/spectral/byobnet_brief/spectra.svg",
        )
    ]
    before = contents(study.root / "results/tiny")
    for name in removed:
        (study.root / name).unlink()
    # what is made of them and has not been removed is not asked for
    run = study.snakemake(*removed)
    assert run.status == 0, run.output
    after = contents(study.root / "results/tiny")
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == []


def test_random_weights_are_fine_tuned(study):
    overlay = study.overlay(
        weights="random",
        models=["tiny_twin", "tiny_tuned"],
        catalogue={
            "tiny_twin": {"weights": "finetuned"},
            "tiny_tuned": {"like": "byobnet", "name": "Tuned", "weights": "finetuned"},
        },
        finetuning={"frozen_epochs": 1, "epochs": 0, "accuracy_at_least": 0},
        borders={"layers": {"byobnet_brief": []}},
        budgets={"models": []},
        spectral={"models": []},
        figures={"panels": {"depths": {"models": [], "methods": ["gradcam"]}}},
    )
    run = study.snakemake("results/tiny/weights/tiny_tuned.safetensors", overlay=overlay)
    assert run.status == 0, run.output
    initial, tuned = (
        (study.root / f"results/tiny/weights/{folder}tiny_tuned.safetensors").read_bytes()
        for folder in ("random/", "")
    )
    assert initial != tuned


def test_the_report_builds_with_captions_and_categories(study):
    run = study.snakemake("--report", "report.zip", "all", "extras")
    assert run.status == 0, run.output
    with zipfile.ZipFile(study.root / "report.zip") as archive:
        names = archive.namelist()
        assert any(name.endswith("report.html") for name in names)
        assert sum(name.endswith(".svg") for name in names) == FIGURES
        text = "".join(
            archive.read(name).decode(errors="replace") for name in names if "/data/" not in name
        )
    for word in ("1 How alike are the models", "2 Which models belong", "finite-population factor"):
        assert word in text


def test_benchmarks_are_collected(study):
    run = study.snakemake("benchmarks")
    assert run.status == 0, run.output
    table = pd.read_csv(study.root / "results/tiny/benchmarks.csv")
    assert {"rule", "job", "s", "max_rss"} <= set(table.columns)
    assert (table["rule"] == "explain_images").sum() == 4 + 4 + 2


# ---- planning -----------------------------------------------------------------------------------


def target_rules(output: str) -> list[str]:
    """Names that Snakemake lists as targets."""
    return re.findall(r"^(\w+) \(.+\)$", output, re.MULTILINE)


def test_targets_read_as_a_list_of_experiments(checkout):
    run = checkout.snakemake("--list-target-rules", overlay=None)
    assert run.status == 0
    assert {
        *("similarity", "image_count", "clusters", "histograms", "panels", "agreement"),
        *("forecast", "verify", "replication", "depths", "variants", "budgets", "weights"),
    } <= set(target_rules(run.output))


def stacks() -> list[list[Path]]:
    """The overlays of every study; studies/imagenette_*.yaml stand on top of studies/imagenette.yaml."""
    names = sorted(path.relative_to(ROOT) for path in ROOT.glob("studies/*.yaml"))
    base = Path("studies/imagenette.yaml")
    return [[base, name] if name.stem.startswith("imagenette_") else [name] for name in names]


@pytest.fixture(scope="module")
def targets(finished) -> list[str]:
    """Names of all targets."""
    return target_rules(finished.snakemake("--list-target-rules", overlay=None).output)


@pytest.mark.parametrize("overlays", [[], *stacks()], ids=lambda o: o[-1].stem if o else "digits")
def test_every_target_of_every_study_plans(checkout, targets, overlays):
    own = target_rules(checkout.snakemake("--list-target-rules", overlay=overlays).output)
    # rules of what a study leaves out; its question is still there, with nothing to do
    left_out = {"summarise_deletion", "plot_deletion", "tabulate_completeness"}
    assert set(targets) - set(own) <= left_out
    jobs = checkout.plan(*own, overlay=overlays)
    assert jobs["replicate"] == jobs["collect_benchmarks"] == jobs["plot_predictions"] == 1
    contents = [yaml.safe_load((ROOT / o).read_text()) for o in ("config.yaml", *overlays)]
    (models,) = [content["models"] for content in contents if "models" in content][-1:]
    config: dict = {}
    for content in contents:
        update_config(config, content)
    assert jobs["predict_images"] == len(models) + len(Study.of(config).replicas)
    panels = {name for c in contents for name in c.get("figures", {}).get("panels", {})}
    assert {rule for rule in jobs if rule.startswith("plot_panels_")} == {
        f"plot_panels_{name}" for name in panels
    }


@pytest.mark.skipif(not COPIES.is_dir(), reason="no copies of the published tables here")
def test_the_published_numbers_come_out_again_or_the_table_says_why_not(checkout):
    overlay = checkout.overlay(replication={"folder": str(COPIES)})
    run = checkout.snakemake("replication", overlay=overlay)
    assert run.status == 0, run.output
    table = pd.read_csv(
        checkout.root / "results/published/replication/table.csv", keep_default_na=False
    )
    assert (table["same"] == "yes").sum() >= 78
    others = table[table["same"] != "yes"]
    assert set(others["same"]) <= {"no", "n/a"}
    assert (others["reason"].str.len() > 20).all()
    assert not (checkout.root / "results/tiny").exists()
    assert "Nothing to be done" in checkout.snakemake("replication", overlay=overlay).output
