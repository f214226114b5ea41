"""A study whose names and paths try to be more than that: braces, shell, quotes, entities of HTML.

Tags are refused with the configuration; names of class folders may have them.
"""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

FOLDER = "{model} 'results\" $(touch here) ; x"
CLASS = '$(touch here){model}"'
NAMES = {
    "closing": "&lt;/script&gt; {x}",
    "quoted": "\"a', \\",
    "formula": "$\\frac{a$ 5% _b_ &",
}
RESULTS = Path("results/hostile")


@pytest.fixture
def hostile(checkout):
    """A checkout with such a folder of images, and the overlay of the study."""
    for name in ("<b>a", CLASS):
        for number in range(3):
            path = checkout.root / FOLDER / name / f"{number} <i>.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(path)
    overlay = checkout.overlay(
        study="hostile",
        dataset={"name": "mine", "kind": "folder", "path": FOLDER},
        images={"count": 2},
        models=[*NAMES],
        methods=["gradcam"],
        subsets=["all"],
        catalogue={
            key: {"like": "resnet", "name": name, "training": {"epochs": 0}}
            for key, name in NAMES.items()
        },
        variants={"items": {"method": "gradcam", "sign": "signed"}},
        subsampling={"sizes": [2]},
        neon={"clusters": 2},
        borders={"layers": {"byobnet_brief": []}, "images": 2},
        budgets={"models": []},
        spectral={"models": ["closing"], "class": CLASS, "method": "gradcam"},
        figures={
            "panels": {
                "first": {"count": 0},
                "agreeing": {"count": 0},
                # methods that are called as inputs of the rule, or as methods of Snakemake's lists
                "depths": {"count": 1, "models": [], "methods": ["items"]},
            }
        },
    )
    return checkout, overlay


def test_paths_and_classes_are_laid_out_as_they_are(hostile):
    checkout, overlay = hostile
    manifest = "resources/datasets/mine/manifest.parquet"
    run = checkout.snakemake(manifest, overlay=overlay)
    assert run.status == 0, run.output
    images = pd.read_parquet(checkout.root / manifest)
    assert sorted(set(images["class_name"])) == [CLASS, "<b>a"]
    assert len(images) == 6
    assert not [path for path in checkout.root.rglob("here") if path.is_file()]


def test_every_job_of_such_a_study_can_be_planned(hostile):
    checkout, overlay = hostile
    jobs = checkout.plan(overlay=overlay)
    assert jobs["train_model"] == 3
    assert jobs["plot_panels_depths"] == 1


def test_names_are_in_the_report_as_they_are(hostile):
    checkout, overlay = hostile
    figures = [
        *(f"predictions/{name}" for name in ("accuracy", "agreement", "agreement_scatter")),
        *(f"spectral/closing/{name}" for name in ("embeddings", "spectra", "agreement")),
    ]
    for stem in figures:
        for suffix in ("svg", "png", "csv"):
            path = checkout.root / RESULTS / "figures" / f"{stem}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    targets = [str(RESULTS / "figures" / f"{figures[i]}.svg") for i in (0, 3)]
    run = checkout.snakemake("--report", "report.zip", *targets, overlay=overlay)
    assert run.status == 0, run.output
    with zipfile.ZipFile(checkout.root / "report.zip") as zipped:
        page = zipped.read("report/report.html").decode()
    results = re.search(
        r'<script id="results">\s*var results = (.*?);\s*</script>', page, re.DOTALL
    )
    table = json.loads(results[1])
    printed = json.dumps(table)
    for name in NAMES:
        assert name in printed
    assert any("$(touch here){model}" in str(value) for value in table.values())
    assert "<" not in re.sub(r'"(caption|data_uri)": "(\\.|[^"\\])*"', "", results[1])


def bomb() -> str:
    """Lists of which each refers nine times to the one before it: a billion values."""
    lists = ["&a0 [x]"]
    lists += [f"&a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return f"[{', '.join(lists)}]"


@pytest.mark.parametrize("place", ["overlay", "command line"])
def test_references_without_end_are_refused_before_anything_is_planned(place, checkout):
    overlay = checkout.root / "bomb.yaml"
    overlay.write_text(f"study: hostile\nmodels: {bomb() if place == 'overlay' else '[resnet]'}\n")
    more = () if place == "overlay" else ("--config", f"models={bomb()}")
    run = checkout.snakemake("-n", *more, overlay=overlay, minutes=1)
    assert run.status == 1
    where = str(overlay) if place == "overlay" else "models"
    assert f"{where}: references (*name) make more than 100000 values of it; write" in run.output
    assert "Traceback" not in run.output
