"""The `main` of a script of the workflow, called as a function."""

import runpy
from collections.abc import Callable
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"


def main_of(script: str) -> Callable[..., None]:
    """`main` of `scripts/<script>.py`."""
    return runpy.run_path(str(SCRIPTS / f"{script}.py"), run_name="imported")["main"]
