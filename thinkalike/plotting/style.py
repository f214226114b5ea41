"""What all figures share: the style sheet, colours, names, and how they are written."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatterSciNotation
from matplotlib.transforms import Bbox

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
METHOD_NAMES = {
    "gradcam": "Grad-CAM",
    "integrated_gradients": "Integrated Gradients",
    "kernelshap": "KernelSHAP",
    "lrp": "LRP",
}
METRIC_NAMES = {"cosine": "cosine", "rbf": "RBF"}
SUBSET_NAMES = {
    "all": "all images",
    "matching": "images with equal predictions",
    "differing": "images with different predictions",
}
MISSING = "#D9D9D9"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLACE_DIGITS = 9
"""Of places on a figure, in parts of its size: far below a pixel, far above a solver's noise."""


@contextmanager
def styled() -> Iterator[None]:
    """Draw with the style sheet, and close what was drawn."""
    with plt.style.context(STYLE_SHEET):
        yield
    plt.close("all")


def save(figure: Figure, table: pd.DataFrame, paths: Sequence[str]) -> None:
    """Write a figure and the data behind it; the same figure gives the same bytes.

    Args:
        figure: what to write.
        table: the numbers that are drawn.
        paths: of the SVG, the PNG and the CSV.
    """
    svg, png, csv = paths
    freeze_layout(figure)
    with atomic(svg) as temporary:
        figure.savefig(temporary, metadata={"Date": None, "Creator": "thinkalike"})
    with atomic(png) as temporary:
        figure.savefig(temporary, metadata={"Software": "thinkalike"})
    write_table(table, csv)
    plt.close(figure)


def freeze_layout(figure: Figure) -> None:
    """Lay a figure out once: not again for every format, nor after labels have been placed.

    The engine's solver orders its unknowns by their addresses in memory, so the last digits of
    what it finds are chance; they are cut, lest the same figure has other bytes.
    """
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


def method_name(method: str) -> str:
    """A method or a variant in words; a variant called after its method begins with that one's name."""
    for key, name in METHOD_NAMES.items():
        if method == key or method.startswith(f"{key}_"):
            return name + method.removeprefix(key).replace("_", " ")
    return method.replace("_", " ")


def subset_name(subset: str) -> str:
    """Which images count, in words."""
    condition, _, number = subset.partition("_")
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
    """A legend of the families that there are."""
    there = [family for family in FAMILY_COLOURS if family in families.values()]
    handles = [
        Line2D([], [], ls="", marker=FAMILY_MARKERS[f], ms=4, color=FAMILY_COLOURS[f])
        for f in there
    ]
    axes.legend(handles, [FAMILY_NAMES[f] for f in there], **options)
