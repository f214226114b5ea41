"""The explanation methods: one row each, for everyone who has to know them without computing with them.

Configuration, rules, forecast, figures and guides read these rows; nothing here imports torch. A new
method is a row, a module with one verb `explain`, its block of settings in the schema and in
config.yaml, and its tests.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from thinkalike.attributions import ATTRIBUTIONS, is_complete, tiles, window_grid

Settings = Mapping[str, Any]

Case = tuple[str, str]
"""Method and metric."""

DRAWS = 8
"""Draws from the posterior that are stored with every KernelSHAP map."""

AUDITED = 32
"""Images explained a second time in float32 where a job computes in less."""

COMPARISON_SETTINGS = ("images", "sign", "pool", "rescaling", "rbf_sigma", "ceiling_images")
"""Settings that change how many maps there are or how they are compared, but no map."""

OTHER_FAMILIES = "other"
"""Key of the rules of LRP for families that its settings do not name."""


@dataclass(frozen=True)
class Method:
    """What is known of an explanation method before anything is computed.

    Attributes:
        key: name in the configuration and in paths; `thinkalike.explain.<key>` is its module.
        title: name in figures.
        map_settings: (settings, model, family) → the settings that change the maps of this model.
        passes: (settings, size, segments) → forward passes that a map costs. A forward and backward pass
            counts as two, because only the image or an activation gets a gradient.
        numbers: (settings, size, segments, cells) → float32 numbers stored for a map. `size` is the
            side of the image in pixels, `segments` the number of superpixels, `cells` depth in
            percent → cells of the Grad-CAM layer.
        layer: whether maps belong to a layer of the network.
        segments: whether maps are on superpixels.
        baseline: whether pixels are replaced by a baseline.
        estimated: whether maps are estimates with standard errors and draws.
        embedding: whether maps can explain an embedding by its cosine to itself, whose gradient at the
            image is 0.
        complete: whether a file of maps says how far each is from the sum that it promises: from
            score(image) − score(baseline) (`converged`), or, with the accounts of the biases, from the
            score (`ledger_gap`).
        metrics: by which models are compared.
        explained_by: key of the method in whose files of maps everything is that this one compares; it
            has no maps of its own. None of a method with maps.
    """

    key: str
    title: str
    map_settings: Callable[[Settings, str, str], dict[str, Any]]
    passes: Callable[[Settings, int, int], float]
    numbers: Callable[[Settings, int, int, Mapping[int, int]], int]
    layer: bool = False
    segments: bool = False
    baseline: bool = True
    estimated: bool = False
    embedding: bool = True
    complete: bool = False
    metrics: tuple[str, ...] = ("cosine", "rbf")
    explained_by: str | None = None

    @property
    def has_maps(self) -> bool:
        """Whether the method has maps of its own, which can be drawn and clustered."""
        return self.explained_by is None

    @property
    def module(self) -> str:
        """Dotted name of the module whose `explain` computes the maps."""
        return f"thinkalike.explain.{self.key}"


def gradcam_passes(settings: Settings, size: int, segments: int) -> float:
    """Forward passes of a Grad-CAM map: 1 + (1 − depth/100), the backward pass ends at the layer.

    Counted operations are up to 1.15 at depth 100 (docs/measured/explainers.md).
    """
    return 2 - settings["depth"] / 100


FIRST_STEPS = 6
"""Steps that Integrated Gradients begin with."""
USUAL_STEPS, USUAL_TOLERANCE = {"digits": 24.4, "photographs": 70.0, "untrained": 20.0}, 0.075
"""What a network has seen → mean steps of a map at a tolerance of maps; and that tolerance, beside 0.02 of
sums. Of digits, six networks of the digits study, 16 images each (docs/measured/quadrature.md); of
photographs, EfficientNet-Lite0 and Lite2; untrained, ResNet and EfficientNet-Lite0
(docs/measured/forecast.md)."""
TOLERANCE_POWER = 1 / 2
"""Steps grow with map_tolerance^(−1/2): double where gradients jump, and hardly where they are smooth. Of 8
images of the same networks it gives 31.3 steps at 0.0375, where 34.2 were measured."""


def expected_steps(map_tolerance: float, most_steps: int, seen: str = "photographs") -> float:
    """Mean number of steps of Integrated Gradients, between 6 and `most_steps`.

    `USUAL_STEPS` · (`USUAL_TOLERANCE` / map_tolerance)^(1/2).

    Args:
        map_tolerance, most_steps: settings of the method.
        seen: what the network has seen, a key of `USUAL_STEPS`.
    """
    if not map_tolerance:
        return most_steps
    steps = USUAL_STEPS[seen] * (USUAL_TOLERANCE / map_tolerance) ** TOLERANCE_POWER
    return min(max(steps, FIRST_STEPS), most_steps)


def kernelshap_passes(settings: Settings, size: int, segments: int) -> float:
    """Forward passes of a KernelSHAP map: its evaluations; with a tolerance, the most there can be."""
    evaluations: int = settings["evaluations"]
    if settings.get("tolerance") is not None:
        while 2 * evaluations <= settings["most_evaluations"]:
            evaluations *= 2
    return evaluations


MOST_EVALUATIONS = 8194
"""Largest number of evaluations of KernelSHAP."""


def kernelshap_budget(settings: Settings, segments: int) -> dict[str, int]:
    """`evaluations` of KernelSHAP and `most_evaluations`, also where they follow from the superpixels.

    Without a number of their own they are 4 (segments + 2), and eight times as many.
    """
    evaluations = settings["evaluations"] or min(4 * (segments + 2), MOST_EVALUATIONS)
    most = settings["most_evaluations"] or min(8 * evaluations, MOST_EVALUATIONS)
    return {"evaluations": evaluations, "most_evaluations": most}


def lrp_passes(settings: Settings, size: int, segments: int) -> float:
    """Forward passes of a map by LRP: two, with γ for convolutions 3 to 4 (docs/reference/lrp.md)."""
    return 2.0 if settings["composite"] == "epsilon" else 3.5


def captum_settings(settings: Settings, model: str, family: str) -> dict[str, Any]:
    """Settings of an attribution by captum that change its maps; the depth only where it has a layer."""
    names = ["attribution", "arguments", "smooth"]
    if settings["attribution"] and ATTRIBUTIONS[settings["attribution"]].layer:
        names.append("depth")
    return {name: settings[name] for name in names}


def captum_passes(settings: Settings, size: int, segments: int) -> float:
    """Forward passes of a map by captum: those of the attribution, for each of SmoothGrad's samples."""
    row = ATTRIBUTIONS[settings["attribution"]]
    samples: int = settings["smooth"]["samples"] if settings["smooth"] else 1
    return samples * row.passes(settings["arguments"], size, segments)


