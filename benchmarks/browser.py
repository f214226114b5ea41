"""The system's Chromium, headless: the benchmark of the explorer and the tests of pages use it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Path of the system's Chromium, or None where it is not installed."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start Chromium, as Playwright's `Browser`, and close it at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()
