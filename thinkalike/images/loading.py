"""Image files as arrays."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from thinkalike.errors import InputError
from thinkalike.progress import log

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""Formats that image files are decoded as, whatever their suffix: Pillow would give some of the others
to an interpreter of PostScript."""


def open_image(path: str | Path) -> Image.Image:
    """Image of a file as RGB at its own size, upright by its EXIF tag.

    Transparent parts lie on white, as most viewers show them: the colours that a file has below
    its transparent parts are arbitrary, and a model would see them.

    Raises:
        InputError: the file is missing, no image, or has more than 8 bits a channel, which Pillow
            would clip to white without a word.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            mode = image.mode
            upright = ImageOps.exif_transpose(image)
            if upright.has_transparency_data:
                upright = upright.convert("RGBA")
                white = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(white, upright)
            rgb = upright.convert("RGB")
    except FileNotFoundError:
        raise InputError(
            f"the image {path} is missing; put it back, or remake the data set "
            "(snakemake -R download_dataset)"
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"the image {path} cannot be read ({reason}); replace it or take it out of the data set"
        ) from None
    if mode.startswith("I") or mode == "F":
        raise InputError(
            f"the image {path} has more than 8 bits a channel (mode {mode}); convert it to 8 bits, "
            "with the contrast that you want"
        )
    return rgb


def load_image(path: str | Path, size: int) -> np.ndarray:
    """Image of a file, resized bilinearly to a square and not cropped: (size, size, 3) uint8.

    Raises:
        InputError: as `open_image`.
    """
    return np.asarray(open_image(path).resize((size, size), Image.Resampling.BILINEAR))


def load_images(paths: Sequence[str], size: int) -> np.ndarray:
    """Images of files, as `load_image` gives them: (N, size, size, 3) uint8.

    Raises:
        InputError: images that cannot be read; all are named.
    """
    images = np.empty((len(paths), size, size, 3), np.uint8)
    problems = []
    for index, path in enumerate(paths):
        try:
            images[index] = load_image(path, size)
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("; ".join(problems))
    return images


def report_constant(images: np.ndarray, names: Sequence[str]) -> None:
    """Warn of images of one colour: models see nothing in them, and their maps mean little."""
    constant = np.ptp(images.reshape(len(images), -1, images.shape[-1]), axis=1).max(1) == 0
    if constant.any():
        named = ", ".join(np.asarray(names)[constant])
        log.warning("%s: an image of one colour; maps that come out blank are left out", named)
