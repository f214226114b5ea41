"""What an explorer's page says, read by Python's parser and decoder instead of the page's own."""

import base64
import json
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np


class Elements(HTMLParser):
    """Scripts, styles and meta elements of a page.

    Attributes:
        texts: id of a script → its text.
        scripts: texts of the scripts that run.
        styles: texts of the styles.
        meta: attributes of the meta elements.
        tags: names of all elements, in order.
        title: of the page.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.meta: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.title = ""
        self._open: tuple[str, dict[str, str | None]] = ("", {})
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self._open = (tag, dict(attrs))
        if tag == "meta":
            self.meta.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._open = ("", {})

    def handle_data(self, data: str) -> None:
        tag, attributes = self._open
        if tag == "script" and attributes.get("id"):
            self.texts[str(attributes["id"])] = data
        elif tag == "script":
            self.scripts.append(data)
        elif tag == "style":
            self.styles.append(data)
        elif tag == "title":
            self.title += data


class Page:
    """Contents and blocks of a page.

    Attributes:
        elements: of the page.
        contents: of the study.
    """

    def __init__(self, path: Path, prefix: str = "") -> None:
        self.elements = Elements(path.read_text(encoding="utf-8"))
        self.prefix = prefix
        self.contents: dict[str, Any] = json.loads(self.elements.texts[f"{prefix}contents"])

    def pieces(self, name: str) -> list[bytes]:
        """Decoded pieces of a block."""
        text = self.elements.texts[f"{self.prefix}block-{name}"]
        places = self.contents["blocks"][name]["pieces"]
        return [base64.b64decode(text[start : start + length]) for start, length in places]

    def rows(self, name: str) -> np.ndarray:
        """Numbers of a block, NaN where they are missing."""
        block = self.contents["blocks"][name]
        raw = b"".join(zlib.decompress(piece, -15) for piece in self.pieces(name))
        codes = np.frombuffer(raw, np.dtype(block["kind"]).newbyteorder("<")).reshape(
            block["shape"]
        )
        values = codes.astype(float)
        if block["kind"] in ("int8", "int16"):
            values[codes == np.iinfo(codes.dtype).min] = np.nan
        scale = block.get("scale", 1)
        return values * (self.rows(scale) if isinstance(scale, str) else scale)
