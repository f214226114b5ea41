"""Units of the explorer's page that are tested in JavaScript: `page/*.test.mjs`, run by node."""

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


@pytest.mark.parametrize("file", sorted(PAGE.glob("*.js")), ids=lambda file: file.name)
def test_modules_are_valid(file: Path) -> None:
    done = subprocess.run([node(), "--check", str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
