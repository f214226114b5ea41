"""Models as points in the plane: markers, and names that lie over nothing."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from thinkalike.plotting.fitting import inches_of, most_lines, wrapped
from thinkalike.plotting.style import FAMILY_COLOURS, FAMILY_MARKERS

HALO = [withStroke(linewidth=1.6, foreground="white")]
"""Keeps a name legible where it crosses a line."""
MARKER = 3.5
"""Half a marker, in points; names keep off it."""
LINE = 0.1
"""Inches of a line of names."""
MOST_NAMES = 1.3
"""Square inches of names that axes of half a page have room for."""
LETTERS = 24
"""Letters of a line of a name."""
REACH = (4.0, *(float(reach) for reach in range(8, 150, 6)))
"""Points from the middle of a marker to its name."""


ROOM = 0.65
"""Half of the sides of axes, in widths of the points that fill them."""
EDGE = 0.9
"""Where a point beyond the axes is drawn, in halves of their sides."""


def framed(table: pd.DataFrame, controls: Collection[str]) -> pd.DataFrame:
    """Points with those controls at the edge that lie far beyond the other models.

    The other models fill the axes; a control would press them into a corner. It is drawn where the
    line to it from their centre meets the edge, and only its distance from that centre is told.

    Args:
        table: model, x, y.
        controls: models that may lie beyond the axes.

    Returns:
        The table, x and y of such controls at the edge, with `beyond`: their distances; NaN for others.
    """
    points = table[["x", "y"]].to_numpy(float, copy=True)
    control = table["model"].isin(controls).to_numpy()
    beyond = np.full(len(points), np.nan)
    if (~control).sum() > 1:
        centre, half = _frame(points[~control])
        step = points - centre
        reach = np.abs(step).max(1)
        outside = control & (reach > half)
        beyond[outside] = np.linalg.norm(step[outside], axis=1)
        points[outside] = centre + step[outside] * (EDGE * half / reach[outside])[:, None]
    return table.assign(x=points[:, 0], y=points[:, 1], beyond=beyond)


def label_points(table: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """Names of points; of one beyond the axes, with its distance from the others' centre."""
    return [
        names[model] if np.isnan(distance) else f"{names[model]}, {distance:.2f} away"
        for model, distance in zip(table["model"], table["beyond"], strict=True)
    ]


