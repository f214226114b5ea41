"""A whole study: every file of the contract, the report, and the same bytes again."""

import hashlib
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
import yaml

MODELS = ["resnet_untrained", "byobnet", "vit"]
NETWORKS = [
    "train_model",
    "predict_images",
    "explain_images",
    "explain_again",
    "explain_layers",
    "explain_clusters",
    "explain_class_images",
    "measure_accuracy",
    "measure_budgets",
]
SUBSETS = {
    "gradcam": ["all", "matching", "differing", "all_4"],
    "kernelshap": ["all", "matching", "differing"],  # it explains four images
}
COPIES = Path(__file__).parents[2].parent / "shared/reference/matrices"
METRICS = ["cosine", "rbf"]
CASES = sum(map(len, SUBSETS.values())) * len(METRICS)
CLUSTERED = CASES - len(SUBSETS) * len(METRICS)  # all but those of differing images
FIGURES = (
    4  # predictions: accuracy, agreement, scatter, transforms
    + 3  # sets of panels of one image
    + 3  # comparisons: pca, mean_and_spread, nested
    + 3  # ceiling, borders, budgets
    + 2 * len(SUBSETS) * len(METRICS)  # histograms, subsampling
    + 4 * CLUSTERED  # heat map, dendrograms, communities, embeddings
    + 2
    + (1 + 3)
    + 4  # neon: iris and wine, clusters of three models, evaluation
    + 4 * (2 + 1)
    + 1  # spectral: two models and both together, choices
)


JOBS = (
    (2 + 1)  # data set, images, segments
    + 3 * (1 + 1 + 1)  # weights, predictions, accuracy
    + (3 + 3 + 2)  # explanations, of the variant those that are drawn
    + (3 + 2)  # again, ceiling
    + (1 + 1 + 1)  # grids, layers, budgets
    + 2  # predictions compared, and correlated
    + 3 * len(SUBSETS) * len(METRICS)  # similarities, subsampling, drawn
    + (1 + 3 + 1)
    + 3  # neon: iris and wine, clusters of three models, evaluation; drawn
    + (1 + 2)
    + 3 * (2 + 1)
    + 1  # spectral: images, maps; clustered, drawn twice; choices
    + CASES
    + 2 * CLUSTERED  # summarised; clustered, drawn
    + (
        3 + 1 + 1 + 1 + 1 + 1 + 1
    )  # panels; predictions, accuracy, ceiling, borders, budgets, comparisons
)


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
        *(f"ceiling/kernelshap/{metric}.csv" for metric in METRICS),
        "explanations/gradcam_50/byobnet.nc",
        "explanations/gradcam_50/vit.nc",
        "gradcam/resolutions.csv",
        "gradcam/borders.csv",
        "gradcam/layers/byobnet.csv",
        "budgets/byobnet.csv",
    ]
    for method, subsets in SUBSETS.items():
        expected += [f"explanations/{method}/{model}.nc" for model in MODELS]
        for metric in METRICS:
            expected += [
                f"similarity/{method}/{metric}.nc",
                f"subsampling/{method}/{metric}.parquet",
            ]
            for subset in subsets:
                case = f"{method}/{metric}/{subset}"
                expected += [f"dissimilarity/{case}.csv", f"dissimilarity/{case}_pairs.parquet"]
                expected += [f"dissimilarity/{case}_similarity.csv"]
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
        assert re.search(r"[\d.]+ s, peak memory \d+ MB\n$", log.read_text()), log


def test_files_describe_themselves(finished):
    path = finished.root / "results/tiny/explanations/kernelshap/vit.nc"
    with xr.open_dataset(path, engine="h5netcdf") as maps:
        assert maps.attrs["method"] == "kernelshap"
        assert maps.attrs["model"] == "vit"
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


@pytest.mark.parametrize(
    "target",
    [
        "results/tiny/predictions/byobnet.parquet",
        "results/tiny/explanations/gradcam/vit.nc",
        "results/tiny/similarity/kernelshap/cosine.nc",
        "results/tiny/dissimilarity/gradcam/cosine/all.csv",
        "results/tiny/figures/clusters/gradcam/cosine/all/embeddings.svg",
        "results/tiny/figures/panels/depths/000.png",
        "results/tiny/figures/comparisons/nested.svg",
        "results/tiny/gradcam/borders.csv",
    ],
)
def test_the_same_bytes_again(study, target):
    file = study.root / target
    before = file.read_bytes()
    file.unlink()
    run = study.snakemake(target)
    assert run.status == 0, run.output
    assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(before).digest()


