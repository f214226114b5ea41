"""captum's attributions of image classifiers: one row each, for everyone who must know them without captum.

Configuration, forecast and figures read these rows, and `thinkalike.explain.captum` computes by them.
Nothing here imports torch or captum; a test compares the names of arguments with captum's signatures.

Left out are those that explain a layer or a neuron, those for data that are no images, and those that
thinkalike has itself: KernelSHAP and Lime on superpixels, LRP, Grad-CAM.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from thinkalike.errors import InputError, did_you_mean, joined

Arguments = Mapping[str, Any]


def is_flag(value: Any) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


def is_count(value: Any) -> bool:
    """Whether a value is an integer of at least 1."""
    return type(value) is int and value >= 1


def is_number(value: Any) -> bool:
    """Whether a value is a number of at least 0."""
    return type(value) in (int, float) and 0 <= value < float("inf")


def is_window(value: Any) -> bool:
    """Whether a value is [3, rows, columns]: all channels of a rectangle of pixels."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 3
        and value[0] == 3
        and all(map(is_count, value))
    )


def is_colours(value: Any) -> bool:
    """Whether a value is a list of two or more colours, each [red, green, blue] in [0, 1]."""
    return (
        isinstance(value, list | tuple)
        and len(value) >= 2
        and all(
            isinstance(colour, list | tuple)
            and len(colour) == 3
            and all(is_number(part) and part <= 1 for part in colour)
            for colour in value
        )
    )


RULES = ("gausslegendre", "riemann_middle", "riemann_left", "riemann_right", "riemann_trapezoid")
"""Rules of integration of captum's Integrated Gradients."""

MODES = ("nearest", "bilinear", "bicubic", "area")
"""Modes of torch's interpolation of grids."""

KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "flag": (is_flag, "true or false"),
    "count": (is_count, "an integer of at least 1"),
    "number": (is_number, "a number of at least 0"),
    "window": (is_window, "[3, rows, columns], all channels of so many pixels"),
    "colours": (is_colours, "two or more colours, each [red, green, blue] in [0, 1]"),
    "rule": (lambda value: value in RULES, f"one of {', '.join(RULES)}"),
    "mode": (lambda value: value in MODES, f"one of {', '.join(MODES)}"),
}
"""Kind of an argument → whether a value is of it, and what it is in words."""

OURS = {
    "inputs": "images.count",
    "target": "explanation.target",
    "baselines": "explanation.baseline",
    "feature_mask": "segments",
    "layer": "depth",
    "device_ids": "",
    "additional_forward_args": "",
    "return_convergence_delta": "",
    "custom_attribution_func": "",
    "internal_batch_size": "",
    "perturbations_per_eval": "",
    "show_progress": "",
    "kwargs": "",
    "forward_func": "",
    "model": "",
}
"""Argument of captum's that thinkalike fills in itself → the key of a study that says it, if one does."""


@dataclass(frozen=True)
class Attribution:
    """What is known of an attribution of captum's before anything is computed.

    Attributes:
        name: of the class in `captum.attr`.
        title: name in figures.
        arguments: name → kind (of `KINDS`), of those that a user may give to its constructor or to
            `attribute`.
        required: arguments without a default.
        copies: arguments → inputs that one image becomes in a pass.
        passes: (arguments, size, segments) → forward passes that a map costs.
        baseline: whether pixels are compared with the baseline, or replaced by it.
        segments: whether its features are the superpixels.
        gradients: whether it takes gradients.
        rules: whether it replaces the gradients of modules: `relu`, of `torch.nn.ReLU`; `rescale`, of
            the modules that DeepLIFT has rules for; empty for none.
        complete: whether a map sums to score(image) − score(baseline).
        seeded: whether it draws random numbers.
        layer: whether it needs a layer of the network.
    """

    name: str
    title: str
    arguments: Mapping[str, str]
    required: tuple[str, ...] = ()
    copies: Callable[[Arguments], int] = lambda arguments: 1
    passes: Callable[[Arguments, int, int], float] = lambda arguments, size, segments: 2.0
    baseline: bool = False
    segments: bool = False
    gradients: bool = True
    rules: str = ""
    complete: bool = False
    seeded: bool = False
    layer: bool = False


