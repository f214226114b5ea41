"""Size and speed of the explorer's page: `python -m benchmarks.explorer --study results/digits`.

Writes results/benchmarks/explorer.csv and, beside it, a JSON of where and how it was measured; `--docs`
puts the table on docs/measured/explorer.md, which says what is measured. Sizes are of made-up studies
(`benchmarks.explorer_study`) and of a finished one. Times are those of the system's Chromium, headless;
without it, or with `--sizes`, they are left out.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.browser import chromium, open_browser
from benchmarks.common import Goal, Part, Row, command_line, run
from benchmarks.explorer_study import make_study
from thinkalike.errors import InputError
from thinkalike.explorer.contents import study_contents
from thinkalike.explorer.folder import StudyFolder
from thinkalike.explorer.page import write_page

OUTPUT = Path("results/benchmarks/explorer.csv")
PARTIAL = OUTPUT.with_stem("explorer-partial")
PAGE = Path("docs/measured/explorer.md")
ALL_METHODS = ("gradcam", "integrated_gradients", "kernelshap", "lrp")
OPENS = 2.0
"""Seconds after which the page of a small study is there."""
ANSWERS = 100.0
"""Milliseconds in which a click is answered."""
OPENINGS = 5
CLICKS = 20

VIEWS = ("verdict", "matrix", "pair", "image", "models")
"""Views that show one comparison at a time, and offer others."""
CASES, NAVIGATION = "#case button, #case [role=radio]", "#views a, #views button"
"""Selectors of what is clicked: another method or metric, another view."""

CLICK = """async ([selector, place]) => {
  const nodes = document.querySelectorAll(selector);
  const node = nodes[place % nodes.length];
  const start = performance.now();
  node.click();
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await drawn();
  while (document.querySelector(".view.coming")) await drawn();
  return performance.now() - start;
}"""
"""Milliseconds from a click to the next picture in which no view is still being drawn."""


@dataclass(frozen=True)
class Made:
    """A made-up study, and how large its page may be.

    Attributes:
        models, images: their numbers.
        methods: of its maps.
        megabytes: most of the page.
    """

    models: int
    images: int
    methods: tuple[str, ...]
    megabytes: float

    @property
    def name(self) -> str:
        """Name of the study in the table."""
        by = f"{len(self.methods)} methods" if self.methods[1:] else "Grad-CAM"
        return f"{self.models} models, {self.images:,} images, {by}, 224 pixels"


STUDIES = {
    "photographs": Made(14, 128, ALL_METHODS, 60),
    "large": Made(100, 1_000, ("gradcam",), 80),
}
QUICK = {name: Made(3, 6, made.methods, made.megabytes) for name, made in STUDIES.items()}
DIGITS = 12.0
"""Megabytes of the page of the digits study."""


def parts(studies: dict[str, Made], finished: Path | None, *, sizes: bool) -> dict[str, Part]:
    """What can be measured, in the order in which it is."""
    found: dict[str, Part] = {
        name: lambda made=made: _made(made, sizes)  # type: ignore[misc]
        for name, made in studies.items()
    }
    if finished is not None:
        found["finished"] = lambda: _measured(
            StudyFolder.found(finished), finished.name, DIGITS, sizes
        )
    return found


def _made(made: Made, sizes: bool) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "results", "made")
        make_study(folder, made.models, made.images, made.methods)
        return _measured(StudyFolder.found(folder), made.name, made.megabytes, sizes)


def _measured(study: StudyFolder, name: str, megabytes: float, sizes: bool) -> list[Row]:
    """Size of a page, CPU seconds and memory of making it, and its times in a browser."""
    start = time.process_time()
    contents, blocks = study_contents(study)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "explorer.html")
        write_page(page, [(contents, blocks)], contents["title"])
        seconds = time.process_time() - start
        size = page.stat().st_size / 1e6
        rows = [Row(f"MB of the page: {name}", "", size, goal=Goal("ours", most=megabytes))]
        for kind, blocks_of in (("maps", "maps/"), ("pictures", "study/"), ("pairs", "pairs/")):
            told = sum(len(text) for key, text in blocks.texts() if key.startswith(blocks_of))
            rows.append(Row(f"MB of the page: {name}, of these {kind}", "", told / 1e6))
        rows.append(Row(f"CPU seconds to make it: {name}", "", seconds))
        return rows if sizes else rows + _times(page, name)


def _times(page: Path, name: str) -> list[Row]:
    """Seconds until the page is there, and milliseconds until a click is answered, medians."""
    if chromium() is None:
        return []
    with open_browser() as browser:
        opened = [_opened(browser, page) for _ in range(OPENINGS)]
        seconds, cpu = np.median(opened, axis=0)
        visited = _visit(browser)
        clicks = {view: _clicks(visited, page, view, CASES) for view in VIEWS}
        clicks["from view to view"] = _clicks(visited, page, "verdict", NAVIGATION)
    rows = [
        Row(f"Seconds until it is open: {name}", "", seconds, goal=Goal("ours", most=OPENS)),
        Row(f"CPU seconds of the page's thread until it is open: {name}", "", cpu),
    ]
    for what, values in clicks.items():
        wall, cpu = np.median(values, axis=0)
        of = f"{name}, {f'another case in {what}' if what in VIEWS else what}"
        goal = Goal("ours", most=ANSWERS)
        rows.append(Row(f"Milliseconds until a click is answered: {of}", "", wall, goal=goal))
        rows.append(Row(f"CPU milliseconds of the page's thread for a click: {of}", "", cpu))
    return rows


def _visit(browser: Any) -> Any:
    """A new page that counts what its thread computes."""
    visited = browser.new_page(viewport={"width": 1280, "height": 800})
    visited.set_default_timeout(120_000)
    return visited


def _counter(visited: Any) -> Any:
    session = visited.context.new_cdp_session(visited)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def _spent(session: Any) -> float:
    """CPU seconds of the tasks of a page's thread so far."""
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def _opened(browser: Any, page: Path) -> tuple[float, float]:
    """Seconds, and CPU seconds of its thread, until a page is there."""
    visited = _visit(browser)
    session = _counter(visited)
    before, start = _spent(session), time.perf_counter()
    visited.goto(page.as_uri())
    _wait(visited)
    seconds, cpu = time.perf_counter() - start, _spent(session) - before
    visited.close()
    return seconds, cpu


