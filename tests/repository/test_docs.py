"""The documentation keeps up with what it documents."""

import re
from pathlib import Path

import pytest

from docs.tools.generate import PAGE, page

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def test_the_configuration_page_is_generated_from_the_schema():
    assert PAGE.read_text() == page(), "run make docs"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_path_in_code_style_exists(path):
    # `results/…` and names with placeholders are made by runs
    for name in re.findall(
        r"`((?:scripts|rules|thinkalike|studies|envs|profiles)/[\w./]+)`", path.read_text()
    ):
        assert (ROOT / name).exists(), name
