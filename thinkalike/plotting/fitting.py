"""Room for words: long titles and labels are broken into lines, and long names make a figure larger."""

import textwrap
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.gridspec import SubplotSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

LEAST = 0.85
"""Inches that names of ticks leave to axes at least, across and down."""
LETTER = 0.006
"""Inches of a narrow letter, for each point of its size."""
FEWEST = 12
"""Letters of a line at least: a place with less is not made by words."""
MARGIN = 4
"""Pixels between words and the edge of the page, or the words beside them."""
ENTRY = 0.42
"""Inches of the marker of an entry of a legend, and of what is between two entries."""
ROUNDS = 3
"""Times that a figure is laid out anew at most: lines of a title take room from axes."""


def wrapped(text: str, letters: int) -> str:
    """Text in lines of so many letters at most, of about one length; a longer word is broken.

    An underscore ends a word.
    """
    lines = [_even(line.replace("_", "_ "), max(letters, 1)) for line in text.split("\n")]
    return "\n".join(lines).replace("_ ", "_")


def _even(line: str, letters: int) -> str:
    """As few lines of so many letters as hold the words, the longest of them as short as it can be."""
    lines = textwrap.wrap(line, letters)
    words = [len(word) for word in line.split() if len(word) <= letters]
    for shorter in range(letters - 1, max(words, default=letters) - 1, -1):
        others = textwrap.wrap(line, shorter)
        if len(others) > len(lines):
            break
        lines = others
    return "\n".join(lines)


def inches_of(labels: Iterable[str], points: float) -> float:
    """Inches of the longest line of some labels of this size."""
    lines = {line for label in labels for line in label.split("\n")}
    return points / 72 * max((_ems(line) for line in lines), default=0.0)


@cache
def _ems(line: str) -> float:
    """Width of a line of text over the size of its letters."""
    width, _, _ = text_to_path.get_text_width_height_descent(line, FontProperties(size=72), False)
    return float(width) / 72


def fitted(text: str, inches: float, points: float) -> str:
    """Text of this size in lines that are no longer than so many inches."""
    letters = int(inches / (LETTER * points))
    while letters > 1 and inches_of([wrapped(text, letters)], points) > inches:
        letters -= 1
    return wrapped(text, letters)


def most_lines(texts: Iterable[str]) -> int:
    """Lines of the text that has the most; 1 where there is none."""
    return max((text.count("\n") + 1 for text in texts), default=1)


