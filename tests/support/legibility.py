"""Texts of a figure that cannot be read: over another text, over a picture, or beyond the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from unittest.mock import patch

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text

from thinkalike.plotting.style import freeze_layout

SLACK = 0.8
"""Points by which two boxes may overlap: letters do not fill theirs."""
EDGE = 0.5
"""Pixels by which a box may leave the page."""
SHOWN = 60
"""Letters of a text in a sentence."""


@dataclass(frozen=True)
class Box:
    """Place of a text on the page.

    Attributes:
        text: that stands there.
        corners: (4, 2) in pixels, around it; turned as the text is.
    """

    text: Text
    corners: np.ndarray

    def __str__(self) -> str:
        """Beginning of its text in quotation marks."""
        return repr(self.text.get_text()[:SHOWN])


def illegible(figure: Figure) -> list[str]:
    """Sentences about all texts of a figure that are over one another, over a picture or cut.

    A picture may have texts of its own axes on it, such as the numbers in the cells of a heat map.
    """
    texts, pictures = drawn(figure)
    boxes = [box_of(text) for text in texts]
    return [
        *_beyond(boxes, figure),
        *_over_each_other(boxes),
        *_over_pictures(boxes, pictures),
    ]


def drawn(figure: Figure) -> tuple[list[Text], list[AxesImage]]:
    """Texts and pictures that are drawn: no tick beyond its axis, nothing that is hidden."""
    freeze_layout(figure)
    texts: list[Text] = []
    pictures: list[AxesImage] = []
    draw_text, draw_picture = Text.draw, AxesImage.draw

    def keep_text(self: Text, renderer: object) -> None:
        if self.get_visible() and self.get_text().strip():
            texts.append(self)
        draw_text(self, renderer)

    def keep_picture(self: AxesImage, renderer: object) -> None:
        if self.get_visible():
            pictures.append(self)
        draw_picture(self, renderer)

    with patch.object(Text, "draw", keep_text), patch.object(AxesImage, "draw", keep_picture):
        figure.draw_without_rendering()
    return list(dict.fromkeys(texts)), pictures


def box_of(text: Text) -> Box:
    """Box of a text without the slack; of a turned text it is turned, too."""
    middle = _extent(text).mean(axis=0)  # also of the turned box, as both are symmetric about it
    angle = text.get_rotation()
    text.set_rotation(0)
    half = np.ptp(_extent(text), axis=0) / 2 - SLACK / 2 * text.get_figure(root=True).dpi / 72
    text.set_rotation(angle)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return Box(text, middle + corners @ np.array([(cos, sin), (-sin, cos)]))


def _extent(text: Text) -> np.ndarray:
    """Lower left and upper right corner of a text, without the arrow of an annotation, (2, 2)."""
    return np.asarray(Text.get_window_extent(text).get_points())


def _beyond(boxes: list[Box], figure: Figure) -> Iterator[str]:
    low, high = figure.bbox.extents[:2] - EDGE, figure.bbox.extents[2:] + EDGE
    for box in boxes:
        if (box.corners < low).any() or (box.corners > high).any():
            yield f"{box} leaves the page"


def _over_each_other(boxes: list[Box]) -> Iterator[str]:
    if not boxes:
        return
    low = np.array([box.corners.min(0) for box in boxes])
    high = np.array([box.corners.max(0) for box in boxes])
    for i, box in enumerate(boxes):
        near = (low[i] < high[i + 1 :]).all(1) & (low[i + 1 :] < high[i]).all(1)
        for j in np.flatnonzero(near) + i + 1:
            if _overlap(box.corners, boxes[j].corners):
                yield f"{box} lies over {boxes[j]}"


def _over_pictures(boxes: list[Box], pictures: list[AxesImage]) -> Iterator[str]:
    for picture in pictures:
        x0, y0, x1, y1 = picture.axes.get_window_extent().extents
        frame = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        for box in boxes:
            inside = box.text.axes is picture.axes and box.text in picture.axes.texts
            if not inside and _overlap(box.corners, frame):
                yield f"{box} lies over a picture"


def _overlap(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two convex shapes overlap: no side of either separates them."""
    for shape in (a, b):
        for start, end in pairwise([*shape, shape[0]]):
            normal = np.array([start[1] - end[1], end[0] - start[0]])
            first, second = a @ normal, b @ normal
            if first.max() <= second.min() + 1e-9 or second.max() <= first.min() + 1e-9:
                return False
    return True
