"""Explorer pages of studies in memory, opened from disk in the system's Chromium."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.explorer_study import Recipe, contents_of
from thinkalike.explorer.page import write_page

WIDE, PHONE = (1280, 800), (390, 844)
VIEWS = ("verdict", "matrix", "pair", "image", "models", "clusters", "compare")


class Visit:
    """A page that is open, and everything that it did wrong.

    Attributes:
        page: of Playwright.
        address: of the file.
        errors: messages of the console, exceptions, and what the page's policy forbade.
        requests: addresses that the page asked for, its own file left out.
    """

    def __init__(self, page: Any, file: Path) -> None:
        self.page = page
        self.address = file.as_uri()
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.set_default_timeout(60_000)  # a machine may be busy
        page.on("console", self._message)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._request(request.url))

    def _message(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _request(self, url: str) -> None:
        if not url.startswith((self.address, "blob:", "data:")):
            self.requests.append(url)

    def open(self, state: str = "") -> Any:
        """Open the page at a state, as a link of that state would, and wait until it is drawn."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#{state}")
        self.drawn()
        return self.page

    def drawn(self, view: str | None = None) -> None:
        """Wait until a view is shown, and nothing is being drawn."""
        which = f'[data-shown="{view}"]' if view else "[data-shown]"
        self.page.wait_for_selector(f"html{which}", state="attached")
        self.page.wait_for_selector(".view.coming", state="detached")

    def go(self, state: str, view: str) -> None:
        """Go to another state, as the address bar does, and wait until its view is drawn."""
        self.page.evaluate("state => { location.hash = `#${state}` }", state)
        self.drawn(view)

    @property
    def state(self) -> dict[str, str]:
        """State in the page's address."""
        parts = self.page.evaluate("[...new URLSearchParams(location.hash.slice(1))]")
        return dict(parts)

    def text(self, selector: str = "main") -> str:
        """Text that a reader sees in a part of the page."""
        return str(self.page.inner_text(selector))


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write the page of a recipe, or of two; each is written once."""
    folder = tmp_path_factory.mktemp("explorer")
    written: dict[tuple[Recipe, ...], Path] = {}

    def page(*recipes: Recipe) -> Path:
        if recipes not in written:
            path = folder / str(len(written)) / "explorer.html"
            path.parent.mkdir()
            write_page(path, [contents_of(recipe) for recipe in recipes], recipes[0].name)
            written[recipes] = path
        return written[recipes]

    return page


@pytest.fixture
def visit(browser: Any, page_of: Callable[..., Path]) -> Iterator[Callable[..., Visit]]:
    """Visit the page of a recipe, or of two; at the end nothing may have gone wrong in it."""
    contexts, visits = [], []

    def start(
        *recipes: Recipe, size: tuple[int, int] = WIDE, theme: str = "light", **options: Any
    ) -> Visit:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        visits.append(Visit(context.new_page(), page_of(*(recipes or (Recipe(),)))))
        return visits[-1]

    yield start
    for context in contexts:
        context.close()
    for each in visits:
        assert each.errors == []
        assert each.requests == []
