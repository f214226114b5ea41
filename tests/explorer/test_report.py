"""The report in a browser: what its first page shows, and how many clicks it takes from there to a pair."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import EVERYTHING, Checkout
from tests.support.report_page import TITLES


@pytest.fixture(scope="module")
def report(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the tiny study, unpacked."""
    folder = tmp_path_factory.mktemp("unpacked")
    run = finished.snakemake(*EVERYTHING, "--report", str(folder / "report.zip"))
    assert run.status == 0, run.output
    # what docutils says of a page that it cannot read
    assert "(ERROR/" not in run.output
    unpack = [sys.executable, "-m", "zipfile", "-e", str(folder / "report.zip"), str(folder)]
    subprocess.run(unpack, check=True)
    return folder / "report" / "report.html"


@pytest.fixture
def first_page(browser: Any, report: Path) -> Iterator[Any]:
    """The report, open at its first page."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(report.as_uri())
    page.wait_for_selector("#rulegraph svg, #rulegraph canvas")
    yield page
    context.close()
    assert faults == []


def top(place: Any) -> float:
    """Distance of an element from the window's upper edge, in pixels."""
    return float(place.bounding_box()["y"])


def test_the_first_page_begins_with_the_verdict_and_ends_with_the_jobs(first_page):
    titles = [first_page.locator(".prose h1", has_text=title).first for title in TITLES]
    places = [top(place) for place in titles]
    assert places == sorted(places)
    assert 0 <= places[0] < 300
    assert top(first_page.locator("#app #rulegraph")) > places[-1]
    picture = first_page.locator(".prose img").first
    assert picture.evaluate("image => image.complete && image.naturalWidth > 100")
    assert places[1] < top(picture) < places[2]


def test_the_menu_begins_with_the_questions(first_page):
    entries = first_page.locator("nav ul > li").all()
    shown = [entry.inner_text().strip() for entry in sorted(entries, key=top)]
    questions = [entry for entry in shown if entry[0].isdigit()]
    assert questions[0] == "0 What was found?"
    assert questions == sorted(questions)
    assert shown[: len(questions) + 1] == ["RESULTS", *questions]
    assert shown[len(questions) + 1 :] == ["GENERAL", "Workflow", "Statistics", "About"]


def test_one_click_leads_to_the_two_that_are_most_alike_and_how_sure_that_is(first_page):
    sentence = first_page.locator(".prose li", has_text="the closest are").first
    said = sentence.inner_text()
    sentence.get_by_text("see", exact=True).click()
    frame = first_page.frame_locator("iframe")
    frame.locator("html[data-shown=pair]").wait_for(state="attached")
    pair = frame.locator("main")
    pair.get_by_text("95 %").first.wait_for()
    shown = pair.inner_text()
    names = re.search(r"the closest are (.+) and (.+) \(-?\d", said)
    assert names[1] in shown
    assert names[2] in shown


def test_the_explorer_opens_at_its_first_view_by_one_click(first_page):
    first_page.get_by_text("Open the explorer", exact=True).click()
    frame = first_page.frame_locator("iframe")
    frame.locator("html[data-shown=verdict]").wait_for(state="attached")


def test_a_question_leads_to_figures_with_names_in_words(first_page):
    first_page.locator("nav").get_by_text("2 Which models belong together?").click()
    first_page.locator("nav").get_by_text("Grad-CAM", exact=True).click()
    row = first_page.locator("nav tr", has_text="matrix with intervals (heat map)").first
    row.locator("a").nth(1).click()
    description = first_page.locator("nav .prose p").first.inner_text()
    assert description.startswith("Look for dark blocks")
