"""Hooks, continuous integration, forms, image and versions say what the Makefile says."""

import os
import re
import subprocess

import pytest
import yaml

from tests.support.checkout import REPOSITORY

FORMS = sorted(
    path for path in (REPOSITORY / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"
)
RELEASES = REPOSITORY / "docs/contributing/releases.md"
# The kinds of part that a form of GitHub may have.
PARTS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def recipe(target: str) -> list[str]:
    """Commands of a target of the Makefile, as make would run them where nothing is made yet."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "--no-print-directory", target],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_hooks_are_the_linters_of_make_lint():
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    (local,) = config["repos"]
    assert local["repo"] == "local"
    entries = [hook["entry"] for hook in local["hooks"]]
    # of this checkout, not what happens to be installed
    assert all(entry.startswith((".venv/bin/", ".ci/")) for entry in entries)
    linters = recipe("lint")[len(recipe("setup")) :]
    assert [entry.removeprefix(".venv/bin/") for entry in entries] == linters


def test_the_image_is_set_up_like_any_machine():
    lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
    steps = [line.removeprefix("RUN ") for line in lines if line.startswith("RUN ")]
    # the first installs what the image lacks; make's first says which Python is too old
    version, *setup = recipe("setup")
    assert "version_info" in version
    assert steps[1:] == setup


def test_the_base_image_has_a_python_that_the_project_takes():
    found = re.search(r"^FROM python:(\d+)\.(\d+)", (REPOSITORY / "Dockerfile").read_text(), re.M)
    assert (int(found[1]), int(found[2])) >= (3, 11)


def test_continuous_integration_runs_what_any_machine_runs():
    workflow = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == [".ci/run"]
    assert os.access(REPOSITORY / ".ci/run", os.X_OK)
    # nothing that a pull request brings can write to the repository
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_every_form_can_be_filled_in(path):
    form = yaml.safe_load(path.read_text())
    assert form["name"]
    assert form["description"]
    assert {part["type"] for part in form["body"]} <= PARTS
    ids = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(ids) == len(set(ids))
    assert all(part["attributes"]["label"] for part in form["body"] if "id" in part)
    assert any(part.get("validations", {}).get("required") for part in form["body"])


@pytest.mark.parametrize(
    "path",
    [*FORMS, REPOSITORY / ".github/pull_request_template.md", REPOSITORY / "Dockerfile"],
    ids=lambda path: path.stem,
)
def test_what_forms_and_image_name_exists(path):
    text = path.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.M))
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert target in targets, target
    for name in re.findall(r"\b(?:[A-Z]+\.md|config\.yaml|requirements\.lock)\b", text):
        assert (REPOSITORY / name).is_file(), name
    for name in re.findall(r"\b(?:tests|studies)/[\w./]+\w", text):
        assert (REPOSITORY / name).exists() or name == "studies/mine.yaml", name


def version() -> str:
    found = re.search(
        r'^version = "(.+)"$', (REPOSITORY / "pyproject.toml").read_text(), re.MULTILINE
    )
    return found[1]


def test_the_version_is_one_in_all_files():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation["version"] == version()
    newest = re.search(r"^## \[(.+?)\]", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == version()


def bibtex() -> dict[str, str]:
    """Fields of the BibTeX entry of the page of releases."""
    block = re.search(r"^```bibtex\n(.+?)^```", RELEASES.read_text(), re.MULTILINE | re.DOTALL)[1]
    return dict(re.findall(r"^ +(\w+) += \{(.+)\},$", block, re.MULTILINE))


def test_the_bibtex_entry_is_that_of_the_citation_file():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    entry = bibtex()
    # authors are a group, whose name is not torn into a first and a last name: doubled braces
    (group,) = citation["authors"]
    assert set(group) == {"name"}
    assert entry["author"] == f"{{{group['name']}}}"
    assert entry["title"].replace("{", "").replace("}", "") == citation["title"]
    assert entry["version"] == citation["version"]


def test_the_code_of_conduct_says_where_to_turn():
    text = (REPOSITORY / "CODE_OF_CONDUCT.md").read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (REPOSITORY / target).is_file()
    assert "Reporting a vulnerability" in (REPOSITORY / "SECURITY.md").read_text()
