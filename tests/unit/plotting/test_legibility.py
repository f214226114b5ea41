"""Texts of all figures can be read, however long names are and however many models or classes."""

import ast
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tests.support import figures
from tests.support.checkout import REPOSITORY
from tests.support.figures import FIGURES, OF_CLASSES, OF_ONE, World, influential_images
from tests.support.legibility import illegible
from thinkalike.plotting.fitting import fitted, inches_of, wrapped
from thinkalike.plotting.style import styled


def faults(draw: Callable[[World], Figure], world: World) -> list[str]:
    """Sentences about a figure."""
    with styled(world.families):
        return illegible(draw(world))


@pytest.mark.parametrize(
    "count", [2, 14, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 40))]
)
@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_few_and_many_models_with_long_names_are_legible(name, count):
    assert faults(FIGURES[name], World(count)) == []


@pytest.mark.parametrize("classes", [1, 12, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", OF_CLASSES)
def test_figures_of_one_and_many_classes_with_long_names_are_legible(name, classes):
    assert faults(OF_CLASSES[name], World(3, classes)) == []


@pytest.mark.parametrize("draw", OF_ONE)
def test_figures_without_models_in_them_are_legible(draw):
    assert faults(draw, World(3)) == []


@pytest.mark.parametrize("count", [2, 3])
def test_galleries_of_pairs_with_long_names_are_legible(count, tmp_path):
    path = str(tmp_path / "image.png")
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    assert faults(lambda world: influential_images(world, path), World(count)) == []


DRAWN_ELSEWHERE = {
    "iris_figure",  # their names are those of the data sets
    "wine_figure",
    "model_gallery",  # ends in `gallery`
    "similarities",  # ends in `histograms` or `profiles`
}


def test_every_function_that_draws_a_figure_is_among_them():
    drawing = set()
    for path in (REPOSITORY / "thinkalike" / "plotting").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            returns = (
                ast.unparse(node.returns)
                if isinstance(node, ast.FunctionDef) and node.returns
                else ""
            )
            if "Figure" in returns and not node.name.startswith("_"):
                drawing.add(node.name)
    source = Path(figures.__file__).read_text()
    called = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    assert len(drawing) > 30
    assert drawing - called - DRAWN_ELSEWHERE - {"draw_panels"} == set()


@pytest.mark.parametrize(
    ("place", "turned", "fault"),
    [
        ((0.5, 0.5), 0, "'below' lies over 'above'"),
        ((0.5, 0.5), 90, "'below' lies over 'above'"),
        ((0.99, 0.5), 0, "'below' leaves the page"),
        ((0.2, 0.8), 0, "'below' lies over a picture"),
        ((0.8, 0.2), 45, None),
    ],
)
def test_what_cannot_be_read_is_found(place, turned, fault):
    figure = plt.figure(figsize=(4, 4), layout="none")
    axes = figure.add_axes((0.1, 0.7, 0.2, 0.2))
    axes.imshow(np.eye(3), aspect="auto")
    axes.set_axis_off()
    axes.text(0, 2, "own")
    figure.text(0.5, 0.5, "above")
    figure.text(*place, "below", rotation=turned)
    plt.close(figure)
    expected = [] if fault is None else [fault]
    assert [
        sentence.replace("'above' lies over 'below'", "'below' lies over 'above'")
        for sentence in illegible(figure)
    ] == expected


def test_turned_texts_side_by_side_do_not_lie_over_each_other_though_their_boxes_do():
    figure = plt.figure(figsize=(4, 4), layout="none")
    for place in (0.4, 0.5):
        figure.text(place, 0.5, "a name that is turned", rotation=45)
    plt.close(figure)
    assert illegible(figure) == []


@pytest.mark.parametrize("text", ["German short-haired pointer", "n02102040 n02102040", "W" * 30])
@pytest.mark.parametrize("inches", [0.3, 0.6, 1.2])
def test_fitted_text_is_no_wider_than_its_place_and_loses_no_letter(text, inches):
    lines = fitted(text, inches, 5.5)
    assert inches_of([lines], 5.5) <= inches
    assert lines.replace("\n", "").replace(" ", "") == text.replace(" ", "")


def test_underscores_end_words_and_lines_stay_lines():
    assert wrapped("EfficientNetV2_Small_21k", 16) == "EfficientNetV2_\nSmall_21k"
    assert wrapped("one\ntwo three", 20) == "one\ntwo three"
    # no word is left alone in a line, nor broken for it
    assert wrapped("one two three four", 15) == "one two\nthree four"
    assert wrapped("aa bb extraordinarily", 15) == "aa bb\nextraordinarily"
