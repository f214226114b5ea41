"""The Python of the documentation runs as it is written."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import xarray as xr
import yaml
from PIL import Image

from docs.tools.notebook import execute
from tests.support.checkout import REPOSITORY, Checkout
from tests.support.configuration import configuration
from thinkalike.attributions import ATTRIBUTIONS
from thinkalike.images.loading import open_image
from thinkalike.workflow.study import Study


def snippets(page: str) -> list[str]:
    """Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```", (REPOSITORY / page).read_text(), re.M | re.S)


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, text=True, capture_output=True)


@pytest.mark.parametrize("code", snippets("docs/guides/your-own-model.md"))
def test_what_a_page_shows_of_the_library_runs(code):
    done = run(code, REPOSITORY)
    assert done.returncode == 0, done.stderr


# What the ten lines of README have before them: a folder of pictures and a network.
BEFORE = """
import sys
sys.path.insert(0, sys.argv[1])
import torch
torch.manual_seed(0)
my_network = torch.nn.Sequential(
    torch.nn.Conv2d(3, 8, 7, stride=4),
    torch.nn.ReLU(),
    torch.nn.AdaptiveAvgPool2d(1),
    torch.nn.Flatten(),
    torch.nn.Linear(8, 2),
)
"""
SMALLER = {"size=224": "size=32", "resnet50": "resnet10t", "evaluations=350": "evaluations=60"}


def ten_lines(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "photos").mkdir()
    draws = np.random.default_rng(0)
    for number in range(2):
        picture = Image.fromarray(draws.integers(0, 255, (6, 6, 3), np.uint8))
        picture.resize((240, 180)).save(folder / f"photos/{number}.jpg")
    command = [sys.executable, "-c", BEFORE + code, str(REPOSITORY)]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True)


def check_ten_lines(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert done.returncode == 0, done.stderr
    assert "Mine" in done.stdout
    assert (folder / "heat_map.svg").stat().st_size > 1000
    with xr.open_dataset(folder / "result.nc") as file:
        assert file["similarity"].sizes == {"image": 2, "model_a": 2, "model_b": 2}


def test_the_ten_lines_of_the_front_page_run_with_small_images(tmp_path):
    (code,) = snippets("README.md")
    for long, short in SMALLER.items():
        assert long in code
        code = code.replace(long, short)
    check_ten_lines(ten_lines(code, tmp_path), tmp_path)


@pytest.mark.slow
def test_the_ten_lines_of_the_front_page_run_as_they_are_written(tmp_path):
    (code,) = snippets("README.md")
    check_ten_lines(ten_lines(code, tmp_path), tmp_path)


@pytest.mark.parametrize("code", snippets("docs/guides/from-a-notebook.md"))
def test_what_the_guide_to_notebooks_shows_runs(code, tmp_path):
    done = ten_lines(code, tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_cells_of_the_notebook_run_in_their_order(tmp_path):
    (tmp_path / "photos").mkdir()
    notebook = json.loads((REPOSITORY / "docs/guides/ten-lines.ipynb").read_text())
    executed = execute(notebook, tmp_path)
    for cell, again in zip(notebook["cells"], executed["cells"], strict=True):
        assert kinds(again) == kinds(cell), cell["source"]


def test_the_notebook_that_reads_a_study_reads_any(finished: Checkout):
    text = (REPOSITORY / "docs/guides/read-a-study.ipynb").read_text()
    notebook = json.loads(text.replace("results/digits", "results/tiny"))
    executed = execute(notebook, finished.root)
    for cell, again in zip(notebook["cells"], executed["cells"], strict=True):
        assert kinds(again) == kinds(cell), cell["source"]


def kinds(cell: dict) -> list[list[str]]:
    """Types of what a cell shows."""
    return [sorted(output.get("data", {"text": ""})) for output in cell.get("outputs", [])]


def test_images_of_16_bits_are_made_into_those_of_8_as_the_guide_says(tmp_path):
    deep = np.random.default_rng(0).integers(0, 65536, (6, 5, 3), np.uint16)
    deep[0, 0], deep[0, 1] = 0, 65535
    (tmp_path / "deep_images" / "cat").mkdir(parents=True)
    tifffile.imwrite(tmp_path / "deep_images" / "cat" / "1.tif", deep)
    (code,) = snippets("docs/guides/your-own-images.md")
    done = run(code, tmp_path)
    assert done.returncode == 0, done.stderr
    found = np.asarray(open_image(tmp_path / "my_images" / "cat" / "1.png"))
    assert np.abs(found / 255 - deep / 65535).max() <= 0.5 / 255 + 1e-12


def test_a_method_from_a_file_is_explained_by_as_any_method_says(tmp_path, monkeypatch):
    method, library = snippets("docs/guides/any-method.md")
    (tmp_path / "methods").mkdir()
    (tmp_path / "methods" / "mine.py").write_text(method)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    done = run(library, tmp_path)
    assert done.returncode == 0, done.stderr
    gap, *table = done.stdout.splitlines()
    assert gap.startswith("[")
    assert table[0].split() == ["resnet10t", "resnet14t"]
    # and the overlay of the page is a study
    (overlay,) = re.findall(
        r"^```yaml\n(.*?)^```", (REPOSITORY / "docs/guides/any-method.md").read_text(), re.M | re.S
    )
    monkeypatch.chdir(tmp_path)
    study = Study.of(configuration(**yaml.safe_load(overlay)))
    assert study.with_maps == ["gradcam", "saliency", "saliency_smooth", "occlusion", "mine"]


def test_the_table_of_attributions_is_that_of_the_library():
    rows = re.findall(
        r"^\| `([A-Z]\w+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$",
        (REPOSITORY / "docs/guides/any-method.md").read_text().split("### What is refused")[0],
        re.M,
    )
    assert [name for name, *_ in rows] == list(ATTRIBUTIONS)
    for name, arguments, passes, promise in rows:
        row, given = ATTRIBUTIONS[name], re.findall(r"`(\w+)`", arguments)
        assert given == list(row.arguments), name
        assert ("(needed)" in arguments) == bool(row.required), name
        assert bool(promise.strip()) == row.complete, name
        if passes.strip() in "24":
            assert row.passes({}, 64, 30) == int(passes), name


@pytest.mark.parametrize("code", snippets("docs/contributing/how-it-is-built.md"))
def test_a_script_is_called_from_python_as_the_page_says(code, finished: Checkout, tmp_path):
    study = tmp_path / "checkout"
    for folder in ("scripts", "thinkalike"):
        shutil.copytree(REPOSITORY / folder, study / folder)
    for files in ("similarity/gradcam", "chance/gradcam"):
        shutil.copytree(finished.root / "results/tiny" / files, study / "results/digits" / files)
    done = run(code, study)
    assert done.returncode == 0, done.stderr
    made = (study / "results/try/all.csv").read_text()
    assert made == (finished.root / "results/tiny/dissimilarity/gradcam/cosine/all.csv").read_text()