def test_the_report_builds_with_captions_and_categories(study):
    run = study.snakemake("--report", "report.zip")
    assert run.status == 0, run.output
    with zipfile.ZipFile(study.root / "report.zip") as archive:
        names = archive.namelist()
        assert any(name.endswith("report.html") for name in names)
        assert sum(name.endswith(".svg") for name in names) == FIGURES
        text = "".join(
            archive.read(name).decode(errors="replace") for name in names if "/data/" not in name
        )
    for word in ("1 Predictions", "4 Dissimilarity and clusters", "finite-population factor"):
        assert word in text


def test_benchmarks_are_collected(study):
    run = study.snakemake("benchmarks")
    assert run.status == 0, run.output
    table = pd.read_csv(study.root / "results/tiny/benchmarks.csv")
    assert {"rule", "job", "s", "max_rss"} <= set(table.columns)
    assert (table["rule"] == "explain_images").sum() == 8


def test_targets_read_as_a_list_of_experiments(checkout):
    run = checkout.snakemake("--list-target-rules", overlay=None)
    assert run.status == 0
    for target in ("similarity", "image_count", "clusters", "histograms", "panels", "agreement"):
        assert re.search(rf"^{target} \(.+\)$", run.output, re.MULTILINE), target


def stacks(root: Path) -> list[list[Path]]:
    """The overlays of every study; studies/imagenette_*.yaml stand on top of studies/imagenette.yaml."""
    names = sorted(path.relative_to(root) for path in root.glob("studies/*.yaml"))
    base = Path("studies/imagenette.yaml")
    return [[base, name] if name.stem.startswith("imagenette_") else [name] for name in names]


STUDIES = [[], *stacks(Path(__file__).parents[2])]


@pytest.mark.parametrize("overlays", STUDIES, ids=lambda o: o[-1].stem if o else "digits")
def test_every_study_plans(checkout, overlays):
    jobs = checkout.plan(overlay=overlays)
    assert jobs["plot_predictions"] == 1
    study = {}
    for overlay in (Path("config.yaml"), *overlays):
        study |= yaml.safe_load((checkout.root / overlay).read_text())
    assert jobs["predict_images"] == len(study["models"])
    assert {rule for rule in jobs if rule.startswith("plot_panels_")} == {
        f"plot_panels_{name}" for name in panels_of(checkout, overlays)
    }


def panels_of(checkout, overlays: list[Path]) -> set[str]:
    content = [yaml.safe_load((checkout.root / o).read_text()) for o in ("config.yaml", *overlays)]
    return {name for c in content for name in c.get("figures", {}).get("panels", {})}


@pytest.mark.parametrize(
    "overlays",
    [stack for stack in STUDIES if not stack or stack[0].stem == "imagenette"],
    ids=lambda o: o[-1].stem if o else "digits",
)
def test_every_target_plans(checkout, overlays):
    run = checkout.snakemake("--list-target-rules", overlay=overlays)
    targets = re.findall(r"^(\w+) \(", run.output, re.MULTILINE)
    assert {"forecast", "replication", "depths", "variants", "budgets", "weights"} <= set(targets)
    jobs = checkout.plan(*targets, overlay=overlays)
    assert jobs["replicate"] == jobs["forecast"] == jobs["collect_benchmarks"] == 1


def test_a_forecast_is_made_anew_by_every_call_and_leaves_no_file_of_the_study(checkout):
    before = set((checkout.root / "resources").rglob("*"))
    for _ in range(2):
        run = checkout.snakemake("forecast")
        assert run.status == 0, run.output
        assert len(re.findall(r"^ *rule +jobs +passes .*$", run.output, re.MULTILINE)) == 1
        assert re.search(r"^ *explain_images +8 ", run.output, re.MULTILINE), run.output
        assert re.search(rf"^ *cluster_models +{CLUSTERED} ", run.output, re.MULTILINE), run.output
        (line,) = re.findall(r"^ *total +(\d+) ", run.output, re.MULTILINE)
        assert int(line) == JOBS
    results = checkout.root / "results/tiny"
    made = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    assert made == {"forecast.csv", "logs/forecast.log"}
    assert set((checkout.root / "resources").rglob("*")) == before
    table = pd.read_csv(results / "forecast.csv").set_index("rule")
    assert table.loc["train_model", "jobs"] == 3


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
