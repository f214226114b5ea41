"""What all benchmarks share: rows and their goals, timing in turns, the table, the machine, the command."""

import argparse
import gc
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from docs.tools.markers import write_part
from thinkalike.errors import InputError
from thinkalike.stores.atomic import atomic
from thinkalike.stores.tables import write_table

COLUMNS = ("measure", "peer", "ours", "theirs", "ratio", "goal", "met")
PACKAGES = ("torch", "timm", "numpy", "scipy", "captum", "shap", "shapiq", "grad-cam", "scikit-bio")

Key = TypeVar("Key")


@dataclass(frozen=True)
class Goal:
    """What a figure has to reach.

    Attributes:
        column: `ours` or `ratio`.
        least, most: bounds, both allowed.
    """

    column: str
    least: float = -np.inf
    most: float = np.inf

    def __str__(self) -> str:
        if np.isinf(self.least):
            return f"{self.column} ≤ {self.most:.3g}"
        if np.isinf(self.most):
            return f"{self.column} ≥ {self.least:.3g}"
        return f"{self.least:.3g} ≤ {self.column} ≤ {self.most:.3g}"


@dataclass(frozen=True)
class Row:
    """One figure of thinkalike, beside that of a peer.

    Attributes:
        measure: `what: of what`; the part before the colon heads a table of docs.
        peer: whom it is compared with; empty where nobody is.
        ours, theirs: in the unit that `measure` names.
        goal: if there is one.
        in_pairs: median of the ratios of runs that were made in turns; the quotient by default.
    """

    measure: str
    peer: str
    ours: float
    theirs: float = np.nan
    goal: Goal | None = None
    in_pairs: float | None = None

    @property
    def ratio(self) -> float:
        """ours / theirs; for errors, seconds and bytes less is better."""
        if self.in_pairs is not None:
            return self.in_pairs
        return self.ours / self.theirs if self.theirs else np.nan

    @property
    def met(self) -> str:
        """`yes` or `no`; empty without a goal. What could not be measured is not met."""
        if self.goal is None:
            return ""
        value = getattr(self, self.goal.column)
        return "yes" if self.goal.least <= value <= self.goal.most else "no"


