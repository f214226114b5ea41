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
NETWORKS = ["train_model", "predict_images", "explain_images", "explain_again"]


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
        *(f"ceiling/kernelshap/{metric}.csv" for metric in ("cosine", "rbf")),
    ]
    for method in ("gradcam", "kernelshap"):
        expected += [f"explanations/{method}/{model}.nc" for model in MODELS]
        for metric in ("cosine", "rbf"):
            expected += [
                f"similarity/{method}/{metric}.nc",
                f"subsampling/{method}/{metric}.parquet",
            ]
            for subset in ("all", "matching"):
                case = f"{method}/{metric}/{subset}"
                expected += [f"dissimilarity/{case}.csv", f"dissimilarity/{case}_pairs.parquet"]
                expected += [f"clusters/{case}/{name}.csv" for name in ("louvain", "pca", "mds")]
                expected += [f"clusters/{case}/linkage_{kind}.csv" for kind in ("average", "ward")]
    assert [name for name in expected if not (results / name).is_file()] == []


def test_every_figure_has_svg_png_and_csv(finished):
    figures = finished.root / "results/tiny/figures"
    drawn = sorted(figures.rglob("*.svg"))
    assert (
        len(drawn) == 3 + 1 + 1 + 4 * 2 + 8 * 4
    )  # predictions, panels, ceiling, per metric, per case
    for file in drawn:
        assert file.with_suffix(".png").stat().st_size > 5_000
        assert len(pd.read_csv(file.with_suffix(".csv"))) > 0


def test_every_rule_writes_a_log_with_time_and_memory_and_a_benchmark(finished):
    results = finished.root / "results/tiny"
    logs = sorted(results.glob("logs/**/*.log"))
    assert len(logs) == len(sorted(results.glob("benchmarks/**/*.tsv"))) > 40
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
        "results/tiny/figures/panels/000.png",
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
        assert sum(name.endswith(".svg") for name in names) == 45
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
    assert (table["rule"] == "explain_images").sum() == 6


def test_targets_read_as_a_list_of_experiments(checkout):
    run = checkout.snakemake("--list-target-rules", overlay=None)
    assert run.status == 0
    for target in ("similarity", "image_count", "clusters", "histograms", "panels", "agreement"):
        assert re.search(rf"^{target} \(.+\)$", run.output, re.MULTILINE), target


def test_every_study_plans(checkout):
    for overlay in (None, *sorted(checkout.root.glob("studies/*.yaml"))):
        name = yaml.safe_load((overlay or checkout.root / "config.yaml").read_text())["study"]
        relative = Path(overlay).relative_to(checkout.root) if overlay else None
        jobs = checkout.plan(overlay=relative)
        assert jobs["plot_predictions"] == 1, name


def test_every_target_of_the_default_study_plans(checkout):
    run = checkout.snakemake("--list-target-rules", overlay=None)
    targets = re.findall(r"^(\w+) \(", run.output, re.MULTILINE)
    assert len(targets) > 10
    assert checkout.plan(*targets, overlay=None)
