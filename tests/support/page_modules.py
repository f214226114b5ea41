"""Functions of the explorer's page, called from Python: node runs them, arguments and results are JSON."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "thinkalike" / "explorer" / "page"
CALL = """
import { readFileSync } from "node:fs";
const { module, name, given } = JSON.parse(readFileSync(0, "utf8"));
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
const result = await (await import(module))[name](...given);
process.stdout.write(JSON.stringify(result === undefined ? null : result, plain));
"""


def node() -> str:
    """Program that runs JavaScript outside a browser; the test skips where there is none."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed (Debian, Ubuntu: apt-get install nodejs)")
    return program


def call(module: str, name: str, *given: Any) -> Any:
    """Call a function of a module of the page.

    Args:
        module: file name in `thinkalike/explorer/page`.
        name: of the function, which the module exports.
        given: its arguments, as JSON can say them; None stands for a missing number.

    Returns:
        What JSON can say of its result; NaN comes as None.
    """
    order = {"module": (PAGE / module).as_uri(), "name": name, "given": given}
    command = [node(), "--input-type=module", "--eval", CALL]
    done = subprocess.run(
        command, input=json.dumps(order), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
