"""Image files as arrays."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFile

from thinkalike.errors import InputError, printable
from thinkalike.images.manifests import known_checksum
from thinkalike.progress import log
from thinkalike.stores.checksums import digest
from thinkalike.stores.plain import refuse_special

BITS_PER_SAMPLE, SAMPLE_FORMAT = ExifTags.Base.BitsPerSample, ExifTags.Base.SampleFormat
"""Tags of a TIFF."""

SIGNED = 2
"""The sample format of whole numbers with a sign."""

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "AVIF", "PPM")
"""Formats that image files are decoded as, whatever their suffix: Pillow would give some of the others
to an interpreter of PostScript."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Value of the EXIF tag Orientation → what sets the image upright."""


def open_image(path: str | Path) -> Image.Image:
    """Image of a file as RGB at its own size, upright by its EXIF tag.

    Transparent parts lie on white, as most viewers show them: the colours that a file has below
    its transparent parts are arbitrary, and a model would see them.

    Raises:
        InputError: the file is missing, no image, not the image that its data set was laid out with
            (`known_checksum`), or has more than 8 bits a channel, which Pillow would cut off or clip
            to white without a word.
    """
    shown = printable(path)
    refuse_special(path)
    try:
        known = known_checksum(Path(path))
        if known and digest(Path(path).read_bytes()) != known:
            raise InputError(
                f"the image {shown} is not what it was when the data set was laid out (by its checksum); "
                "put it back, or remake the data set (snakemake -R download_dataset)"
            )
        with Image.open(path, formats=FORMATS) as image:
            strange = _strange_pixels(image)
            if not strange:
                image.load()
                upright = _upright(image, shown)
                if upright.has_transparency_data:
                    upright = upright.convert("RGBA")
                    white = Image.new("RGBA", upright.size, "white")
                    upright = Image.alpha_composite(white, upright)
                return upright.convert("RGB")
    except FileNotFoundError:
        raise InputError(
            f"the image {shown} is missing; put it back, or remake the data set "
            "(snakemake -R download_dataset)"
        ) from None
    except (MemoryError, InputError):
        raise
    # what a decoder raises on a damaged file is of any kind: struct.error, KeyError, TypeError, …
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"the image {shown} cannot be read ({printable(reason)}); replace it or take it out of "
            "the data set"
        ) from None
    raise InputError(
        f"the image {shown} has {strange}; convert it to 8 bits, with the contrast that you want"
    )


def _strange_pixels(image: ImageFile.ImageFile) -> str:
    """What an opened image has instead of whole numbers of at most 8 bits a channel; empty for these.

    Pillow cuts the lower half off 16 bits of colour while it decodes, so that a mode such as RGB
    does not tell.
    """
    bits, is_signed = 8, False
    match image.format:
        case "PNG" if ";16" in str(image.tile[0].args):
            bits = 16
        case "PPM" if isinstance(image.tile[0].args, tuple) and image.mode != "F":
            # of 8 bits are fewer values, too: its last argument is the value of white
            bits = int(image.tile[0].args[-1]).bit_length()
        case "TIFF":
            tags = image.tag_v2  # type: ignore[attr-defined]
            bits = int(np.max(tags.get(BITS_PER_SAMPLE, 1)))
            is_signed = SIGNED in np.atleast_1d(tags.get(SAMPLE_FORMAT, 1))
    if bits > 8 or image.mode.startswith("I") or image.mode == "F":
        return f"more than 8 bits a channel ({bits if bits > 8 else f'mode {image.mode}'})"
    return "pixels with a sign" if is_signed else ""


def _upright(image: Image.Image, name: str) -> Image.Image:
    """Image turned as its EXIF tag Orientation says; as it is where that cannot be read.

    `ImageOps.exif_transpose` writes all other tags anew, and fails on those that no camera should write.
    """
    try:
        turn = UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception as error:
        log.info("%s: its EXIF cannot be read (%s); it is taken as it lies", name, error)
        return image
    return image if turn is None else image.transpose(turn)


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