FILE_PASSES = 2.0
"""Forward passes that a map by a method from a file is taken to cost: those of a gradient. Finished jobs of
the same study correct it, for the rate is then counted in the same passes."""


def _pixels(settings: Settings, size: int, segments: int, cells: Mapping[int, int]) -> int:
    return size**2


def _superpixels_and_coalitions(
    settings: Settings, size: int, segments: int, cells: Mapping[int, int]
) -> int:
    # a value, its standard error and its draws for every superpixel; score and ink of every coalition,
    # whose size compresses to little
    return round(segments * (2 + DRAWS) + 2 * kernelshap_passes(settings, size, segments))


def _of_captum(settings: Settings, size: int, segments: int, cells: Mapping[int, int]) -> int:
    arguments = settings["arguments"]
    if ATTRIBUTIONS[settings["attribution"]].segments:
        return segments
    if settings["attribution"] == "Occlusion" and tiles(arguments, size):
        return math.prod(window_grid(arguments, size))
    return size**2


def _of_a_file(settings: Settings, size: int, segments: int, cells: Mapping[int, int]) -> int:
    # a grid has fewer numbers than the frame has pixels, by how many is not known
    return segments if settings["basis"] == "segments" else size**2


METHODS: dict[str, Method] = {
    method.key: method
    for method in (
        Method(
            key="gradcam",
            title="Grad-CAM",
            map_settings=lambda settings, model, family: {
                "depth": settings["depth"],
                "mended": settings["mended_cells"].get(model, []),
            },
            passes=gradcam_passes,
            numbers=lambda settings, size, segments, cells: cells.get(settings["depth"], 0),
            layer=True,
            baseline=False,
            embedding=False,
        ),
        Method(
            key="integrated_gradients",
            title="Integrated Gradients",
            map_settings=lambda settings, model, family: {
                key: settings[key] for key in ("tolerance", "map_tolerance", "most_steps")
            },
            passes=lambda settings, size, segments: (
                2 * expected_steps(settings["map_tolerance"], settings["most_steps"])
            ),
            numbers=_pixels,
            complete=True,
        ),
        Method(
            key="kernelshap",
            title="KernelSHAP",
            map_settings=lambda settings, model, family: {"evaluations": settings["evaluations"]},
            passes=kernelshap_passes,
            numbers=_superpixels_and_coalitions,
            segments=True,
            estimated=True,
        ),
        Method(
            key="lrp",
            title="LRP",
            map_settings=lambda settings, model, family: {
                "composite": settings["composites"].get(
                    family, settings["composites"][OTHER_FAMILIES]
                )
            },
            passes=lrp_passes,
            numbers=_pixels,
            embedding=False,
            complete=True,
        ),
        Method(
            key="captum",
            title="captum",
            map_settings=captum_settings,
            passes=captum_passes,
            numbers=_of_captum,
        ),
        Method(
            key="file",
            title="File",
            map_settings=lambda settings, model, family: {
                key: settings[key] for key in ("file", "arguments", "basis", "content")
            },
            passes=lambda settings, size, segments: FILE_PASSES,
            numbers=_of_a_file,
        ),
        Method(
            key="answers",
            title="Answers to coalitions",
            map_settings=lambda settings, model, family: {},
            passes=lambda settings, size, segments: 0.0,
            numbers=lambda settings, size, segments, cells: 0,
            baseline=False,
            metrics=("cosine",),
            explained_by="kernelshap",
        ),
    )
}
"""Key → method, in the order of the documentation."""


