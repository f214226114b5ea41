"""How objects print themselves: as text, and as HTML where a notebook shows them."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd
from PIL import Image

SHOWN = 8
"""Pictures in a row, and names in a line."""
SIDE = 72
"""Pixels of a picture's side."""


def listed(names: Sequence[str], most: int = SHOWN) -> str:
    """Names with commas between them; of many the first ones and their number."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])}, … ({len(names)})"


def text(title: str, facts: Mapping[str, object], table: pd.DataFrame | None = None) -> str:
    """A title, facts line by line, and a table under them."""
    width = max(map(len, facts), default=0)
    lines = [title, *(f"  {name:{width}}  {value}" for name, value in facts.items())]
    if table is not None and len(table):
        lines += ["", table.to_string(max_rows=20, float_format=_number)]
    return "\n".join(lines)


def html(
    title: str, facts: Mapping[str, object], table: pd.DataFrame | None = None, below: str = ""
) -> str:
    """HTML of a title, facts row by row, and a table under them; all text is escaped but `below`."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{escape(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    parts = [f"<p><b>{escape(title)}</b></p><table>{rows}</table>"]
    if table is not None and len(table):
        parts.append(table.to_html(max_rows=20, border=0, float_format=_number))
    return f"<div>{''.join(parts)}{below}</div>"


def thumbnails(pixels: np.ndarray, names: Sequence[str]) -> str:
    """The first images (N, size, size, 3) uint8 in a row, as HTML, with their names as titles."""
    pictures = []
    for image, name in zip(pixels[:SHOWN], names, strict=False):
        buffer = io.BytesIO()
        Image.fromarray(image).resize((SIDE, SIDE)).save(buffer, "PNG")
        code = base64.b64encode(buffer.getvalue()).decode()
        title = escape(name, quote=True)
        source = f"data:image/png;base64,{code}"
        pictures.append(f'<img src="{source}" title="{title}" alt="{title}" style="margin:2px">')
    return f"<div>{''.join(pictures)}</div>"


def _number(value: float) -> str:
    return f"{value:.3f}"
