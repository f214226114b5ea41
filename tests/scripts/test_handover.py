"""The lines under `if __name__ == "__main__":` of every script, run in this process.

Each script is handed what Snakemake would hand it, and must write the bytes that the workflow wrote.
"""

import runpy
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import xarray as xr
import yaml
from snakemake.iocontainers import Namedlist

from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.fingerprint import fingerprint

MODELS = ["resnet_untrained", "byobnet", "vit"]
RESULTS = "results/tiny"
CASE = "gradcam/cosine/all"
CLUSTERS = f"{RESULTS}/clusters/{CASE}"
KINDS = ["average", "ward"]


def every(pattern: str) -> list[str]:
    return [pattern.format(model=model) for model in MODELS]


def figure(stem: str) -> list[str]:
    return [f"{RESULTS}/figures/{stem}.{suffix}" for suffix in ("svg", "png", "csv")]


CLUSTER_FILES = {
    "linkages": [f"{CLUSTERS}/linkage_{kind}.csv" for kind in KINDS],
    "summary": f"{CLUSTERS}/linkages.csv",
    "agreement": f"{CLUSTERS}/linkages_agreement.csv",
    "order": f"{CLUSTERS}/order.csv",
    "louvain": f"{CLUSTERS}/louvain.csv",
    "sweep": f"{CLUSTERS}/louvain_sweep.csv",
    "pca": f"{CLUSTERS}/pca.csv",
    "mds": f"{CLUSTERS}/mds.csv",
    "quality": f"{CLUSTERS}/quality.csv",
}
NEON = f"{RESULTS}/neon"
TABLES = ["iris", "wine", "published"]
EVALUATION = {
    name: f"{NEON}/evaluation/{name}.csv"
    for name in ("flipping", "areas", "betas", "conservation", "planted")
}
SPECTRAL = f"{RESULTS}/spectral"
MAPPED = ["resnet_untrained", "byobnet"]
MAP_CLUSTERS = {
    name: f"{SPECTRAL}/clusters/joint/{name}.{suffix}"
    for name, suffix in (
        ("results", "csv"),
        ("eigenvalues", "csv"),
        ("agreement", "csv"),
        ("known", "csv"),
        ("choices", "csv"),
        ("points", "parquet"),
    )
}
DATASET = "resources/datasets/digits/manifest.parquet"


