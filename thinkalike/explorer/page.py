"""One HTML file of contents and blocks: no request to anywhere, and nothing in it that is not its own."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thinkalike.explorer.blocks import Blocks
from thinkalike.explorer.bundle import PAGE, joined_modules
from thinkalike.stores.atomic import atomic

PLACE = re.compile(r"\{\{(\w+)\}\}")
"""A place of the template that is filled."""


def write_page(
    path: str | Path, studies: Sequence[tuple[Mapping[str, Any], Blocks]], title: str
) -> None:
    """Write the explorer of a study, or of two.

    The first study's contents stand in the element `contents` and its blocks in `block-NAME`, those of a
    second in `other-contents` and `other-block-NAME`.

    Args:
        path: of the HTML file.
        studies: contents (`page/types.js`) and blocks of each.
        title: of the page.
    """
    import vl_convert

    style = (PAGE / "page.css").read_text(encoding="utf-8")
    # without a snippet of ours: all of Vega, Vega-Lite and vega-embed, as globals
    vega = closed(vl_convert.javascript_bundle())  # type: ignore[call-arg]
    script = closed(joined_modules())
    contents, blocks = [], []
    for prefix, (about, packed) in zip(("", "other-"), studies, strict=False):
        text = json_text({**about, "blocks": packed.entries})
        contents.append(f'<script type="application/json" id="{prefix}contents">{text}</script>')
        blocks += [
            f'<script type="text/plain" id="{prefix}block-{html.escape(name)}">{text}</script>'
            for name, text in packed.texts()
        ]
    filling = {
        "policy": policy(scripts=[vega, script], styles=[style]),
        "title": html.escape(title),
        "style": style,
        "vega": vega,
        "page": script,
        "contents": "\n".join(contents),
        "blocks": "\n".join(blocks),
    }
    template = (PAGE / "page.html").read_text(encoding="utf-8")
    # in one pass: what a study's names look like is not filled in again
    page = PLACE.sub(lambda place: filling[place[1]], template)
    with atomic(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Content-Security-Policy of a page with these texts as its scripts and styles, and no request."""
    rules = {
        "default-src": ["'none'"],
        "script-src": [_source(text) for text in scripts],
        "style-src": [_source(text) for text in styles],
        "img-src": ["data:", "blob:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(" ".join([name, *sources]) for name, sources in rules.items())


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def closed(script: str) -> str:
    """A script in which nothing ends the element that it stands in, and no line ends by a return."""
    text = script.replace("\r\n", "\n").replace("\r", "\n")
    text = re.sub(r"</(?=script)", r"<\\/", text, flags=re.IGNORECASE)
    return text.replace("<!--", r"<\!--")


def json_text(value: Any) -> str:
    """JSON that can stand in a script element: no sign in it begins a tag."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
