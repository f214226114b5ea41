"""Draw what rules of LRP show of photographs: `python -m docs.tools.lrp_maps FOLDER`.

The picture is docs/images/lrp_maps.png.

FOLDER has the weights of EfficientNet-Lite0, `tf_efficientnet_lite0/model.safetensors`, by timm's names.
The photographs are scikit-image's own samples, free of copyright: Chelsea the cat (Stefan van der Walt,
CC0), a cup of coffee (Rachel Michetti, CC0), a rocket before its start (SpaceX, public domain).
"""

import sys
from io import BytesIO
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from skimage import data
from timm.data import ImageNetInfo

from benchmarks.rules import LITES, RULES, gradient_times_input, pretrained, question
from thinkalike.errors import InputError
from thinkalike.explain import lrp
from thinkalike.networks.model import Model
from thinkalike.plotting.style import WIDTH, styled
from thinkalike.stores.atomic import atomic

PAGE = Path("docs/images/lrp_maps.png")
SIZE = 224
SHOWN = ("epsilon", "γ 0.1", "γ 0.25", "z⁺")
"""Rules that are drawn, beside gradient × input."""
DOTS, COLOURS = 150, 256
"""Dots an inch, and colours, of the picture: maps are noise to PNG, and take much room."""
CLIPPED = 99.5
"""Percentile of the magnitudes of a map at which its colours end."""


def photographs() -> np.ndarray:
    """Squares from the middle of the samples, (N, SIZE, SIZE, 3) uint8."""
    squares = []
    for sample in (data.chelsea(), data.coffee(), data.rocket()):
        height, width = sample.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = Image.fromarray(sample[top : top + side, left : left + side])
        squares.append(np.asarray(square.resize((SIZE, SIZE), Image.Resampling.BICUBIC)))
    return np.stack(squares)


def maps(model: Model, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The classes predicted, and the maps (N, SIZE, SIZE) of each rule."""
    found = {name: lrp.relevance(model, pixels, None, question(), RULES[name][0]) for name in SHOWN}
    targets = found["epsilon"].targets
    every = {name: relevance.pixels for name, relevance in found.items()}
    every["gradient × input"] = gradient_times_input(model, pixels, targets)
    return targets, {name: each.reshape(-1, SIZE, SIZE) for name, each in every.items()}


def figure(pixels: np.ndarray, targets: np.ndarray, every: dict[str, np.ndarray]) -> Figure:
    """A row for each photograph: the photograph, and its maps, red for and blue against the class."""
    names = ImageNetInfo()
    rows, columns = len(pixels), 1 + len(every)
    drawn, axes = plt.subplots(
        rows, columns, figsize=(WIDTH, WIDTH * rows / columns + 0.3), layout="compressed"
    )
    for each in axes.ravel():
        each.set_axis_off()
    for row in range(rows):
        axes[row, 0].imshow(pixels[row])
        word = names.index_to_description(int(targets[row]), detailed=False).split(",")[0]
        axes[row, 0].set_title(word, fontsize=7)
        for place, (name, relevances) in zip(axes[row, 1:], every.items(), strict=True):
            limit = np.percentile(np.abs(relevances[row]), CLIPPED)
            place.imshow(relevances[row], cmap="RdBu_r", vmin=-limit, vmax=limit)
            if row == 0:
                place.set_title(name, fontsize=7)
    return drawn


def write(drawn: Figure, path: Path) -> None:
    """Write a figure as PNG of few colours."""
    with BytesIO() as whole, atomic(path) as temporary:
        drawn.savefig(whole, dpi=DOTS, format="png")
        picture = Image.open(whole).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        picture.save(temporary, format="png", optimize=True)


def main() -> None:
    """The command line."""
    if len(sys.argv) != 2:
        sys.exit(f"{__doc__}")
    try:
        model = pretrained(Path(sys.argv[1]), LITES[:1], SIZE)[LITES[0]]
    except InputError as error:
        sys.exit(str(error))
    pixels = photographs()
    with styled():
        write(figure(pixels, *maps(model, pixels)), PAGE)


if __name__ == "__main__":
    main()
