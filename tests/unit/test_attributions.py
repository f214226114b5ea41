"""The rows of captum's attributions against captum itself, and what is said of wrong arguments."""

import inspect

import captum.attr
import pytest

from thinkalike.attributions import (
    ATTRIBUTIONS,
    KINDS,
    OURS,
    RULES,
    attribution_of,
    tiles,
    window_grid,
    wrong_arguments,
)
from thinkalike.errors import InputError
from thinkalike.methods import METHODS, method_name, method_of

WINDOW = {"sliding_window_shapes": [3, 8, 8]}
COLOURS = {"baselines": [[0, 0, 0], [1, 1, 1]]}


def signature(name: str) -> dict[str, inspect.Parameter]:
    """Parameters of the constructor of a class of captum's, and of its `attribute`."""
    kind = getattr(captum.attr, name)
    parameters = {}
    for function in (kind.__init__, kind.attribute):
        parameters |= dict(list(inspect.signature(function).parameters.items())[1:])
    return parameters


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_the_names_of_arguments_are_captum_s(name):
    row, parameters = ATTRIBUTIONS[name], signature(name)
    # GradientShap has no default for its baselines; ours is the question's
    given = set(row.arguments)
    assert given <= set(parameters)
    assert set(parameters) - given <= set(OURS), "arguments that nobody gives"
    needed = {key for key, each in parameters.items() if each.default is inspect.Parameter.empty}
    assert set(row.required) <= needed & given
    assert set(row.arguments.values()) <= set(KINDS)


def test_the_defaults_that_costs_are_counted_with_are_captum_s():
    assert ATTRIBUTIONS["IntegratedGradients"].copies({}) == (
        signature("IntegratedGradients")["n_steps"].default
    )
    assert ATTRIBUTIONS["GradientShap"].copies({}) == signature("GradientShap")["n_samples"].default
    assert signature("Occlusion")["strides"].default is None, "which captum takes for 1"
    assert window_grid(WINDOW, 16) == (9, 9)


def test_the_rules_of_integration_are_captum_s():
    from captum.attr._utils.approximation_methods import SUPPORTED_METHODS

    assert set(RULES) == set(SUPPORTED_METHODS)


@pytest.mark.parametrize(
    ("size", "window", "stride", "grid", "whole"),
    [
        (16, 8, 8, (2, 2), True),
        (16, 8, 4, (3, 3), False),  # overlapping
        (16, 6, 6, (3, 3), False),  # the last over the edge
        (16, 16, 16, (1, 1), True),
        (16, 20, 20, (1, 1), False),
    ],
)
def test_windows_are_placed_as_captum_places_them(size, window, stride, grid, whole):
    arguments = {"sliding_window_shapes": [3, window, window], "strides": [3, stride, stride]}
    assert window_grid(arguments, size) == grid
    assert tiles(arguments, size) is whole


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Saliency", {"abs": False}),
        ("Occlusion", {**WINDOW, "strides": [3, 4, 8]}),
        ("DeepLiftShap", COLOURS),
        ("GradientShap", {**COLOURS, "n_samples": 3, "stdevs": 0.1}),
        ("IntegratedGradients", {"n_steps": 8, "method": "riemann_middle"}),
        ("DeepLift", {"eps": 1e-8, "multiply_by_inputs": False}),
    ],
)
def test_arguments_that_captum_takes_are_taken(name, arguments):
    assert list(wrong_arguments(name, arguments)) == []


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        (
            "IntegratedGradients",
            {"nsteps": 8},
            "arguments.nsteps: no argument of this name; did you mean 'n_steps'?",
        ),
        (
            "Saliency",
            {"baselines": 0},
            "arguments.baselines: the study says it; set explanation.base",
        ),
        ("Saliency", {"target": 1}, "arguments.target: the study says it; set explanation.target"),
        (
            "Saliency",
            {"layer": "x"},
            "arguments.layer: no argument of this name; captum's Saliency",
        ),
        (
            "GuidedGradCam",
            {"layer": "x"},
            "arguments.layer: the study says it; set depth, and captum",
        ),
        ("GuidedGradCam", {"interpolate_mode": "cubic"}, "'cubic' is not one of nearest, bilinear"),
        ("Saliency", {"inputs": 1}, "arguments.inputs: the study says it; set images.count"),
        ("Saliency", {"show_progress": True}, "thinkalike sets it; captum's Saliency takes abs"),
        ("Saliency", {"abs": "no"}, "arguments.abs: 'no' is not true or false"),
        (
            "InputXGradient",
            {"abs": True},
            "no argument of this name; captum's InputXGradient takes no",
        ),
        (
            "GradientShap",
            {"n_samples": 0},
            "arguments.n_samples: 0 is not an integer of at least 1",
        ),
        ("GradientShap", {"n_samples": True}, "True is not an integer"),
        ("GradientShap", {"stdevs": float("nan")}, "nan is not a number"),
        ("Occlusion", {}, "arguments.sliding_window_shapes: Occlusion needs [3, rows, columns]"),
        ("Occlusion", {"sliding_window_shapes": [8, 8]}, "[8, 8] is not [3, rows, columns]"),
        ("Occlusion", {**WINDOW, "strides": [3, 9, 8]}, "[3, 9, 8] leave pixels between windows"),
        ("DeepLiftShap", {"baselines": [[0, 0, 0]]}, "is not two or more colours"),
        ("DeepLiftShap", {"baselines": [[0, 0, 2], [0, 0, 0]]}, "is not two or more colours"),
        ("IntegratedGradients", {"method": "simpson"}, "'simpson' is not one of gausslegendre, "),
    ],
)
def test_wrong_arguments_are_sentences(name, arguments, said):
    (line,) = wrong_arguments(name, arguments)
    assert said in line


