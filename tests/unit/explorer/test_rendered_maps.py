"""The numbers that the page's maps are tested against are what the library's bases make."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thinkalike.clustering.spectral.prototypes import UnitMaps
from thinkalike.compare.bases import Basis, Cells, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.plotting.panels import overlay

RENDERED = Path(__file__).parent / "page" / "rendered_maps.json"
GRIDS = {
    "one cell": Grid(1, 1, 3, 2),
    "a grid": Grid(3, 4, 7, 9),
    "more cells than pixels": Grid(5, 2, 4, 5),
    "as many cells as pixels": Grid(4, 4, 4, 4),
}
CELLS = {"cells": Cells(3, 2, 7, 5), "pixels": Cells(4, 3, 4, 3)}


def _case(name: str, basis: Basis, kind: str, shape: tuple[int, int]) -> dict[str, Any]:
    values = np.random.default_rng(len(name)).normal(size=basis.size).round(3)
    case = {
        "name": name,
        "basis": {"kind": kind, "rows": shape[0], "columns": shape[1]},
        "values": values.tolist(),
        "width": basis.width,
        "height": basis.height,
        "pixels": render(Maps(values[None], (basis,)), 0).ravel().tolist(),
    }
    if isinstance(basis, Segments):
        labels = basis.labels.ravel().tolist()
        case["labels"] = {"labels": labels, "height": basis.height, "width": basis.width}
    return case


def rendered_maps() -> dict[str, Any]:
    """Maps rendered, laid over an image and averaged by the library."""
    random = np.random.default_rng(0)
    segments = Segments(random.choice([0, 1, 3, 4], size=(6, 5)))  # 2 has no pixel
    values = random.normal(size=(6, 5)).round(3)
    image = random.integers(0, 256, (6, 5, 3), np.uint8)
    colours = 255 * overlay(image, values)
    unit = UnitMaps([Maps(random.normal(size=(3, 6)).round(3), (Pixels(2, 3),))])
    maps = [unit.render(place).ravel() for place in range(3)]
    cosine = maps[0] @ maps[1] / (np.linalg.norm(maps[0]) * np.linalg.norm(maps[1]))
    return {
        "rendered": [
            *(_case(name, grid, "grid", (grid.rows, grid.columns)) for name, grid in GRIDS.items()),
            *(
                _case(name, cell, "cells", (cell.rows, cell.columns))
                for name, cell in CELLS.items()
            ),
            _case("superpixels", segments, "segments", (0, 0)),
        ],
        "overlay": {
            "values": values.ravel().tolist(),
            "full": float(np.quantile(np.abs(values), 0.995)),
            "picture": np.dstack([image, np.full((6, 5), 255)]).ravel().tolist(),
            "colours": colours.round(3).ravel().tolist(),
        },
        "consensus": {
            "maps": [one.tolist() for one in maps],
            "mean": unit.mean(np.arange(3)).ravel().tolist(),
            "cosine": float(cosine),
        },
    }


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, each in items for k, v in _leaves(each, f"{path}/{key}").items()}
    return {path: value}


def test_committed_numbers_are_those_of_the_library() -> None:
    committed, now = _leaves(json.loads(RENDERED.read_text())), _leaves(rendered_maps())
    assert committed.keys() == now.keys()
    for path, value in now.items():
        expected = value if isinstance(value, str) else pytest.approx(value, abs=1e-9)
        assert committed[path] == expected, path


if __name__ == "__main__":  # python -m tests.unit.explorer.test_rendered_maps writes them anew
    RENDERED.write_text(json.dumps(rendered_maps()) + "\n")
