"""Families of models with the colours and markers that they have in all figures."""

from typing import Any

import pandas as pd

from thinkalike.plotting import style

SYMBOLS = {
    "o": "circle",
    "s": "square",
    "D": "diamond",
    "^": "triangle-up",
    "v": "triangle-down",
    "P": "cross",
    "X": "cross",
    "p": "triangle-right",
    "h": "triangle-left",
    "*": "stroke",
}
"""Marker of matplotlib → symbol of Vega."""


def families(models: pd.DataFrame) -> list[dict[str, Any]]:
    """Families of a table of models as `Family` of `page/types.js`, in the order of figures."""
    known = models["family"].astype(object).fillna("").astype(str)
    labels = {model: family for model, family in zip(models["model"], known, strict=True) if family}
    with style.styled(labels):
        present = set(labels.values())
        return [
            {
                "key": family,
                "title": style.FAMILY_NAMES[family],
                "colour": colour,
                "symbol": SYMBOLS[style.FAMILY_MARKERS[family]],
            }
            for family, colour in style.FAMILY_COLOURS.items()
            if family in present
        ]