def window_places(size: int, window: int, stride: int) -> int:
    """Places of a window along a side of so many pixels; the last may lie over the edge."""
    return -(-max(size - window, 0) // stride) + 1


def window_grid(arguments: Arguments, size: int) -> tuple[int, int]:
    """Rows and columns of the places of Occlusion's window, with captum's stride of 1 by default."""
    window = arguments["sliding_window_shapes"]
    strides = arguments.get("strides") or (3, 1, 1)
    rows, columns = (
        window_places(size, *pair) for pair in zip(window[1:], strides[1:], strict=True)
    )
    return rows, columns


def tiles(arguments: Arguments, size: int) -> bool:
    """Whether Occlusion's windows tile an image: every pixel is in one, and all are whole."""
    window = arguments["sliding_window_shapes"][1:]
    strides = (arguments.get("strides") or (3, 1, 1))[1:]
    return list(window) == list(strides) and not any(size % side for side in window)


def _occlusion_passes(arguments: Arguments, size: int, segments: int) -> float:
    rows, columns = window_grid(arguments, size)
    return 1 + rows * columns


ATTRIBUTIONS: dict[str, Attribution] = {
    row.name: row
    for row in (
        Attribution("Saliency", "Saliency", {"abs": "flag"}),
        Attribution("InputXGradient", "Input × Gradient", {}, baseline=True),
        Attribution("GuidedBackprop", "Guided Backprop", {}, rules="relu"),
        Attribution(
            "GuidedGradCam",
            "Guided Grad-CAM",
            {"interpolate_mode": "mode", "attribute_to_layer_input": "flag"},
            passes=lambda arguments, size, segments: 4.0,
            rules="relu",
            layer=True,
        ),
        Attribution("Deconvolution", "Deconvolution", {}, rules="relu"),
        Attribution(
            "DeepLift",
            "DeepLIFT",
            {"multiply_by_inputs": "flag", "eps": "number"},
            copies=lambda arguments: 2,
            passes=lambda arguments, size, segments: 4.0,
            baseline=True,
            rules="rescale",
            complete=True,
        ),
        Attribution(
            "DeepLiftShap",
            "DeepLIFT SHAP",
            {"multiply_by_inputs": "flag", "baselines": "colours"},
            required=("baselines",),
            copies=lambda arguments: 2 * len(arguments["baselines"]),
            passes=lambda arguments, size, segments: 4.0 * len(arguments["baselines"]),
            baseline=True,
            rules="rescale",
            complete=True,
        ),
        Attribution(
            "GradientShap",
            "Gradient SHAP",
            {
                "multiply_by_inputs": "flag",
                "baselines": "colours",
                "n_samples": "count",
                "stdevs": "number",
            },
            copies=lambda arguments: int(arguments.get("n_samples", 5)),
            passes=lambda arguments, size, segments: 2.0 * arguments.get("n_samples", 5),
            baseline=True,
            complete=True,
            seeded=True,
        ),
        Attribution(
            "IntegratedGradients",
            "Integrated Gradients",
            {"multiply_by_inputs": "flag", "n_steps": "count", "method": "rule"},
            copies=lambda arguments: int(arguments.get("n_steps", 50)),
            passes=lambda arguments, size, segments: 2.0 * arguments.get("n_steps", 50),
            baseline=True,
            complete=True,
        ),
        Attribution(
            "Occlusion",
            "Occlusion",
            {"sliding_window_shapes": "window", "strides": "window"},
            required=("sliding_window_shapes",),
            passes=_occlusion_passes,
            baseline=True,
            gradients=False,
        ),
        Attribution(
            "FeatureAblation",
            "Feature ablation",
            {},
            passes=lambda arguments, size, segments: 1.0 + segments,
            baseline=True,
            segments=True,
            gradients=False,
        ),
    )
}
"""Name of the class in captum → row, in the order of the documentation."""


def attribution_of(name: str) -> Attribution:
    """Row of an attribution.

    Raises:
        InputError: there is none of this name.
    """
    if name not in ATTRIBUTIONS:
        raise InputError(
            f"attribution: {name!r} is none of {', '.join(ATTRIBUTIONS)}"
            f"{did_you_mean(name, ATTRIBUTIONS)}"
        )
    return ATTRIBUTIONS[name]


def is_complete(name: str, arguments: Arguments) -> bool:
    """Whether maps of an attribution sum to score(image) − score(baseline)."""
    return ATTRIBUTIONS[name].complete and bool(arguments.get("multiply_by_inputs", True))


def wrong_arguments(name: str, arguments: Arguments) -> Iterator[str]:
    """What is wrong with the arguments of an attribution: `arguments…:` and a sentence for each."""
    row = ATTRIBUTIONS[name]
    for key in row.required:
        if key not in arguments:
            yield f"arguments.{key}: {name} needs {KINDS[row.arguments[key]][1]}"
    for key, value in arguments.items():
        if key not in row.arguments:
            yield f"arguments.{key}: {_unknown(row, key)}"
        elif not KINDS[row.arguments[key]][0](value):
            yield f"arguments.{key}: {value!r} is not {KINDS[row.arguments[key]][1]}"
        elif key == "strides" and "sliding_window_shapes" in arguments:
            window = arguments["sliding_window_shapes"]
            if is_window(window) and any(s > w for s, w in zip(value, window, strict=True)):
                yield f"arguments.strides: {value} leave pixels between windows of {window} out"


def _unknown(row: Attribution, key: str) -> str:
    """Why an attribution is not given this argument."""
    known = f"captum's {row.name} takes {', '.join(row.arguments) or 'no arguments here'}"
    if key in OURS and (key != "layer" or row.layer):
        place = f"; set {OURS[key]}" if OURS[key] else ""
        return f"the study says it{place}, and {known}" if place else f"thinkalike sets it; {known}"
    return joined(f"no argument of this name{did_you_mean(key, row.arguments)}", known)