def _frame(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre of axes, and half of their sides, that points fill with room for names."""
    centre = (points.min(0) + points.max(0)) / 2
    return centre, ROOM * max(float(np.ptp(points, axis=0).max()), 1e-9)


def draw_points(
    axes: Axes,
    table: pd.DataFrame,
    families: Mapping[str, str],
    colours: Sequence[str] | None = None,
) -> None:
    """Draw models as markers of their family, at equal scale on both axes, with room for names.

    Args:
        axes: where to.
        table: model, x, y; and `beyond`, as from `framed`, if some lie outside: these are open, with an
            arrow.
        families: model → family.
        colours: one for each row; those of the families by default.
    """
    points = table[["x", "y"]].to_numpy()
    own = [FAMILY_COLOURS[families[model]] for model in table["model"]]
    outside = (
        table["beyond"].notna().to_numpy() if "beyond" in table else np.zeros(len(table), bool)
    )
    centre, half = _frame(points[~outside] if (~outside).any() else points)
    rows = zip(points, table["model"], colours or own, outside, strict=True)
    for (x, y), model, colour, is_outside in rows:
        marker = FAMILY_MARKERS[families[model]]
        if is_outside:
            axes.plot(x, y, marker, mec=colour, mfc="w", ms=4.5, mew=0.8, zorder=3)
            end = centre + (np.array([x, y]) - centre) / EDGE
            arrow = {"arrowstyle": "->", "color": colour, "lw": 0.8, "shrinkA": 3, "shrinkB": 0}
            axes.annotate("", end, (x, y), arrowprops=arrow, zorder=3)
        else:
            axes.plot(x, y, marker, color=colour, ms=5.5, mec="w", mew=0.5, zorder=3)
    axes.set(xlim=(centre[0] - half, centre[0] + half), ylim=(centre[1] - half, centre[1] + half))
    axes.set_aspect("equal")


def numbered(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Numbers instead of names that are too many or too long for axes, and the key to them.

    Args:
        names: of the points of axes of half a page.

    Returns:
        What is to be written beside the points, and the entries of the key; none where names have room.
    """
    lines = [wrapped(name, LETTERS) for name in names]
    area = sum(inches_of([each], 6) * LINE * most_lines([each]) for each in lines)
    if area <= MOST_NAMES:
        return list(names), []
    numbers = [str(number) for number in range(1, len(names) + 1)]
    return numbers, [f"{number}: {name}" for number, name in zip(numbers, names, strict=True)]


def name_points(axes: Axes, points: np.ndarray, labels: Sequence[str]) -> None:
    """Write names beside points, inside the axes, over no marker, name or line, as near as can be.

    The layout of the figure must be final. Crowded points choose first; a name that is not beside its
    point is joined to it by a line, which may cross a marker where there is no other way. Nothing is
    random.

    Args:
        axes: where the points are drawn.
        points: (M, 2), in the units of the axes.
        labels: one per point.
    """
    axes.apply_aspect()  # axes of equal scale have their final place only when they are drawn
    dot = axes.figure.dpi / 72
    at = axes.transData.transform(points)
    to_data = axes.transData.inverted().transform
    frame = np.array(axes.get_window_extent().extents)
    taken = _squares(at, MARKER * dot)
    apart = np.linalg.norm(at[:, None] - at, axis=2) + np.diag(np.full(len(at), np.inf))
    for i in np.argsort(apart.min(1), kind="stable"):
        text = axes.text(
            0, 0, wrapped(labels[i], LETTERS), fontsize=6, va="bottom", zorder=4, path_effects=HALO
        )
        extent = text.get_window_extent()
        room = np.array([2.0, 0.0]) * dot  # at either end of a name, so that two do not read as one
        places = _places(at[i], np.array([extent.width, extent.height]) + 2 * room, dot)
        costs = [_cost(name, line, taken, frame) + reach for reach, name, line in places]
        _, name, line = places[int(np.argmin(costs))]
        taken = np.vstack([taken, name, line])
        text.set_position(tuple(to_data(name[:2] + room)))
        if len(line):
            ends = to_data((line[[0, -1], :2] + line[[0, -1], 2:]) / 2)
            axes.plot(ends[:, 0], ends[:, 1], color="#888888", lw=0.4, zorder=2)


def _places(
    point: np.ndarray, size: np.ndarray, dot: float
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Places where a name may stand: distance, box, and boxes along the line to its point."""
    places = []
    for reach in REACH:
        # from the right, in turn above and below
        for turn in sorted(range(-7, 9), key=abs):
            towards = np.array([np.cos(np.pi * turn / 8), np.sin(np.pi * turn / 8)])
            near = point + towards * reach * dot
            # the side or corner of the name that faces its point lies at `near`
            corner = near - size * (1 - np.clip(1.4 * towards, -1, 1)) / 2
            start = point + towards * (MARKER + 1) * dot
            line = _squares(np.linspace(start, near, 9)[:-1], dot / 2)
            places.append(
                (reach, np.r_[corner, corner + size], line[: len(line) * (reach > REACH[0])])
            )
    return places


def _cost(name: np.ndarray, line: np.ndarray, taken: np.ndarray, frame: np.ndarray) -> float:
    """Cost of a place beside its distance, in points: nothing may lie under a name."""
    outside = (name[:2] < frame[:2]).any() or (name[2:] > frame[2:]).any()
    return 1000.0 * (outside + _overlaps(name[None], taken)) + 15.0 * _overlaps(line, taken)


def _squares(centres: np.ndarray, half: float) -> np.ndarray:
    """Squares about points, (K, 4): left, bottom, right, top."""
    return np.hstack([centres - half, centres + half])


def _overlaps(some: np.ndarray, others: np.ndarray) -> int:
    """Number of pairs of a box of the one and a box of the other that overlap."""
    a, b = some[:, None], others[None]
    return int(((a[..., :2] < b[..., 2:]) & (b[..., :2] < a[..., 2:])).all(-1).sum())
