"""How figures call methods, variants and subsets, and how they draw names."""

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_svg import RendererSVG

from tests.support.checkout import REPOSITORY as ROOT
from thinkalike.methods import method_name
from thinkalike.plotting.style import (
    FAMILY_COLOURS,
    FAMILY_MARKERS,
    FAMILY_NAMES,
    METRIC_NAMES,
    SUBSET_NAMES,
    Powers,
    family_legend,
    freeze_layout,
    log_scale,
    styled,
    subset_name,
    title_of,
)
from thinkalike.workflow.config.schema import schema


def test_families_of_any_label_have_looks_of_their_own_in_every_figure_of_a_study():
    families = {"a": "cnn", "b": "my_group", "c": "zoo", "d": "Another one"}
    before = (dict(FAMILY_COLOURS), dict(FAMILY_MARKERS), dict(FAMILY_NAMES))
    seen = []
    for order in (list(families), list(reversed(families))):
        with styled({model: families[model] for model in order}):
            seen.append((dict(FAMILY_COLOURS), dict(FAMILY_MARKERS)))
            assert FAMILY_NAMES["my_group"] == "my group"
            figure, axes = plt.subplots()
            family_legend(axes, families)
            texts = [text.get_text() for text in axes.get_legend().get_texts()]
            assert texts == ["CNN", "Another one", "my group", "zoo"]
            plt.close(figure)
        assert before == (FAMILY_COLOURS, FAMILY_MARKERS, FAMILY_NAMES)
    colours, markers = seen[0]
    assert seen[0] == seen[1]
    assert len(set(colours.values())) == len(colours) == 6
    assert len(set(markers.values())) == 6


def test_more_families_than_colours_still_differ():
    families = {str(number): f"family {number}" for number in range(30)}
    with styled(families):
        looks = {(FAMILY_COLOURS[f], FAMILY_MARKERS[f]) for f in families.values()}
    assert len(looks) == 30


def test_every_script_that_draws_families_draws_them_in_the_colours_of_the_study():
    for path in sorted((ROOT / "scripts").glob("plot_*.py")):
        text = path.read_text()
        if "families: Mapping" in text:
            assert "styled(families)" in text, path.name


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("gradcam", "Grad-CAM"),
        ("integrated_gradients", "Integrated Gradients"),
        ("kernelshap", "KernelSHAP"),
        # variants that are called after their method
        ("gradcam_25", "Grad-CAM 25"),
        ("integrated_gradients_absolute", "Integrated Gradients absolute"),
        ("kernelshap_few_images", "KernelSHAP few images"),
        # and others
        ("absolute", "absolute"),
        ("few_images", "few images"),
        ("gradcams", "gradcams"),
        ("my_gradcam_25", "my gradcam 25"),
        ("integrated", "integrated"),
    ],
)
def test_a_method_or_variant_in_words(method, name):
    assert method_name(method) == name


@pytest.mark.parametrize(
    ("subset", "name"),
    [
        ("all", "all images"),
        ("matching", "images with equal predictions"),
        ("differing", "images with different predictions"),
        ("all_64", "the first 64 images"),
        ("matching_8", "images with equal predictions of the first 8"),
        ("differing_128", "images with different predictions of the first 128"),
        ("some", "some"),
    ],
)
def test_a_subset_in_words(subset, name):
    assert subset_name(subset) == name


def test_everything_that_a_study_can_have_has_a_name():
    properties = schema()["properties"]
    assert set(METRIC_NAMES) == set(properties["metrics"]["items"]["enum"])
    conditions = properties["subsets"]["items"]["pattern"].split("(")[1].split(")")[0].split("|")
    assert set(SUBSET_NAMES) == set(conditions)


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        (("gradcam",), "Grad-CAM"),
        (("gradcam_25", "cosine"), "Grad-CAM 25 · cosine"),
        (("absolute", "rbf", "all"), "absolute · RBF · all images"),
        (
            ("kernelshap", "rbf", "differing_64"),
            "KernelSHAP · RBF · images with different predictions of the first 64",
        ),
        (("gradcam", None, "matching"), "Grad-CAM · images with equal predictions"),
    ],
)
def test_a_title_names_what_is_given(asked, title):
    assert title_of(*asked) == title


def test_what_a_solver_leaves_in_the_last_digits_of_a_place_is_cut():
    with styled():
        figure = plt.figure(figsize=(7, 4))
        upper, lower = figure.subfigures(2, 1, height_ratios=[2, 1])
        for part, columns in ((upper, 3), (lower, 7)):
            for axes in part.subplots(1, columns):
                axes.imshow(np.eye(3))
                axes.set_title("a name")
        figure.suptitle("a title")
        freeze_layout(figure)
        figure.draw_without_rendering()
    places = [axes.get_position(original=True).get_points() for axes in figure.axes]
    places += [part.bbox_relative.get_points() for part in (upper, lower)]
    assert len(np.unique(places)) > 20
    np.testing.assert_array_equal(places, np.round(places, 9))


HOSTILE = ["$\\frac{a$", "$x$", "a_b^c", "50 %", "\\$", "<script>alert()</script>", "{x}"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_drawn_letter_by_letter_whatever_it_is(name, monkeypatch):
    drawn = []

    def recorded(self, gc, x, y, text, font, angle, ismath=False, mtext=None):
        drawn.append((text, ismath))

    monkeypatch.setattr(RendererSVG, "draw_text", recorded)
    with styled():
        figure, axes = plt.subplots()
        axes.set_title(name)
        axes.set_xticks([0], [name])
        axes.text(0, 0, name)
        figure.suptitle(name)
        figure.savefig(io.StringIO(), format="svg")
    assert [ismath for text, ismath in drawn if text == name] == [False] * 4


def test_a_logarithmic_axis_has_powers_in_letters():
    with styled():
        figure, axes = plt.subplots()
        log_scale(axes.xaxis, axes.yaxis)
        axes.set(xlim=(1e-7, 1e3), ylim=(20, 80))
        figure.draw_without_rendering()
        wide = [label.get_text() for label in axes.get_xticklabels(which="both")]
        narrow = [label.get_text() for label in axes.get_yticklabels(which="both")]
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert {"10⁻⁷", "10⁻⁵", "10⁻¹", "10³"} <= set(wide)
    assert {"2 × 10¹", "3 × 10¹", "4 × 10¹"} <= set(narrow)
    assert not any(mark in label for label in wide + narrow for mark in "$\\{}^")


@pytest.mark.parametrize(
    ("value", "label"), [(1e-12, "10⁻¹²"), (1.0, "10⁰"), (1e6, "10⁶"), (0.03, "3 × 10⁻²")]
)
def test_a_power_of_ten(value, label):
    assert Powers(labelOnlyBase=False, minor_thresholds=(np.inf, np.inf))(value) == label


def test_every_logarithmic_axis_is_one_of_those():
    modules = (ROOT / "thinkalike" / "plotting").glob("*.py")
    direct = [
        path.name
        for path in modules
        if path.name != "style.py"
        and re.search(r'scale\w*[(=]"(sym)?log"|\.(loglog|semilog\w)\(', path.read_text())
    ]
    assert direct == []