def jobs(study: dict) -> dict[str, dict]:
    """Script → what the workflow hands it for one job of the tiny study."""
    catalogue, settings = study["catalogue"], study["settings"]
    entry = catalogue["byobnet"]
    architecture = {"name": "byobnet", "timm": entry["timm"], "arguments": entry["arguments"]}
    grid = {"layout": "nchw", "prefix": 0, "layers": {"depth_100": entry["layers"]["depth_100"]}}
    labels = {
        "names": {model: catalogue[model]["name"] for model in MODELS},
        "families": {model: catalogue[model]["family"] for model in MODELS},
    }
    predictions = every(f"{RESULTS}/predictions/{{model}}.parquet")
    explanations = every(f"{RESULTS}/explanations/gradcam/{{model}}.nc")
    compared = [f"{m}/{metric}" for m in ("gradcam", "kernelshap") for metric in ("cosine", "rbf")]
    cases = [f"{case}/{subset}" for case in compared for subset in ("all", "matching", "differing")]
    # KernelSHAP explains four images, and has no subset of the first four
    nested = [
        f"{case}/{subset}"
        for case in compared
        for subset in ("all", "all_4")
        if subset == "all" or case.startswith("gradcam")
    ]

    def pairs_of(cases: list[str]) -> list[str]:
        return [f"{RESULTS}/dissimilarity/{case}_pairs.parquet" for case in cases]

    network = {
        "images": f"{RESULTS}/images.parquet",
        "weights": f"{RESULTS}/weights/byobnet.safetensors",
        "predictions": f"{RESULTS}/predictions/byobnet.parquet",
    }
    gradcam = {"method": "gradcam", "metric": "cosine", "subset": "all"}
    return {
        "download_dataset": {
            "output": {"manifest": DATASET},
            "params": {
                "kind": "digits",
                "path": "",
                "url": "",
                "checksum": "",
                "mirror": "",
                "validation": 0.28,
                "seed": 0,
            },
        },
        "select_images": {
            "input": {"manifest": DATASET},
            "output": {"images": f"{RESULTS}/images.parquet"},
            "params": {"split": "val", "number": 6, "order": "rounds", "size": 64, "seed": 0},
        },
        "segment_images": {
            "input": {"images": f"{RESULTS}/images.parquet"},
            "output": {"segments": f"{RESULTS}/segments.nc"},
            "params": {"size": 64, "number": 16, "compactness": 10},
        },
        "train_model": {
            "input": {"manifest": DATASET},
            "output": {"weights": f"{RESULTS}/weights/resnet_untrained.safetensors"},
            "wildcards": {"model": "resnet_untrained"},
            "params": {
                "architecture": {
                    "name": "resnet_untrained",
                    "timm": catalogue["resnet_untrained"]["timm"],
                    "arguments": catalogue["resnet_untrained"]["arguments"],
                },
                "settings": catalogue["resnet_untrained"]["training"],
                "size": 64,
                "seed": 0,
            },
        },
        "predict_images": {
            "input": {
                "images": f"{RESULTS}/images.parquet",
                "weights": f"{RESULTS}/weights/byobnet.safetensors",
            },
            "output": {"predictions": f"{RESULTS}/predictions/byobnet.parquet"},
            "wildcards": {"model": "byobnet"},
            "params": {"architecture": architecture, "size": 64},
        },
        "explain_images": {
            "input": {**network, "segments": []},
            "output": {"explanations": f"{RESULTS}/explanations/gradcam/byobnet.nc"},
            "wildcards": {"method": "gradcam", "model": "byobnet"},
            "params": {
                "method": "gradcam",
                "part": [0, 6],
                "architecture": {**architecture, **grid},
                "settings": {"depth": 100, "mended": []},
                "explanation": {**study["explanation"], "baseline": []},
                "size": 64,
                "seed": 0,
            },
            "modules": ["thinkalike.explain.gradcam"],
        },
        "explain_again": {
            "input": {
                **network,
                "segments": f"{RESULTS}/segments.nc",
                "explanations": f"{RESULTS}/explanations/kernelshap/byobnet.nc",
            },
            "output": {"again": f"{RESULTS}/again/kernelshap/byobnet.nc"},
            "wildcards": {"model": "byobnet"},
            "params": {
                "number": 3,
                "architecture": architecture,
                "explanation": study["explanation"],
                "size": 64,
                "seed": 0,
            },
        },
        "tabulate_grids": {
            "input": {"explanations": explanations},
            "output": {
                "resolutions": f"{RESULTS}/gradcam/resolutions.csv",
                "borders": f"{RESULTS}/gradcam/borders.csv",
            },
            "params": {
                "models": MODELS,
                "layers": {model: catalogue[model]["layers"]["depth_100"] for model in MODELS},
            },
        },
        "explain_layers": {
            "input": network,
            "output": {"table": f"{RESULTS}/gradcam/layers/byobnet.csv"},
            "wildcards": {"model": "byobnet"},
            "params": {
                "architecture": {**architecture, **grid},
                "layers": ["stages.2"],
                "mended": [],
                "number": 4,
                "explanation": {**study["explanation"], "baseline": []},
                "size": 64,
                "seed": 0,
            },
        },
        "measure_budgets": {
            "input": network,
            "output": {"table": f"{RESULTS}/budgets/byobnet.csv"},
            "wildcards": {"model": "byobnet"},
            "params": {
                "architecture": architecture,
                "number": 2,
                "segments": [12],
                "compactness": 10,
                "evaluations": [20, 40],
                "repeats": 2,
                "reference": 80,
                "explanation": study["explanation"],
                "size": 64,
                "seed": 0,
            },
        },
        "measure_accuracy": {
            "input": {
                "manifest": DATASET,
                "weights": f"{RESULTS}/weights/byobnet.safetensors",
            },
            "output": {"accuracy": f"{RESULTS}/accuracy/byobnet.csv"},
            "wildcards": {"model": "byobnet"},
            "params": {
                "architecture": architecture,
                "number": 4,
                "order": "rounds",
                "size": 64,
                "seed": 0,
            },
        },
        "measure_noise_ceiling": {
            "input": {
                "explanations": every(f"{RESULTS}/explanations/kernelshap/{{model}}.nc"),
                "again": every(f"{RESULTS}/again/kernelshap/{{model}}.nc"),
                "segments": f"{RESULTS}/segments.nc",
            },
            "output": {"ceiling": f"{RESULTS}/ceiling/kernelshap/rbf.csv"},
            "wildcards": {"metric": "rbf"},
            "params": {
                "models": MODELS,
                "number": 3,
                "sign": settings["kernelshap"]["sign"],
                "rescaling": settings["kernelshap"]["rescaling"],
                "sigma": settings["kernelshap"]["rbf_sigma"],
            },
        },
        "compare_models": {
            "input": {"explanations": explanations, "segments": []},
            "output": {"similarity": f"{RESULTS}/similarity/gradcam/cosine.nc"},
            "wildcards": gradcam,
            "params": {
                "models": MODELS,
                "number": 6,
                "sign": settings["gradcam"]["sign"],
                "rescaling": settings["gradcam"]["rescaling"],
                "sigma": 1.0,
                "blanks": "exclude",
            },
        },
        "summarise_similarity": {
            "input": {
                "similarity": f"{RESULTS}/similarity/gradcam/cosine.nc",
                "predictions": predictions,
            },
            "output": {
                "dissimilarity": f"{RESULTS}/dissimilarity/gradcam/cosine/matching.csv",
                "means": f"{RESULTS}/dissimilarity/gradcam/cosine/matching_similarity.csv",
                "pairs": f"{RESULTS}/dissimilarity/gradcam/cosine/matching_pairs.parquet",
                "geometry": f"{RESULTS}/dissimilarity/gradcam/cosine/matching_geometry.csv",
            },
            "wildcards": {**gradcam, "subset": "matching"},
            "params": {"dissimilarity": "chord"},
        },
        "compare_predictions": {
            "input": {
                "predictions": predictions,
                "weights": every(f"{RESULTS}/weights/{{model}}.safetensors"),
            },
            "output": {
                "agreement": f"{RESULTS}/predictions/agreement.csv",
                "pairs": f"{RESULTS}/predictions/agreement_pairs.parquet",
                "accuracy": f"{RESULTS}/predictions/accuracy.csv",
            },
            "params": {"models": MODELS},
        },
        "correlate_agreement": {
            "input": {
                "agreement": f"{RESULTS}/predictions/agreement_pairs.parquet",
                "dissimilarities": pairs_of(cases),
                "similarities": [
                    f"{RESULTS}/dissimilarity/{case}_similarity.csv" for case in cases
                ],
            },
            "output": {"correlations": f"{RESULTS}/predictions/agreement_correlations.csv"},
            "params": {"cases": cases, "untrained": ["resnet_untrained"]},
        },
        "subsample_images": {
            "input": {"similarity": f"{RESULTS}/similarity/gradcam/cosine.nc"},
            "output": {
                "differences": f"{RESULTS}/subsampling/gradcam/cosine.parquet",
                "variances": f"{RESULTS}/subsampling/gradcam/cosine_variances.parquet",
            },
            "params": {"sizes": [2, 4], "repeats": 3, "seed": 0},
        },
        "cluster_models": {
            "input": {"dissimilarity": f"{RESULTS}/dissimilarity/{CASE}.csv"},
            "output": CLUSTER_FILES,
            "params": {
                "kinds": KINDS,
                "ward": "euclidean",
                "families": labels["families"],
                "untrained": ["resnet_untrained"],
                "largest": None,
                "resolution": study["clustering"]["louvain"]["resolution"],
                "resolutions": [0.9, 1.1],
                "seed": 0,
            },
        },
        "plot_predictions": {
            "input": {
                "accuracy": f"{RESULTS}/predictions/accuracy.csv",
                "agreement": f"{RESULTS}/predictions/agreement.csv",
                "pairs": f"{RESULTS}/predictions/agreement_pairs.parquet",
                "correlations": f"{RESULTS}/predictions/agreement_correlations.csv",
                "dissimilarities": pairs_of(cases),
            },
            "output": {
                name: figure(f"predictions/{stem}")
                for name, stem in (
                    ("accuracy", "accuracy"),
                    ("agreement", "agreement"),
                    ("scatter", "agreement_scatter"),
                )
            },
            "params": {"cases": cases, "bar": 0, "untrained": ["resnet_untrained"], **labels},
        },
        "plot_panels": {
            "input": {
                "images": f"{RESULTS}/images.parquet",
                "predictions": predictions,
                "segments": f"{RESULTS}/segments.nc",
                "maps_gradcam": explanations,
                "maps_kernelshap": every(f"{RESULTS}/explanations/kernelshap/{{model}}.nc"),
            },
            "output": figure("panels/agreeing/000"),
            "params": {
                "which": "agreeing",
                "number": 4,
                "models": MODELS,
                "signs": {"gradcam": "positive", "kernelshap": "signed"},
                **labels,
            },
        },
        "plot_similarities": {
            "input": {
                "similarity": f"{RESULTS}/similarity/gradcam/cosine.nc",
                "differences": f"{RESULTS}/subsampling/gradcam/cosine.parquet",
                "variances": f"{RESULTS}/subsampling/gradcam/cosine_variances.parquet",
            },
            "output": {
                "histograms": figure("similarity/gradcam/cosine/histograms"),
                "subsampling": figure("subsampling/gradcam/cosine"),
            },
            "wildcards": gradcam,
            "params": labels,
        },
        "plot_noise_ceiling": {
            "input": {
                "ceilings": [f"{RESULTS}/ceiling/kernelshap/{m}.csv" for m in ("cosine", "rbf")],
                "pairs": [
                    f"{RESULTS}/dissimilarity/kernelshap/{metric}/all_pairs.parquet"
                    for metric in ("cosine", "rbf")
                ],
            },
            "output": {"figure": figure("ceiling/kernelshap")},
            "params": {"metrics": ["cosine", "rbf"], **labels},
        },
        "plot_comparisons": {
            "input": {
                "pca": [f"{RESULTS}/clusters/{case}/all/pca.csv" for case in compared],
                "quality": [f"{RESULTS}/clusters/{case}/all/quality.csv" for case in compared],
                "pairs": pairs_of(nested),
            },
            "output": {
                "nested": figure("comparisons/nested"),
                "pca_comparison": figure("comparisons/pca"),
                "mean_and_spread": figure("comparisons/mean_and_spread"),
            },
            "params": {"cases": nested, **labels},
        },
        "explain_tables": {"output": {k: f"{NEON}/tables/{k}.csv" for k in TABLES}, "params": {}},
        "explain_clusters": {
            "input": {
                "images": f"{RESULTS}/images.parquet",
                "weights": f"{RESULTS}/weights/byobnet.safetensors",
                "segments": f"{RESULTS}/segments.nc",
            },
            "output": {k: f"{NEON}/{k}/byobnet.nc" for k in ("clusters", "maps")},
            "wildcards": {"model": "byobnet"},
            "params": {
                "architecture": architecture,
                "number": 3,
                "restarts": 2,
                "beta": None,
                "shown": 2,
                "method": "kernelshap",
                "settings": {"evaluations": 40},
                "baseline": study["explanation"]["baseline"],
                "size": 64,
                "seed": 0,
            },
            "modules": ["thinkalike.explain.kernelshap"],
        },
        "evaluate_neon": {
            "input": {"clusters": [f"{NEON}/clusters/{model}.nc" for model in MODELS]},
            "output": EVALUATION,
            "params": {"models": MODELS, "seed": 0},
        },
        "plot_tables": {
            "input": {k: f"{NEON}/tables/{k}.csv" for k in ("iris", "wine")},
            "output": {k: figure(f"neon/{k}") for k in ("iris", "wine")},
            "params": {},
        },
        "plot_galleries": {
            "input": {
                "images": f"{RESULTS}/images.parquet",
                "clusters": [f"{NEON}/clusters/{model}.nc" for model in MODELS],
                "maps": [f"{NEON}/maps/{model}.nc" for model in MODELS],
                "segments": f"{RESULTS}/segments.nc",
            },
            "output": {
                "quality": figure("neon/quality"),
                "galleries": [p for m in MODELS for p in figure(f"neon/galleries/{m}")],
            },
            "params": {"models": MODELS, "method": "kernelshap", "size": 64, **labels},
        },
        "plot_evaluation": {
            "input": EVALUATION,
            "output": {k: figure(f"neon/{k}") for k in ("flipping", "areas", "betas", "planted")},
            "params": labels,
        },
        "select_class_images": {
            "input": {"manifest": DATASET},
            "output": {"images": f"{SPECTRAL}/images.parquet"},
            "params": {"class_name": "8", "split": "both", "number": 20, "size": 64, "seed": 0},
        },
        "explain_class_images": {
            "input": {
                "images": f"{SPECTRAL}/images.parquet",
                "weights": f"{RESULTS}/weights/byobnet.safetensors",
            },
            "output": {
                "predictions": f"{SPECTRAL}/predictions/byobnet.parquet",
                "explanations": f"{SPECTRAL}/explanations/byobnet.nc",
            },
            "wildcards": {"model": "byobnet"},
            "params": {
                "method": "lrp",
                "architecture": architecture,
                "settings": {"composite": study["settings"]["lrp"]["composites"]["cnn"]},
                "explanation": study["explanation"],
                "size": 64,
                "seed": 0,
            },
            "modules": ["thinkalike.explain.lrp"],
        },
        "cluster_maps": {
            "input": {
                "images": f"{SPECTRAL}/images.parquet",
                "explanations": [f"{SPECTRAL}/explanations/{model}.nc" for model in MAPPED],
                "predictions": [f"{SPECTRAL}/predictions/{model}.parquet" for model in MAPPED],
            },
            "output": MAP_CLUSTERS,
            "wildcards": {"case": "joint"},
            "params": {
                "models": MAPPED,
                "sign": settings["lrp"]["sign"],
                "rescaling": settings["lrp"]["rescaling"],
                "number": None,
                "neighbours": None,
                "sigma": None,
                "epsilon": None,
                "bootstraps": 3,
                "seed": 0,
            },
        },
        "plot_spectra": {
            "input": {name: path for name, path in MAP_CLUSTERS.items() if name != "choices"},
            "output": {
                name: figure(f"spectral/joint/{name}")
                for name in ("embeddings", "spectra", "agreement")
            },
            "params": {"name": "All together", "method": "lrp", "class_name": "8"},
        },
        "plot_map_clusters": {
            "input": {
                "points": MAP_CLUSTERS["points"],
                "results": MAP_CLUSTERS["results"],
                "explanations": [f"{SPECTRAL}/explanations/{model}.nc" for model in MAPPED],
            },
            "output": {"clusters": figure("spectral/joint/clusters")},
            "params": {
                "name": "All together",
                "method": "lrp",
                "class_name": "8",
                "models": MAPPED,
                "sign": settings["lrp"]["sign"],
                "rescaling": settings["lrp"]["rescaling"],
                "size": 64,
                "names": labels["names"],
            },
        },
        "plot_choices": {
            "input": {
                name: [f"{SPECTRAL}/clusters/{case}/{name}.csv" for case in (*MAPPED, "joint")]
                for name in ("choices", "results")
            },
            "output": {"choices": figure("spectral/choices")},
            "params": {
                "cases": [*MAPPED, "joint"],
                "names": {
                    **{model: labels["names"][model] for model in MAPPED},
                    "joint": "All together",
                },
            },
        },
        "plot_borders": {
            "input": {
                "borders": f"{RESULTS}/gradcam/borders.csv",
                "layers": [f"{RESULTS}/gradcam/layers/byobnet.csv"],
            },
            "output": {"figure": figure("gradcam/borders")},
            "params": {"models": MODELS, **labels},
        },
        "plot_budgets": {
            "input": {"budgets": [f"{RESULTS}/budgets/byobnet.csv"]},
            "output": {"figure": figure("budgets/kernelshap")},
            "params": {"models": ["byobnet"], **labels},
        },
        "plot_accuracy": {
            "input": {"accuracy": every(f"{RESULTS}/accuracy/{{model}}.csv")},
            "output": {"figure": figure("predictions/transforms")},
            "params": labels,
        },
        "plot_clusters": {
            "input": {
                "dissimilarity": f"{RESULTS}/dissimilarity/{CASE}.csv",
                **{k: v for k, v in CLUSTER_FILES.items() if k != "agreement"},
            },
            "output": {
                name: figure(f"clusters/{CASE}/{name}")
                for name in ("heat_map", "dendrograms", "communities", "embeddings")
            },
            "wildcards": gradcam,
            "params": {"kinds": KINDS, "dissimilarity": "chord", **labels},
        },
    }


