"""Finished studies, each made once for all processes that share the tests; copies to change; a browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from benchmarks.browser import chromium, open_browser
from tests.support.checkout import EVERYTHING, Checkout, Run, copy_of_checkout, copy_of_repository

MAPS = Path("tests/workflow/maps.yaml")
WORKFLOW = Path(__file__).with_name("workflow")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh copy of the repository, without results."""
    return copy_of_repository(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The tiny study, finished with its extras and the published examples; not to be changed."""
    return _made_once(tmp_path_factory, "finished", lambda c: c.snakemake(*EVERYTHING, minutes=30))


@pytest.fixture
def study(finished: Checkout, tmp_path: Path) -> Checkout:
    """A copy of the finished tiny study, in another folder, to change at will."""
    return copy_of_checkout(finished, tmp_path / "study")


@pytest.fixture(scope="session")
def finished_maps(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Grad-CAM maps of two untrained networks and their dissimilarity; not to be changed."""
    target = "results/maps/dissimilarity/gradcam/cosine/all.csv"
    return _made_once(tmp_path_factory, "maps", lambda c: c.snakemake(target, overlay=MAPS))


@pytest.fixture
def maps_study(finished_maps: Checkout, tmp_path: Path) -> Checkout:
    """A copy of these maps, in another folder, to change at will."""
    return copy_of_checkout(finished_maps, tmp_path / "study")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once."""
    if chromium() is None:
        pytest.skip("Chromium is not installed (Debian, Ubuntu: apt-get install chromium)")
    pytest.importorskip("playwright.sync_api")
    with open_browser() as browser:
        yield browser


def _made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Checkout], Run]
) -> Checkout:
    """Checkout in which one process has run Snakemake, while the others waited."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / name, shared / f"{name}.done"
    with FileLock(shared / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            run = make(copy_of_repository(folder))
            assert run.status == 0, run.output
            done.touch()
    return Checkout(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests of whole studies first: where processes share the tests, none waits for them at the end."""
    items.sort(key=lambda item: item.path.parent != WORKFLOW)
