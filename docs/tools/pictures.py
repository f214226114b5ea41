"""Make pictures of the documentation from finished studies: `python -m docs.tools.pictures [STUDY …]`.

They are figures of a study, by default of the digits study of `make demo`, made narrower and reduced to 256
colours, so that a checkout stays small. Studies on photographs give figures without pictures only: those
of ImageNet may not be shown.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

RESULTS = Path("results")
IMAGES = Path("docs/images")
PICTURES = {
    "digits": {
        "heat_map": ("clusters/integrated_gradients/cosine/all/heat_map.png", 1600),
        "panel": ("panels/first/000.png", 1200),
        "scales": ("statistics/scales.png", 1435),
        "gallery": ("neon/galleries/resnet.png", 1100),
        "dendrograms": ("clusters/kernelshap/cosine/all/dendrograms.png", 1050),
        "embeddings": ("clusters/lrp/cosine/all/embeddings.png", 1050),
        "influential_images": ("statistics/kernelshap/images.png", 1050),
        "deletion": ("statistics/deletion.png", 1050),
        "borders": ("gradcam/borders.png", 1050),
        "spectral": ("spectral/joint/embeddings.png", 1050),
        "spectral_clusters": ("spectral/joint/clusters.png", 1233),
    },
    "efficientnet_lite": {"lites": ("statistics/pairs.png", 1600)},
    "from_scratch": {"from_scratch": ("clusters/lrp/cosine/all/heat_map.png", 1400)},
}
"""Study → picture → figure that it is made from, and its width in pixels."""


def main(studies: Sequence[str]) -> None:
    """Write all pictures of these studies."""
    for study in studies or ["digits"]:
        for name, (figure, width) in PICTURES[study].items():
            picture = Image.open(RESULTS / study / "figures" / figure).convert("RGB")
            height = round(picture.height * width / picture.width)
            small = picture.resize((width, height), Image.Resampling.LANCZOS)
            reduced = small.quantize(256, dither=Image.Dither.NONE)
            reduced.save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