SCRIPTS = sorted(path.stem for path in (Path(__file__).parents[2] / "scripts").glob("*.py"))


def named(content: dict | list) -> Namedlist:
    return Namedlist(fromdict=content) if isinstance(content, dict) else Namedlist(toclone=content)


def files_of(content: dict | list) -> list[str]:
    values = content.values() if isinstance(content, dict) else content
    return [path for value in values for path in ([value] if isinstance(value, str) else value)]


OTHERS = {
    "collect_benchmarks": "below",
    "download_weights": "needs a server: tests/unit/test_hub.py",
    "explain_together": "below: the tiny study has no tolerance",
    "fetch_published": "writes nothing of a study: tests/unit/test_replication.py",
    "finetune_model": "below: the tiny study trains its models",
    "forecast": "has no output: tests/workflow/test_forecast.py",
    "initialise_weights": "below, with finetune_model",
    "join_shards": "the tiny study has none: tests/unit/test_shards.py, tests/workflow/test_reruns.py",
    "join_similarities": "the tiny study has one group: tests/scripts/test_tiles.py",
    "replicate": "writes nothing of a study: tests/unit/test_replication.py",
}
"""Scripts that write nothing in the tiny study → where they are tested."""

TIMES = {f"{RESULTS}/budgets/byobnet.csv": "seconds"}
"""File that holds times → their column; the others must be the same."""


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name not in OTHERS])
def test_the_handover_writes_what_the_workflow_wrote(study, script, monkeypatch, tmp_path):
    monkeypatch.chdir(study.root)
    hand_over(script, jobs(tiny())[script], tmp_path / "job.log")


