"""The site is built without a warning, its links lead somewhere, and its pages ask for nothing outside."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.tools.docstrings import prepare
from docs.tools.markers import with_part
from docs.tools.method_cards import parts
from thinkalike.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = re.compile(r"(url\(|@import)\s*['\"]?(https?:)?//")
"""What loads from another place, in a style sheet."""
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}
"""Tag → attribute whose address a browser loads by itself."""


class Page(HTMLParser):
    """Addresses that a page loads, those that it links to, and its own anchors."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in LOADED and LOADED[tag] in given:
            self.loaded.append(given[LOADED[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "html"
    command = ["-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", str(folder)]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Pages of the site: not the explorer, which has tests of its own, nor what the theme copies."""
    paths = (path for path in site.rglob("*.html") if path != site / "explorer.html")
    return {path: Page(path) for path in paths if "_static" not in path.parts}


@pytest.mark.slow
def test_every_page_of_docs_is_a_page_of_the_site(site):
    sources = [path for suffix in ("md", "ipynb") for path in (ROOT / "docs").rglob(f"*.{suffix}")]
    for path in sources:
        name = path.relative_to(ROOT / "docs")
        if name.parts[0] != "_build":
            assert (site / name.with_suffix(".html")).exists(), name


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(pages):
    for path, page in pages.items():
        for link in {*page.links, *page.loaded}:
            address = urlsplit(link)
            if address.scheme:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            assert target.exists(), f"{path.name}: {link}"
            if address.fragment and target in pages:
                assert unquote(address.fragment) in pages[target].anchors, f"{path.name}: {link}"


@pytest.mark.slow
def test_no_page_of_the_site_loads_anything_from_outside(site, pages):
    for path, page in pages.items():
        for address in page.loaded:
            assert urlsplit(address).scheme in ("", "data"), f"{path.name}: {address}"
    for path in site.rglob("*.css"):
        assert not OUTSIDE.search(path.read_text()), path.name


@pytest.mark.slow
def test_pages_in_a_browser_ask_for_nothing_outside_and_say_no_error(site, browser):
    wrong: list[str] = []
    page = browser.new_page()
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda sent: wrong.append(sent.url) if sent.url.startswith("http") else None,
    )
    for name in ("index", "gallery", "guides/ten-lines", "reference/api/front-door"):
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_load_state()
    page.close()
    assert not wrong


def test_the_tables_of_methods_are_those_of_their_rows():
    for page, name, part in parts():
        assert page.read_text() == with_part(page, name, part), "run make docs"


def test_a_page_without_markers_is_named(tmp_path):
    (tmp_path / "page.md").write_text("<!-- rows: begin -->")
    with pytest.raises(InputError, match=r"page\.md has no markers"):
        with_part(tmp_path / "page.md", "rows", "")


def test_formulas_of_docstrings_are_set_as_they_are_written():
    lines = [
        "Length |x|, `a | b`, by",
        "",
        "    |x| = √x·x",
        "",
        "of x.",
        "",
        ":param x: one",
        "    more",
    ]
    prepare(None, "", "", None, None, lines)
    assert lines == [
        *(r"Length \|x\|, `a | b`, by", "", "::", "", "    |x| = √x·x", ""),
        *("of x.", "", ":param x: one", "    more"),
    ]