def test_an_unknown_attribution_comes_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'GuidedBackprop'"):
        attribution_of("GuidedBackpropagation")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("saliency", "Saliency"),
        ("saliency_smooth", "Saliency smooth"),
        ("guided_backprop", "Guided Backprop"),
        ("guidedbackprop", "Guided Backprop"),
        ("deep_lift_shap", "DeepLIFT SHAP"),
        ("deeplift_white", "DeepLIFT white"),
        ("input_x_gradient", "Input × Gradient"),
        ("integrated_gradients_50", "Integrated Gradients 50"),
        ("mine", "mine"),
    ],
)
def test_figures_call_a_variant_by_its_attribution(key, name):
    assert method_name(key) == name


def test_what_a_variant_needs_is_what_its_attribution_needs():
    def needs(**settings):
        row = method_of({"method": "captum", "arguments": {}, "smooth": None, **settings})
        return row.title, row.baseline, row.segments

    assert needs(attribution="Saliency") == ("Saliency", False, False)
    assert needs(attribution="Occlusion") == ("Occlusion", True, False)
    assert needs(attribution="FeatureAblation") == ("Feature ablation", True, True)
    assert needs(attribution=None) == ("captum", True, False)
    assert method_of({"method": "file", "basis": "segments"}).segments
    assert not method_of({"method": "file", "basis": "grid"}).segments


@pytest.mark.parametrize(
    ("attribution", "arguments", "smooth", "passes", "numbers"),
    [
        ("Saliency", {}, None, 2, 64**2),
        ("Saliency", {}, {"samples": 10, "sigma": 0.1}, 20, 64**2),
        ("IntegratedGradients", {"n_steps": 8}, None, 16, 64**2),
        ("DeepLiftShap", COLOURS, None, 8, 64**2),
        ("Occlusion", {**WINDOW, "strides": [3, 8, 8]}, None, 65, 64),
        ("Occlusion", {**WINDOW, "strides": [3, 4, 4]}, None, 1 + 15**2, 64**2),
        ("FeatureAblation", {}, None, 31, 30),
    ],
)
def test_costs(attribution, arguments, smooth, passes, numbers):
    settings = {"attribution": attribution, "arguments": arguments, "smooth": smooth}
    row = METHODS["captum"]
    assert row.passes(settings, 64, 30) == passes
    assert row.numbers(settings, 64, 30, {}) == numbers