def hand_over(script: str, job: dict, job_log: Path) -> None:
    """Run a script on what the workflow handed it; it writes what it wrote in the workflow."""
    before = {path: Path(path).read_bytes() for path in files_of(job["output"])}
    for path in before:
        Path(path).unlink()
    code = fingerprint(f"{script}.py", *job.get("modules", []))
    snakemake = SimpleNamespace(
        rule=script,
        input=named(job.get("input", {})),
        output=named(job["output"]),
        params=named({**job["params"], "code": code}),
        wildcards=named(job.get("wildcards", {})),
        resources={"gpu": 0},
        threads=1,
        log=[str(job_log)],
    )
    runpy.run_path(
        f"scripts/{script}.py", init_globals={"snakemake": snakemake}, run_name="__main__"
    )
    for path, content in before.items():
        if path in TIMES:
            ours, theirs = (pd.read_csv(file) for file in (path, BytesIO(content)))
            assert (ours.pop(TIMES[path]) > 0).all()
            pd.testing.assert_frame_equal(ours, theirs.drop(columns=TIMES[path]), check_exact=True)
        else:
            assert Path(path).read_bytes() == content, path
    assert "peak memory" in job_log.read_text()


def tiny() -> dict:
    """The tiny study, complete."""
    overlay = yaml.safe_load(Path("tests/workflow/tiny.yaml").read_text())
    return resolve(merged(yaml.safe_load(Path("config.yaml").read_text()), overlay))


