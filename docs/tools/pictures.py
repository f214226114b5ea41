"""Make the pictures of the documentation from a finished digits study: `python -m docs.tools.pictures`.

They are figures of `make demo`, made narrower and reduced to 256 colours, so that a checkout stays small.
"""

from pathlib import Path

from PIL import Image

FIGURES = Path("results/digits/figures")
IMAGES = Path("docs/images")
PICTURES = {
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
}
"""Picture → figure that it is made from, and its width in pixels."""


def main() -> None:
    """Write all pictures."""
    for name, (figure, width) in PICTURES.items():
        picture = Image.open(FIGURES / figure).convert("RGB")
        height = round(picture.height * width / picture.width)
        small = picture.resize((width, height), Image.Resampling.LANCZOS)
        small.quantize(256, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
