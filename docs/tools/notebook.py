"""Run the notebooks of the documentation and keep what they print: `python -m docs.tools.notebook`.

A notebook that reads a study (`thinkalike.study` in its metadata) is left as it is where there is none.
Cells run in one namespace, in order. Of the last line of a cell, if it is an expression, the notebook
keeps text, HTML and picture, as Jupyter does.
"""

import ast
import base64
import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "docs" / "guides"


def execute(notebook: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A notebook with the outputs of its code cells, run in a folder."""
    space: dict[str, Any] = {"__name__": "__main__"}
    before = Path.cwd()
    os.chdir(folder)
    try:
        cells = [_executed(cell, space) for cell in notebook["cells"]]
    finally:
        os.chdir(before)
    return {**notebook, "cells": cells}


def _executed(cell: dict[str, Any], space: dict[str, Any]) -> dict[str, Any]:
    if cell["cell_type"] != "code":
        return cell
    tree = ast.parse("".join(cell["source"]))
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "notebook", "exec"), space)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "notebook", "eval"), space)
    outputs: list[dict[str, Any]] = []
    if text := printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if value is not None:
        shown = {"output_type": "execute_result", "execution_count": None, "metadata": {}}
        outputs.append({**shown, "data": _data(value)})
    return {**cell, "outputs": outputs}


def _data(value: Any) -> dict[str, str]:
    """What a notebook shows of a value, by type."""
    data = {"text/plain": repr(value)}
    if hasattr(value, "savefig"):
        buffer = io.BytesIO()
        value.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
        return {**data, "image/png": base64.b64encode(buffer.getvalue()).decode()}
    html = getattr(value, "_repr_html_", lambda: None)()
    return data if html is None else {**data, "text/html": html}


def main() -> None:
    """Run all notebooks, in an empty folder or beside the study that they read, and keep their outputs."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        study = notebook["metadata"].get("thinkalike", {}).get("study")
        if study and not (ROOT / study / "verdict.md").exists():
            print(f"{path.name} is left as it is: it reads {study}, which `make demo` makes")
            continue
        with tempfile.TemporaryDirectory() as folder:
            executed = execute(notebook, ROOT if study else Path(folder))
        path.write_text(json.dumps(executed, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
