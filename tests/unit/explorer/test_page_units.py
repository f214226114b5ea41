"""Units of the explorer's page that are tested in JavaScript: `page/*.test.mjs`, run by node."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.page_modules import PAGE, node

FILES = sorted((Path(__file__).parent / "page").glob("*.test.mjs"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".test.mjs"))
def test_units_in_javascript(file: Path) -> None:
    done = subprocess.run(
        [node(), "--test", "--test-reporter=spec", str(file)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tests 0" not in done.stdout, "the file has no test"


def test_modules_can_be_imported() -> None:
    """Every module is valid, and what it imports is there; the first module is run by a page alone."""
    modules = [file.as_uri() for file in sorted(PAGE.glob("*.js")) if file.name != "main.js"]
    script = f"await Promise.all({json.dumps(modules)}.map((module) => import(module)))"
    command = [node(), "--input-type=module", "--eval", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
