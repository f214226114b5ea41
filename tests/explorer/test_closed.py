"""The explorer asks nothing of anybody: its policy forbids requests and foreign code; and what it saves."""

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.explorer.conftest import VIEWS, Visit
from tests.support.explorer_study import key_of

Start = Callable[..., Visit]
PNG = b"\x89PNG\r\n\x1a\n"

FORBIDDEN = {
    "fetch": "fetch('http://127.0.0.1:9/x').then(() => 'done', () => 'refused')",
    "picture": """new Promise((end) => {
        const picture = new Image();
        picture.onload = () => end('done');
        picture.onerror = () => end('refused');
        picture.src = 'http://127.0.0.1:9/x.png';
    })""",
    "script": """new Promise((end) => {
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 1';
        document.head.append(script);
        end(window.hacked ? 'done' : 'refused');
    })""",
    # later: what a test itself evaluates may evaluate text
    "code from text": """new Promise((end) => setTimeout(() => {
        try { end(window.eval("'done'")); } catch { end('refused'); }
    }))""",
    "a handler in markup": """(() => {
        const place = document.createElement('div');
        place.innerHTML = '<button onclick="window.hacked = 1"></button>';
        document.body.append(place);
        place.firstChild.click();
        return window.hacked ? 'done' : 'refused';
    })()""",
    "a frame": """new Promise((end) => {
        const frame = document.createElement('iframe');
        document.addEventListener('securitypolicyviolation', () => end('refused'));
        frame.src = 'http://127.0.0.1:9/';
        frame.onload = () => setTimeout(() => end('done'), 1000);
        document.body.append(frame);
    })""",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_policy_forbids(what: str, visit: Start) -> None:
    shown = visit()
    page = shown.open()
    assert page.evaluate(FORBIDDEN[what]) == "refused"
    # the browser's own messages on what it refused are what we wanted
    assert all(
        "Content Security Policy" in error or "unsafe-eval" in error for error in shown.errors
    )
    shown.errors.clear()
    shown.requests.clear()


@pytest.mark.parametrize("view", VIEWS[1:])
def test_what_a_view_saves(view: str, visit: Start, tmp_path: Path) -> None:
    shown = visit(accept_downloads=True)
    page = shown.open(f"view={view}&a={key_of(0)}&b={key_of(1)}")
    saved = {}
    for kind in ("svg", "png", "table"):
        page.click("#save")
        button = page.locator(f"[data-save={kind}]")
        assert button.is_enabled(), kind
        with page.expect_download() as download:
            button.click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        saved[kind] = path
    assert ElementTree.fromstring(saved["svg"].read_text("utf-8")).tag.endswith("svg")
    assert saved["png"].read_bytes().startswith(PNG)
    header, *rows = csv.reader(StringIO(saved["table"].read_text("utf-8")))
    assert rows
    assert {len(row) for row in rows} == {len(header)}
