"""Explanations of small images by models that are only names: maps of random numbers, without networks."""

import numpy as np

from benchmarks.explorer_study import random_predictions
from thinkalike.compare.bases import Basis, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.explain.explanation import Explanation
from thinkalike.notebook.explanations import Explanations
from thinkalike.notebook.images import Images
from thinkalike.statistics.roles import Roles

SIDE = 16
CELLS = {"gradcam": 4, "lrp": SIDE, "kernelshap": 6}
"""Method → cells a side, pixels a side, superpixels."""


def explanations(
    method: str = "gradcam",
    models: tuple[str, ...] = ("one", "one again", "another", "untrained"),
    images: int = 6,
    *,
    prefix: str = "",
    blank: tuple[str, ...] = (),
) -> Explanations:
    """Maps whose noise is the model's own, and whose rest is the image's.

    Args:
        method: gradcam (on a grid), lrp (on pixels) or kernelshap (on superpixels).
        models: names; `one` and `one again` are seeds of one network.
        images: number of images.
        prefix: of the names of images and classes.
        blank: models whose maps are blank, but for the last image's.
    """
    draw = np.random.default_rng(0)
    size = CELLS[method] if method == "kernelshap" else CELLS[method] ** 2
    shared = draw.normal(size=(images, size))
    classes = [f"{prefix}{number % 2}" for number in range(images)]
    ids = tuple(f"{prefix}{number}.png" for number in range(images))
    pixels = draw.integers(0, 256, (images, SIDE, SIDE, 3), dtype=np.uint8)
    bases = _bases(method, images, draw)
    found, predictions = {}, {}
    for model in models:
        values = (shared + draw.normal(size=shared.shape)).astype(np.float32)
        if model in blank:
            values[:-1] = 0
        found[model] = Explanation(Maps(values, bases), np.zeros(images, int))
        predictions[model] = random_predictions(ids, classes, sorted(set(classes)), draw)
    attributes = {"method": method, "units": "logit", "target": "prediction", "baseline": [0.0] * 3}
    return Explanations(
        method,
        found,
        {model: {**attributes, "model": model} for model in models},
        predictions,
        Images(ids, pixels, tuple(classes)),
        classes,
        Roles(
            {"one": "cnn", "one again": "cnn", "another": "transformer"},
            {"one again": "one"},
            [model for model in models if model == "untrained"],
        ),
    )


def _bases(method: str, images: int, draw: np.random.Generator) -> tuple[Basis, ...]:
    if method == "gradcam":
        return (Grid(4, 4, SIDE, SIDE),)
    if method == "lrp":
        return (Pixels(SIDE, SIDE),)
    rows = np.arange(SIDE)[:, None] * 6 // SIDE + np.zeros(SIDE, int)
    return tuple(Segments((rows + draw.integers(6)) % 6) for _ in range(images))
