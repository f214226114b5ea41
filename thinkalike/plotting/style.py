"""The style of all figures: style sheet, colours, names, legends, and how a figure is written."""

import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl

# a notebook has a backend of its own, in which other figures are shown
if "ipykernel" not in sys.modules:
    mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatterSciNotation
from matplotlib.transforms import Bbox

from thinkalike.compare.subsets import parse
from thinkalike.errors import InputError
from thinkalike.methods import Case, method_name
from thinkalike.plotting.fitting import fit_texts, legend_below
from thinkalike.stores.atomic import atomic
from thinkalike.stores.tables import write_table

STYLE_SHEET = Path(__file__).with_name("thinkalike.mplstyle")
WIDTH = 7.0
"""Inches of a figure across a page."""

# Okabe and Ito (2008), distinguishable with every common colour vision deficiency
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
FAMILY_COLOURS = {"cnn": PALETTE[0], "transformer": PALETTE[1], "hybrid": PALETTE[2]}
FAMILY_MARKERS = {"cnn": "o", "transformer": "s", "hybrid": "D"}
FAMILY_NAMES = {"cnn": "CNN", "transformer": "transformer", "hybrid": "hybrid"}
OWN_MARKERS = ("^", "v", "P", "X", "p", "h", "*")
"""Markers of families under other labels, which a user gives."""
METRIC_NAMES = {"cosine": "cosine", "rbf": "RBF"}
SUBSET_NAMES = {
    "all": "all images",
    "matching": "images with equal predictions",
    "differing": "images with different predictions",
}
MISSING = "#D9D9D9"
MIXED = "#8C8C8C"
"""Pairs of models of two families."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLACE_DIGITS = 9
"""Digits of places on a figure, in parts of its size: far below a pixel, far above a solver's noise."""


@contextmanager
def styled(families: Mapping[str, str] | None = None) -> Iterator[None]:
    """Draw with the style sheet, in colours for these families, and close what was drawn meanwhile.

    Args:
        families: of all models of a study, so that a family has one colour in all of its figures. Labels
            other than cnn, transformer and hybrid take, in alphabetical order, what the palette has left.
    """
    before = plt.get_fignums()
    with plt.style.context(STYLE_SHEET), _known((families or {}).values()):
        yield
    for number in set(plt.get_fignums()) - set(before):
        plt.close(number)


@contextmanager
def _known(families: Iterable[str]) -> Iterator[None]:
    """Give families that have none a colour, a marker and a name, for as long as this is open."""
    tables: tuple[dict[str, str], ...] = (FAMILY_COLOURS, FAMILY_MARKERS, FAMILY_NAMES)
    left = PALETTE[len(FAMILY_COLOURS) :]
    new = sorted(set(families) - set(FAMILY_COLOURS))
    for number, family in enumerate(new):
        colour, marker = left[number % len(left)], OWN_MARKERS[number % len(OWN_MARKERS)]
        for looks, look in zip(tables, (colour, marker, family.replace("_", " ")), strict=True):
            looks[family] = look
    try:
        yield
    finally:
        for looks in tables:
            for family in new:
                del looks[family]


PICTURES = {
    ".svg": {"Date": None, "Creator": "thinkalike"},
    ".png": {"Software": "thinkalike"},
    ".pdf": {"CreationDate": None, "Creator": "thinkalike"},
}
"""Suffix of a file of a figure → what the file says of itself: nothing that changes from day to day."""


def save(figure: Figure, table: pd.DataFrame, paths: Sequence[str]) -> None:
    """Write a figure and the data behind it; the same figure gives the same bytes.

    Args:
        figure: what to write.
        table: the numbers that are drawn.
        paths: of the SVG, the PNG and the CSV.
    """
    *pictures, csv = paths
    freeze_layout(figure)
    for path in pictures:
        _write(figure, Path(path))
    write_table(table, csv)
    plt.close(figure)


def write_figure(figure: Figure, path: str | Path | None) -> None:
    """Lay a figure out and write it as its suffix says; None: it is not written.

    Raises:
        InputError: a suffix that is none of `PICTURES`.
    """
    freeze_layout(figure)
    if path is None:
        return
    if Path(path).suffix not in PICTURES:
        raise InputError(
            f"path: {path} ends in none of {', '.join(PICTURES)}; give it one of these"
        )
    _write(figure, Path(path), checksum=False)  # a picture in a folder of the user's


def _write(figure: Figure, path: Path, *, checksum: bool = True) -> None:
    with atomic(path, checksum=checksum) as temporary:
        figure.savefig(temporary, metadata=PICTURES[path.suffix])