def method_of(settings: Settings) -> Method:
    """Row of the method whose settings these are, with what they choose among its needs.

    Args:
        settings: complete, with the `method` that they belong to.
    """
    row = METHODS[settings["method"]]
    if row.key == "captum" and settings["attribution"]:
        chosen = ATTRIBUTIONS[settings["attribution"]]
        return replace(
            row,
            title=chosen.title,
            baseline=chosen.baseline,
            segments=chosen.segments,
            layer=chosen.layer,
            embedding=not chosen.rules and (chosen.complete or not chosen.gradients),
            complete=is_complete(chosen.name, settings["arguments"]),
        )
    if row.key == "file":
        return replace(row, segments=settings["basis"] == "segments")
    return row


TITLES = {method.key: method.title for method in METHODS.values()} | {
    row.name.lower(): row.title for row in ATTRIBUTIONS.values()
}
"""Key of a method, or attribution of captum's in lower-case letters → name in figures."""


def method_name(method: str) -> str:
    """Method or variant in words.

    If its key begins with that of a method or with the name of an attribution of captum's, with or without
    underscores in it, so does its name.
    """
    words = method.split("_")
    for end in range(len(words), 0, -1):
        for start in ("_".join(words[:end]), "".join(words[:end])):
            if start in TITLES:
                return " ".join([TITLES[start], *words[end:]])
    return " ".join(words)