def table(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as they are written: four digits, empty cells where there is nothing."""

    def digits(value: float) -> str:
        return "" if np.isnan(value) else f"{value:.4g}"

    cells = [
        (r.measure, r.peer, digits(r.ours), digits(r.theirs), digits(r.ratio), r.goal or "", r.met)
        for r in rows
    ]
    return pd.DataFrame(cells, columns=list(COLUMNS)).astype(str)


def print_rows(rows: Iterable[Row]) -> None:
    """One line for each row, now."""
    for cells in table(rows).itertuples(index=False):
        goal = f"  [{cells.goal}: {cells.met}]" if cells.goal else ""
        beside = f"  {cells.peer} {cells.theirs} (ratio {cells.ratio})" if cells.theirs else ""
        beside = beside or (f"  ({cells.peer})" if cells.peer else "")
        print(f"  {cells.measure}:  {cells.ours}{beside}{goal}", flush=True)


Layout = Callable[[pd.DataFrame], list[str]]
"""Lines of Markdown from the table of a benchmark."""


def by_kind(rows: pd.DataFrame) -> list[str]:
    """A section for every kind of measure, with a line for every row."""
    lines: list[str] = []
    kinds = rows["measure"].str.split(": ", n=1)
    for kind in kinds.str[0].unique():
        lines += ["", f"### {kind}", "", "| of | peer | ours | theirs | ratio | goal | met |"]
        lines.append("|---|---|---|---|---|---|---|")
        for of, row in zip(kinds, rows.itertuples(index=False), strict=True):
            if of[0] == kind:
                cells = (of[-1], row.peer, row.ours, row.theirs, row.ratio, row.goal, row.met)
                lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


Part = Callable[[], list[Row]]
"""Of a benchmark: what can be measured by itself."""


def command_line(
    name: str, about: str | None, parts: Iterable[str], output: Path, page: Path
) -> argparse.ArgumentParser:
    """The options that all benchmarks have: which parts, how much, or the page of an earlier run."""
    names = list(parts)
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about)
    parser.add_argument("--parts", nargs="+", choices=names, metavar="PART", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="a little of everything")
    parser.add_argument("--docs", action="store_true", help=f"only write {page} from {output}")
    return parser


def run(
    asked: argparse.Namespace,
    make: Callable[[], Mapping[str, Part]],
    *,
    output: Path,
    partial: Path,
    page: Path,
    complete: bool = True,
    measured: Callable[[Mapping[str, Any], Path], None] | None = None,
    layout: Layout = by_kind,
) -> None:
    """Do what a command line asks for; end with the sentence of what a user can fix.

    Args:
        asked: with what `command_line` knows.
        make: what can be measured, by name, in the order in which it is.
        output: the table of a whole run.
        partial: where a run goes that leaves something out, so that the page never mixes runs.
        page: of docs.
        complete: other options leave nothing out.
        measured: that runs parts and writes the table; by default `measure`.
        layout: of the table on that page.
    """
    try:
        if asked.docs:
            write_page(page, output, layout)
            return
        there = make()
        single_threaded()
        complete = complete and not (asked.parts or asked.quick)
        selected = {name: part for name, part in there.items() if name in (asked.parts or there)}
        (measured or measure)(selected, output if complete else partial)
    except InputError as error:
        sys.exit(str(error))


def measure(selected: Mapping[str, Part], path: Path) -> None:
    """Run parts, print each as it ends, and write the table when all of them have."""
    rows: list[Row] = []
    seconds = {}
    for name, part in selected.items():
        print(f"{name}:", flush=True)
        start = time.perf_counter()
        found = part()
        seconds[name] = time.perf_counter() - start
        print_rows(found)
        print(f"  {seconds[name]:.0f} s", flush=True)
        rows += found
    write(rows, path, seconds)
    missed = [row for row in rows if row.met == "no"]
    print(f"{path}: {len(rows)} rows; goals not met: {len(missed)}")
    print_rows(missed)


def write(
    rows: Sequence[Row],
    path: Path,
    seconds: Mapping[str, float],
    further: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """The table as CSV, and beside it a JSON of where, when and how it was measured.

    Args:
        rows: of the table.
        path: of the CSV.
        seconds: of every part.
        further: what else is said, or said differently.
    """
    spent = {part: round(s, 1) for part, s in seconds.items()}
    about = {**circumstances(), **further, "seconds": spent}
    with atomic(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    write_table(table(rows), path)


def circumstances() -> dict[str, object]:
    """Machine, versions, command and date of a run that is over; load is that of its last minute."""
    return {
        "machine": machine(),
        "threads": 1,
        "load": round(os.getloadavg()[0], 1),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in PACKAGES if _is_installed(name)},
        },
        "commit": commit(),
        "command": " ".join(["python -m", *_command()]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _is_installed(name: str) -> bool:
    """Whether a package is there: a benchmark needs those alone that it imports."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def machine() -> str:
    """Processor, cores and memory, as far as the system tells."""
    named = re.search(r"model name\s*:\s*(.+)", _text("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _text("/proc/meminfo"))
    parts = [named[1] if named else platform.machine(), f"{os.cpu_count()} cores"]
    if memory:
        parts.append(f"{int(memory[1]) / 2**20:.0f} GiB")
    return ", ".join([*parts, platform.system()])


def commit() -> str:
    """Of the code measured; `+` if files differ from it. Empty outside a repository."""
    try:
        asked = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def _command() -> list[str]:
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    return [spec.name if spec else Path(sys.argv[0]).name, *sys.argv[1:]]


def single_threaded() -> None:
    """Let this process compute on one thread, so that figures hold for a machine of any cores."""
    torch.set_num_threads(1)
    threadpool_limits(1)


def in_turns(runs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Seconds of every run in every round, (rounds,) each, after one round that does not count.

    Runs take turns, so that a machine that is slow for a while is slow for all of them; every other
    round goes backwards, so that none always comes after the same one.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name in list(runs)[:: 1 if number % 2 else -1]:
            gc.collect()
            start = time.perf_counter()
            runs[name]()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: np.array(values) for name, values in seconds.items()}


def fastest(runs: Mapping[Key, Callable[[], object]], rounds: int = 3) -> Key:
    """The key of the run that takes least, by the smallest of its seconds."""
    seconds = in_turns({str(key): run for key, run in runs.items()}, rounds)
    return min(runs, key=lambda key: seconds[str(key)].min())


def timed(
    measure: str, peer: str, ours: np.ndarray, theirs: np.ndarray, goal: Goal | None = None
) -> Row:
    """Seconds of runs that were made in turns: medians, and the median of their ratios."""
    ratio = float(np.median(ours / theirs))
    return Row(measure, peer, float(np.median(ours)), float(np.median(theirs)), goal, ratio)


def written(rows: pd.DataFrame, about: Mapping[str, object], layout: Layout) -> str:
    """The table in Markdown, after how it was measured and how many goals are met."""
    versions: Mapping[str, str] = about["versions"]  # type: ignore[assignment]
    names = ", ".join(f"{name} {number}" for name, number in versions.items())
    reached = (rows["met"] == "yes").sum()
    lines = [
        f"Measured {about['date']} by `{about['command']}`: {about['machine']}, one thread; {names}.",
        "",
        f"{reached} of {(rows['met'] != '').sum()} goals are met.",
    ]
    for heading, entries in (("No time was left for", "left out"), ("What failed", "failed")):
        if about.get(entries):
            lines += ["", f"{heading}: {_listed(about[entries])}."]
    lines += layout(rows)
    return "\n".join(lines)


def _listed(entries: Any) -> str:
    """Entries, or keys with their values, in one line."""
    if isinstance(entries, Mapping):
        entries = [f"{name} ({value})" for name, value in entries.items()]
    return "; ".join(entries)


def write_page(page: Path, path: Path, layout: Layout = by_kind) -> None:
    """Put the table of a CSV between the markers of its page of docs.

    Raises:
        InputError: there is no such CSV yet, or the page has no markers.
    """
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        about = json.loads(path.with_suffix(".json").read_text())
    except FileNotFoundError:
        raise InputError(
            f"{path} is not complete; run `python -m benchmarks.{path.stem}` first"
        ) from None
    write_part(page, path.stem, written(rows, about, layout))
