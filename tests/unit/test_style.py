"""How figures call methods, variants and subsets."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import yaml

from thinkalike.config import METHODS, ROOT
from thinkalike.plotting.style import (
    METHOD_NAMES,
    METRIC_NAMES,
    SUBSET_NAMES,
    freeze_layout,
    method_name,
    styled,
    subset_name,
    title_of,
)


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
        ("all_64", "all images of the first 64"),
        ("matching_8", "images with equal predictions of the first 8"),
        ("differing_128", "images with different predictions of the first 128"),
        ("some", "some"),
    ],
)
def test_a_subset_in_words(subset, name):
    assert subset_name(subset) == name


def test_everything_that_a_study_can_have_has_a_name():
    schema = yaml.safe_load((ROOT / "schemas" / "config.schema.yaml").read_text())["properties"]
    assert set(METHOD_NAMES) == set(METHODS)
    assert set(METRIC_NAMES) == set(schema["metrics"]["items"]["enum"])
    conditions = schema["subsets"]["items"]["pattern"].split("(")[1].split(")")[0].split("|")
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