def legend_below(figure: Figure | SubFigure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Draw a legend under a figure, with as many entries beside each other as there is room for.

    Figures have room for two lines of it; of more they become higher.
    """
    points = float(mpl.rcParams["legend.fontsize"])
    entry = inches_of(labels, points) + ENTRY
    columns = max(int(figure.bbox.width / figure.dpi / entry), 1)
    further = -(-len(labels) // columns) - 2
    if isinstance(figure, Figure) and further > 0:
        figure.set_figheight(figure.get_figheight() + 1.6 * points / 72 * further)
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=min(columns, len(labels)),
        columnspacing=1,
    )


def fit_texts(figure: Figure) -> None:
    """Break titles and labels that are wider than their place, and give long names room.

    The layout must be matplotlib's constrained one, which is run. Words that fit stay as they are.
    """
    if not isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        return
    _make_room(figure)
    for _ in range(ROUNDS):
        figure.draw_without_rendering()
        added = {place.row: 0.0 for place in _places(figure)}
        broken = False
        for place in _places(figure):
            lines = _break(place)
            broken |= lines > 0
            added[place.row] = max(added[place.row], lines * place.line)
        if not broken:
            return
        figure.set_figheight(figure.get_figheight() + sum(added.values()))


@dataclass(frozen=True)
class _Place:
    """A text, the pixels that it has along its lines, and where it takes room from others.

    Attributes:
        text: that stands there.
        room: pixels.
        row: what it stands in a row with; lines of one row take room once, those of None none.
    """

    text: Text
    room: float
    row: Hashable

    @property
    def line(self) -> float:
        """Inches of a further line; none where it takes no room from axes."""
        return 0.0 if self.row is None else 1.3 * float(self.text.get_fontsize()) / 72

    @property
    def length(self) -> float:
        box = self.text.get_window_extent()
        return box.height if self.text.get_rotation() == 90 else box.width


def _break(place: _Place) -> int:
    """Break a text into shorter lines if it is longer than its place; how many it has more."""
    words, length = place.text.get_text(), place.length
    if not words.strip() or length <= place.room:
        return 0
    longest = max(map(len, words.split("\n")))
    shorter = wrapped(words, max(min(int(longest * place.room / length), longest - 1), FEWEST))
    place.text.set_text(shorter)
    return shorter.count("\n") - words.count("\n")


def _parts(figure: Figure) -> list[Figure | SubFigure]:
    return [figure, *(part for part in figure.subfigs if isinstance(part, SubFigure))]


def _make_room(figure: Figure) -> None:
    """Widen and heighten a figure where names of ticks leave too little to the axes."""
    width, height = figure.get_figwidth(), figure.get_figheight()
    for part in _parts(figure):
        if grid := _in_grids(part):
            width = max(width, _needed(grid, across=True))
            share = part.bbox.height / figure.bbox.height
            height = max(height, _needed(grid, across=False) / share)
    figure.set_size_inches(width, height)


def _in_grids(part: Figure | SubFigure) -> list[tuple[Axes, SubplotSpec]]:
    """Axes of a figure that stand in a grid, and their places in it; colour bars do not."""
    shown = [axes for axes in part.axes if axes.get_visible() and axes.figure is part]
    return [(axes, spec) for axes in shown if (spec := axes.get_subplotspec()) is not None]


def _needed(grid: Sequence[tuple[Axes, SubplotSpec]], *, across: bool) -> float:
    """Inches across, or down, of axes with the names of their ticks."""
    rooms: dict[int, float] = defaultdict(float)
    for axes, spec in grid:
        first = (spec.colspan if across else spec.rowspan).start
        rooms[first] = max(rooms[first], _length_of_names(axes, across))
    return sum(room + LEAST for room in rooms.values())


def _length_of_names(axes: Axes, across: bool) -> float:
    """Inches of the names of ticks beside axes, or below them; numbers take none."""
    axis = axes.yaxis if across else axes.xaxis
    if not axes.axison or not axis.get_visible():
        return 0.0
    boxes = [label.get_window_extent() for label in _names(axis.get_ticklabels())]
    return (
        max((box.width if across else box.height for box in boxes), default=0.0) / axes.figure.dpi
    )


def _names(labels: Iterable[Text]) -> Iterator[Text]:
    return (label for label in labels if label.get_visible() and len(label.get_text()) > 8)


def _places(figure: Figure) -> Iterator[_Place]:
    """Titles and labels of a figure, of its parts and its axes, with their room."""
    page = figure.bbox
    for part in _parts(figure):
        for title in _saying(part.get_suptitle(), part.texts):
            yield _Place(title, _centred(title, page.x0, page.x1), part)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    frames = np.array([axes.get_window_extent().extents for axes in shown]).reshape(-1, 4)
    for number, axes in enumerate(shown):
        left, right = _between(frames, number, 0, page.x0, page.x1)
        low, high = _between(frames, number, 1, page.y0, page.y1)
        top, bottom = frames[number, 3].round(), frames[number, 1].round()
        for side in ("left", "center", "right"):
            for heading in _saying(axes.get_title(side), axes.get_children()):
                yield _Place(heading, _centred(heading, left, right), ("above", top))
        if axes.axison:
            label = axes.xaxis.label
            yield _Place(label, _centred(label, left, right), ("below", bottom))
            if axes.yaxis.label.get_rotation() == 90:
                middle = (frames[number, 1] + frames[number, 3]) / 2
                room = 2 * min(high - middle, middle - low) - MARGIN
                yield _Place(axes.yaxis.label, room, None)


def _saying(words: str, artists: Iterable[Artist]) -> list[Text]:
    """The last text of some artists that says these words, as titles come last, if there are words."""
    texts = [each for each in artists if isinstance(each, Text) and each.get_text() == words]
    return texts[-1:] if words else []


def _centred(text: Text, left: float, right: float) -> float:
    """Pixels of a text between two borders, by the side on which it is anchored."""
    box, side = text.get_window_extent(), text.get_horizontalalignment()
    if side == "left":
        return right - box.x0 - MARGIN
    if side == "right":
        return box.x1 - left - MARGIN
    middle = (box.x0 + box.x1) / 2
    return 2 * min(right - middle, middle - left) - MARGIN


def _between(
    frames: np.ndarray, number: int, side: int, first: float, last: float
) -> tuple[float, float]:
    """Borders halfway to the axes on either side (0: left and right, 1: below and above)."""
    own, low, high = frames[number], frames[:, side], frames[:, side + 2]
    across = 1 - side
    level = (frames[:, across] < own[across + 2]) & (own[across] < frames[:, across + 2])
    before = high[level & (high <= own[side] + 1)]
    after = low[level & (low >= own[side + 2] - 1)]
    return (
        (before.max() + own[side]) / 2 if len(before) else first,
        (after.min() + own[side + 2]) / 2 if len(after) else last,
    )