def merged(base: dict, changes: dict) -> dict:
    """As Snakemake merges an overlay."""
    return {
        **base,
        **{
            key: merged(base[key], value)
            if isinstance(value, dict) and isinstance(base.get(key), dict)
            else value
            for key, value in changes.items()
        },
    }


def test_collect_benchmarks_hands_over(study, monkeypatch, tmp_path):
    monkeypatch.chdir(study.root)
    snakemake = SimpleNamespace(
        rule="collect_benchmarks",
        output=named({"table": str(tmp_path / "table.csv")}),
        params=named({"folder": f"{RESULTS}/benchmarks"}),
        wildcards=named({}),
        threads=1,
        log=[str(tmp_path / "job.log")],
    )
    runpy.run_path(
        "scripts/collect_benchmarks.py", init_globals={"snakemake": snakemake}, run_name="__main__"
    )
    assert len((tmp_path / "table.csv").read_text().splitlines()) > 40


def test_explaining_together_in_one_round_gives_the_maps_of_explaining_alone(
    study, monkeypatch, tmp_path
):
    monkeypatch.chdir(study.root)
    config = tiny()
    entries = [config["catalogue"][model] for model in MODELS]
    written = [str(tmp_path / f"{model}.nc") for model in MODELS]
    snakemake = SimpleNamespace(
        rule="explain_together",
        input=named(
            {
                "images": f"{RESULTS}/images.parquet",
                "weights": every(f"{RESULTS}/weights/{{model}}.safetensors"),
                "predictions": every(f"{RESULTS}/predictions/{{model}}.parquet"),
                "segments": f"{RESULTS}/segments.nc",
            }
        ),
        output=named(written),
        params=named(
            {
                "number": 4,
                "size": 64,
                "architectures": [
                    {"name": m, "timm": e["timm"], "arguments": e.get("arguments", {})}
                    for m, e in zip(MODELS, entries, strict=True)
                ],
                "settings": {"evaluations": 40, "tolerance": 1.0, "most_evaluations": 80},
                "explanation": config["explanation"],
                "seed": 0,
                "code": "none",
            }
        ),
        wildcards=named({}),
        resources={"gpu": 0},
        threads=1,
        log=[str(tmp_path / "job.log")],
    )
    runpy.run_path(
        "scripts/explain_together.py", init_globals={"snakemake": snakemake}, run_name="__main__"
    )
    for model, path in zip(MODELS, written, strict=True):
        alone = f"{RESULTS}/explanations/kernelshap/{model}.nc"
        with xr.open_dataset(path) as ours, xr.open_dataset(alone) as theirs:
            xr.testing.assert_equal(ours, theirs)
    assert "largest standard error of a mean similarity" in (tmp_path / "job.log").read_text()