def freeze_layout(figure: Figure) -> None:
    """Lay a figure out once, with room for its words: not again for every format, nor for labels.

    The engine's solver orders its unknowns by their addresses in memory, so the last digits of
    what it finds are chance; they are cut, lest the same figure has other bytes.
    """
    fit_texts(figure)
    figure.draw_without_rendering()
    _round_places(figure)
    if figure.get_layout_engine() is None:
        # without any, saving would put the style sheet's engine in place for the next file
        nothing = PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True)
        figure.set_layout_engine(nothing)
    else:
        figure.set_layout_engine("none")


def _round_places(figure: Figure) -> None:
    parts = list(figure.subfigs)
    while parts:
        part = parts.pop()
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(PLACE_DIGITS))
        parts += part.subfigs
    for axes in figure.axes:  # those of its parts among them
        axes.set_position(Bbox(axes.get_position(original=True).get_points().round(PLACE_DIGITS)))


class Powers(LogFormatterSciNotation):
    """Labels of a logarithmic axis in letters: matplotlib's own are formulas, which no text here is."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """A label such as 10⁻³ or 2 × 10⁻³."""
        formula = super().__call__(x, pos)
        inner = formula.removeprefix(r"$\mathdefault{").removesuffix("}$")
        inner = inner.replace(r"\times", " × ")
        return re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(RAISED), inner)


def log_scale(*axes: Axis) -> None:
    """Make axes logarithmic, with labels that can be drawn as they are."""
    for axis in axes:
        set_scale = axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale
        set_scale("log")
        axis.set_major_formatter(Powers())
        axis.set_minor_formatter(Powers(labelOnlyBase=False))


def subset_name(subset: str) -> str:
    """Images of a subset in words."""
    condition, number = parse(subset)
    if condition == "all" and number:
        return f"the first {number} images"
    named = SUBSET_NAMES.get(condition, condition)
    return f"{named} of the first {number}" if number else named


def title_of(method: str, metric: str | None = None, subset: str | None = None) -> str:
    """Method, metric and images in words."""
    parts = [method_name(method)]
    if metric:
        parts.append(METRIC_NAMES.get(metric, metric))
    if subset:
        parts.append(subset_name(subset))
    return " · ".join(parts)


def colour_names(labels: Sequence, families: Sequence[str]) -> None:
    """Colour tick labels by family."""
    for label, family in zip(labels, families, strict=True):
        label.set_color(FAMILY_COLOURS[family])


def family_legend(axes: Axes, families: Mapping[str, str], **options: Any) -> None:
    """Draw a legend of the families of some models."""
    drawn, handles = _family_handles(list(families.values()))
    axes.legend(handles, [FAMILY_NAMES[family] for family in drawn], **options)


def family_legend_below(
    figure: Figure,
    families: Sequence[str],
    labels: str,
    mixed: bool = False,
    key: Sequence[str] = (),
) -> None:
    """Draw a legend under a figure: of families, and of pairs of models of two families.

    Args:
        figure: where to.
        families: those that are drawn.
        labels: of each family, with {} for its name.
        mixed: whether there are pairs of two families.
        key: further entries, without a marker.
    """
    drawn, handles = _family_handles(families)
    texts = [labels.format(FAMILY_NAMES[family]) for family in drawn]
    if mixed:
        handles.append(Line2D([], [], ls="", marker="x", ms=4, color=MIXED))
        texts.append("of two families")
    handles += [Line2D([], [], ls="")] * len(key)
    legend_below(figure, handles, [*texts, *key])


def _family_handles(families: Sequence[str]) -> tuple[list[str], list[Line2D]]:
    drawn = [family for family in FAMILY_COLOURS if family in families]
    return drawn, [
        Line2D([], [], ls="", marker=FAMILY_MARKERS[family], ms=4, color=FAMILY_COLOURS[family])
        for family in drawn
    ]


def rows_and_columns(cases: Iterable[Case]) -> tuple[list[str], list[str]]:
    """Methods and metrics of cases, in the order in which they come."""
    pairs = list(cases)
    methods = list(dict.fromkeys(method for method, _ in pairs))
    return methods, list(dict.fromkeys(metric for _, metric in pairs))


def cells(
    grid: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    cases: Container[Case] | None = None,
) -> list[tuple[Case, Axes]]:
    """Axes of a grid, row by row, each with the names of its row and column.

    What is none of `cases` (not every method has every metric) leaves its place empty.
    """
    places = [
        ((row, column), grid[i, j])
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]
    if cases is None:
        return places
    for case, axes in places:
        if case not in cases:
            axes.set_axis_off()
    return [(case, axes) for case, axes in places if case in cases]


def with_case(table: pd.DataFrame, method: str, metric: str) -> pd.DataFrame:
    """A table with method and metric as its first columns."""
    columns = list(table.columns)
    return table.assign(method=method, metric=metric)[["method", "metric", *columns]]