def _clicks(visited: Any, page: Path, view: str, selector: str) -> list[tuple[float, float]]:
    """Milliseconds until clicks are answered, and CPU milliseconds of the page's thread for each."""
    visited.goto("about:blank")
    visited.goto(f"{page.as_uri()}#view={view}")
    _wait(visited)
    session, found = _counter(visited), []
    for number in range(CLICKS):
        before = _spent(session)
        milliseconds = visited.evaluate(CLICK, [selector, number])
        found.append((milliseconds, 1000 * (_spent(session) - before)))
    session.detach()
    return found


def _wait(visited: Any) -> None:
    visited.wait_for_selector("html[data-shown]", state="attached")
    visited.wait_for_selector(".view.coming", state="detached")


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("explorer", __doc__, [*STUDIES, "finished"], OUTPUT, PAGE)
    parser.add_argument("--study", type=Path, help="folder of a finished study, results/digits")
    parser.add_argument("--sizes", action="store_true", help="no times, which take a quiet machine")
    asked = parser.parse_args(arguments)
    if "finished" in (asked.parts or []) and asked.study is None:
        sys.exit(str(InputError("--study: give the folder of a finished study, results/digits")))
    studies = QUICK if asked.quick else STUDIES
    complete = asked.study is not None and not asked.sizes
    run(
        asked,
        lambda: parts(studies, asked.study, sizes=asked.sizes),
        output=OUTPUT,
        partial=PARTIAL,
        page=PAGE,
        complete=complete,
    )


if __name__ == "__main__":
    main()