def test_random_weights_and_their_fine_tuning_are_those_of_the_workflow(
    study, monkeypatch, tmp_path
):
    monkeypatch.chdir(study.root)
    tuned = f"{RESULTS}/weights/tiny_tuned.safetensors"
    overlay = study.overlay(
        weights="random",
        models=["tiny_twin", "tiny_tuned"],
        catalogue={"tiny_tuned": {"like": "byobnet", "name": "Tuned", "weights": "finetuned"}},
        finetuning={"frozen_epochs": 1, "epochs": 0, "accuracy_at_least": 0},
        budgets={"models": []},
        spectral={"models": []},
        figures={"panels": {"depths": {"models": [], "methods": ["gradcam"]}}},
    )
    # an overlay cannot take a key out of a mapping
    content = yaml.safe_load(overlay.read_text())
    content["borders"]["layers"] = {}
    overlay.write_text(yaml.safe_dump(content))
    run = study.snakemake(tuned, overlay=overlay)
    assert run.status == 0, run.output
    config = resolve(merged(yaml.safe_load(Path("config.yaml").read_text()), content))
    entry = config["catalogue"]["tiny_tuned"]
    architecture = {
        "name": "tiny_tuned",
        "timm": entry["timm"],
        "arguments": entry["arguments"],
    }
    random = f"{RESULTS}/weights/random/tiny_tuned.safetensors"
    common = {"wildcards": {"model": "tiny_tuned"}}
    hand_over(
        "initialise_weights",
        {
            "output": {"weights": random},
            "params": {"architecture": architecture, "seed": 0},
            **common,
        },
        tmp_path / "random.log",
    )
    hand_over(
        "finetune_model",
        {
            "input": {"manifest": DATASET, "weights": random},
            "output": {"weights": tuned},
            "params": {
                "architecture": architecture,
                "settings": config["finetuning"],
                "size": 64,
                "seed": 0,
            },
            **common,
        },
        tmp_path / "tuned.log",
    )


def test_every_script_is_tested(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    tested = jobs(tiny())
    assert not set(tested) & set(OTHERS)
    assert {*tested, *OTHERS} == set(SCRIPTS)
