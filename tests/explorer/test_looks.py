"""How the views look, loosely: small grey pictures of them beside those that somebody has looked at.

`LOOKS=new python -m pytest tests/explorer/test_looks.py` makes them anew, to be looked at (`looks.png`:
views side by side, light above dark).
"""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tests.explorer.conftest import VIEWS, Visit
from tests.support.explorer_study import key_of

SHEET = Path(__file__).with_name("looks.png")
WIDTH, HEIGHT = 64, 40
"""Pixels of a picture, so few that the letters of another machine leave hardly a trace."""
DIFFERENT = 12
"""Mean difference of two pictures, of 255 greys, from which on a view looks otherwise."""
Start = Callable[..., Visit]


def test_views_look_as_they_did(visit: Start) -> None:
    looks = np.concatenate([looks_of(visit(theme=theme)) for theme in ("light", "dark")])
    if os.environ.get("LOOKS") == "new":
        Image.fromarray(looks).save(SHEET)
    with Image.open(SHEET) as sheet:
        expected = np.asarray(sheet)
    difference = np.abs(looks.astype(float) - expected)
    tiles = difference.reshape(2, HEIGHT, len(VIEWS), WIDTH).mean((1, 3))
    found = {view: tiles[:, place].round(1).tolist() for place, view in enumerate(VIEWS)}
    assert tiles.max() < DIFFERENT, found


def test_pictures_of_two_views_differ() -> None:
    """The bound is small enough to tell most views from each other."""
    with Image.open(SHEET) as sheet:
        light = np.asarray(sheet)[:HEIGHT].reshape(HEIGHT, len(VIEWS), WIDTH).astype(float)
    apart = [
        np.abs(light[:, one] - light[:, other]).mean() > DIFFERENT
        for one in range(len(VIEWS))
        for other in range(one)
    ]
    assert np.mean(apart) > 0.7


def looks_of(shown: Visit) -> np.ndarray:
    """Small grey pictures of the first screen of every view, side by side."""
    shown.open()
    pictures = []
    for view in VIEWS:
        group = f"&group={key_of(0)},{key_of(2)}" if view == "models" else ""
        shown.go(f"view={view}&a={key_of(0)}&b={key_of(1)}{group}", view)
        shown.page.wait_for_timeout(400)  # pictures come when their place is seen
        with Image.open(BytesIO(shown.page.screenshot())) as screen:
            small = screen.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BOX)
        pictures.append(np.asarray(small))
    return np.concatenate(pictures, axis=1)
