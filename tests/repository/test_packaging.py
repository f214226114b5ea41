"""The library can be installed: what the wheel holds, and that it works outside a checkout."""

import json
import os
import statistics
import subprocess
import sys
import zipfile
from email import message_from_string
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.support.checkout import REPOSITORY, repository_files

# What an installed copy does with its data files: schema, catalogue, costs, style sheet.
USE = """
import json, sys
from pathlib import Path
import thinkalike
assert Path(thinkalike.__file__).is_relative_to(sys.argv[1]), thinkalike.__file__
from thinkalike.workflow.config.resolve import resolve
given = json.loads(sys.stdin.read())
study = resolve(given)
assert study["catalogue"][study["models"][0]]["timm"]
from thinkalike.workflow.forecast import costs
assert costs.MEASURED.read_text()
from thinkalike.plotting import style
assert style.STYLE_SHEET.is_relative_to(sys.argv[1])
from thinkalike.neon import Neon
assert Neon.__module__ == "thinkalike.neon.estimator"
from thinkalike.defaults import default_study
assert default_study() == given
"""

# Processor seconds of the import, and which of the heavy packages it has imported.
LIGHT = """
import sys, time
start = time.process_time()
import thinkalike
print(time.process_time() - start, *{"numpy", "pandas", "torch"} & set(sys.modules))
"""


def python(code: str, *arguments: str, **options: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling builds the wheel, and is not there: make setup")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    done = subprocess.run(
        [*build, "--wheel-dir", folder, REPOSITORY], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_library_with_its_data_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    library = {name for name in repository_files() if name.startswith("thinkalike/")}
    assert held == library | {"thinkalike/config.yaml"}


def test_what_the_workflow_and_its_developers_need_are_extras(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = message_from_string(archive.read(name).decode())
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert set(metadata.get_all("Provides-Extra")) == {"workflow", "docs", "dev"}
    needed = metadata.get_all("Requires-Dist")
    of_the_library = [line for line in needed if "extra ==" not in line]
    assert "lazy-loader>=0.6" in of_the_library
    assert not any(line.startswith(("snakemake", "pytest")) for line in of_the_library)
    assert any(line.startswith("snakemake") for line in needed)


def test_an_installed_copy_finds_its_data_outside_a_checkout(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            archive.extract(name, tmp_path / "installed")
    study = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    python(
        USE,
        str(tmp_path / "installed"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        input=json.dumps(study),
    )


def test_importing_the_library_imports_nothing_heavy_and_takes_less_than_a_tenth_of_a_second():
    seconds = []
    for _ in range(5):
        taken, *imported = python(LIGHT, cwd=REPOSITORY).split()
        assert imported == []
        seconds.append(float(taken))
    assert statistics.median(seconds) < 0.1


@pytest.mark.parametrize("package", ["thinkalike", "thinkalike.compare", "thinkalike.neon"])
def test_every_name_that_a_package_loads_lazily_is_there(package):
    code = f"""
import {package} as package
missing = [name for name in package.__all__ if getattr(package, name, None) is None]
assert package.__all__ and not missing, missing
assert set(package.__all__) <= set(dir(package))
"""
    python(code, cwd=REPOSITORY, env={**os.environ, "EAGER_IMPORT": ""})


@pytest.mark.parametrize("name", [".venv", ".snakemake"])
def test_an_environment_that_is_a_link_is_ignored_like_a_folder(tmp_path, name):
    """Several checkouts may share one environment, and records may lie on another disk."""
    (tmp_path / ".gitignore").write_text((REPOSITORY / ".gitignore").read_text())
    (tmp_path / name).symlink_to(REPOSITORY / "docs")
    for command in (["init", "--quiet"], ["check-ignore", "--quiet", name]):
        assert not subprocess.run(["git", *command], cwd=tmp_path).returncode
