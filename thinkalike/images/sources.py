"""Data sets that need no download: digits, photographs inside packages, the user's folders."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from thinkalike.errors import InputError
from thinkalike.images.listing import (
    class_files,
    report_left_out,
    split_files,
    split_folders,
)
from thinkalike.images.names import composed, ignores_case, refuse_alike
from thinkalike.images.selection import manifest, stratified_split
from thinkalike.randomness import generator
from thinkalike.stores.atomic import NO_LINKS

# in Imagenette: tench, English springer, cassette player, chain saw, church, French horn, garbage
# truck, gas pump, golf ball, parachute
PHOTOGRAPHS = {
    "n01440764": "china",
    "n02102040": "flower",
    "n02979186": "astronaut",
    "n03000684": "camera",
    "n03028079": "chelsea",
    "n03394916": "coffee",
    "n03417042": "coins",
    "n03425413": "hubble_deep_field",
    "n03445777": "retina",
    "n03888257": "rocket",
}
"""Synset of Imagenette → the photograph that stands in for it in `make_samples`."""

FREE = {
    "astronaut": "astronaut",
    "camera": "camera",
    "cat": "chelsea",
    "coffee": "coffee",
    "coins": "coins",
    "galaxies": "hubble_deep_field",
    "gravel": "gravel",
    "retina": "retina",
    "rocket": "rocket",
    "tissue": "immunohistochemistry",
}
"""Class → the photograph of scikit-image that `make_pieces` cuts; none has known copyright restrictions."""

BLOCKS = 3
"""Rows, and columns, of blocks that `make_pieces` cuts a photograph into."""

PLANTED_SIDE = 64
"""Side of the images of `make_planted_digits` in pixels."""

PLANTED = slice(2, 10)
"""Rows, and columns, of the coloured square in these images."""

COLOURS = np.array(
    [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 0),
        (255, 0, 255),
        (0, 255, 255),
        (255, 128, 0),
        (128, 0, 255),
        (255, 255, 255),
        (128, 128, 128),
    ],
    np.uint8,
)
"""RGB of the square of each digit."""


def make_digits(folder: Path, *, validation: float, seed: int) -> pd.DataFrame:
    """Write scikit-learn's 1,797 digits as an ImageFolder of 8 x 8 grey PNGs.

    Args:
        folder: where `<split>/<class>/<number>.png` go.
        validation: share of each class that goes into the split `val`.
        seed: of the split.

    Returns:
        The manifest: image_id, path (relative to `folder`), split, label, class_name.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
    split = stratified_split(digits.target, validation=validation, seed=seed)
    paths = [f"{split[i]}/{digits.target[i]}/{i:04d}.png" for i in range(len(pixels))]
    for path, image in zip(paths, pixels, strict=True):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / path)
    return manifest(paths)


def make_planted_digits(folder: Path, *, validation: float, seed: int) -> pd.DataFrame:
    """Write the digits with a coloured square in a corner, a planted shortcut, as 64 x 64 PNGs.

    In the splits `train` and `val` the colour says the class. `train_random` and `val_random` have
    the same images with squares of random colours: what learns from these cannot use the colour.
    Nothing but the square differs from `make_digits`, resized bilinearly.

    Args:
        folder: where `<split>/<class>/<number>.png` go.
        validation: share of each class that goes into the splits `val` and `val_random`.
        seed: of the split, which is that of `make_digits`, and of the random colours.

    Returns:
        The manifest, as for `make_digits`.
    """
    plain = make_digits(folder / "plain", validation=validation, seed=seed)
    paths = []
    for path, label in zip(plain["path"], plain["label"], strict=True):
        image = Image.open(folder / "plain" / path).convert("RGB")
        pixels = np.array(image.resize((PLANTED_SIDE, PLANTED_SIDE), Image.Resampling.BILINEAR))
        split, rest = path.split("/", 1)
        drawn = generator(seed, "planted colour", path).integers(len(COLOURS))
        for name, colour in ((f"{split}/{rest}", label), (f"{split}_random/{rest}", drawn)):
            pixels[PLANTED, PLANTED] = COLOURS[colour]
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name)
            paths.append(name)
    shutil.rmtree(folder / "plain")
    return manifest(paths)


def link_folder(folder: Path, source: Path, *, validation: float, seed: int) -> pd.DataFrame:
    """Lay out the user's own images as an ImageFolder of links.

    Args:
        folder: where the links go.
        source: the user's folder, `<class>/*` or, with a split of its own, `train|val/<class>/*`; links
            in it are followed.
        validation: share of each class that goes into the split `val`, if there is no split yet.
        seed: of that split.

    Returns:
        The manifest, as for `make_digits`.

    Raises:
        InputError: no such folder; what `class_files` and `split_files` refuse; names that the file
            system of `folder` takes for one.
    """
    if not source.is_dir():
        raise InputError(f"path: {source} is not a folder; give an ImageFolder <class>/*")
    if splits := split_folders(source):
        files = split_files(splits)
    else:
        classes = class_files(source)
        labels = np.repeat(list(classes), [len(images) for images in classes.values()])
        drawn = stratified_split(labels, validation=validation, seed=seed)
        pairs = [(name, file) for name, images in classes.items() for file in images]
        files = [
            (f"{split}/{name}/{composed(file.name)}", file)
            for split, (name, file) in zip(drawn, pairs, strict=True)
        ]
    report_left_out(source, [file for _, file in files])
    if ignores_case(folder):
        refuse_alike(source, [path for path, _ in files], ignoring_case=True)
    for path, file in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        _link(folder / path, file.resolve())
    return manifest([path for path, _ in files])


def _link(path: Path, file: Path) -> None:
    """Link to a file, or copy it where the file system has no symbolic links."""
    try:
        path.symlink_to(file)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        shutil.copy2(file, path)


def make_samples(folder: Path, *, seed: int) -> pd.DataFrame:
    """Write crops of ten photographs in the shape of Imagenette, without any download.

    A class is 14 random crops, between 224 and 288 pixels wide and high, of one photograph that
    comes inside scikit-learn (two of them) or scikit-image (eight, two of them grey), under the
    name of a synset that it does not show. Files are called by the photograph: a synset and a number would
    be the name of an image of ImageNet. **The labels mean nothing**, train and val overlap, and
    no accuracy on them says anything: this is for trying out a study of Imagenette.

    Args:
        folder: where `<split>/<synset>/<photograph>_<number>.JPEG` go, 6 to train and 8 to val.
        seed: of the crops.

    Returns:
        The manifest, as for `make_digits`.
    """
    import skimage.data
    from sklearn.datasets import load_sample_image

    paths = []
    for synset, name in PHOTOGRAPHS.items():
        if name in ("china", "flower"):
            pixels = load_sample_image(f"{name}.jpg")
        else:
            pixels = getattr(skimage.data, name)()
        photograph = Image.fromarray(pixels)
        # smaller ones have more to see in a crop, and no crop of one colour
        photograph.thumbnail((640, 640))
        for number in range(14):
            draw = generator(seed, "samples", synset, number)
            size = draw.integers(224, 289, 2)
            left, top = draw.integers(0, np.array(photograph.size) - size + 1)
            path = f"{'train' if number < 6 else 'val'}/{synset}/{name}_{number:02d}.JPEG"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            crop = photograph.crop((left, top, left + size[0], top + size[1]))
            crop.save(folder / path, quality=90)
            paths.append(path)
    return manifest(paths)


def make_pieces(folder: Path, *, seed: int) -> pd.DataFrame:
    """Write pieces of ten photographs that anybody may show: which photograph is a piece of?

    The photographs come inside scikit-image, whose documentation names their authors, and have no known
    copyright restrictions. The middle square of each is cut into 3 x 3 blocks. A third of them, drawn
    at random, goes to val: no pixel is in both splits. A block gives five pieces: itself and its four
    quarters.

    Args:
        folder: where `<split>/<class>/<row><column>_<part>.png` go, 30 of a class to train and 15 to val.
        seed: of the blocks that are held out.

    Returns:
        The manifest, as for `make_digits`.
    """
    import skimage.data

    paths = []
    for name, photograph in FREE.items():
        pixels = getattr(skimage.data, photograph)()
        side = min(pixels.shape[:2]) // (2 * BLOCKS)  # of a quarter of a block
        top, left = (np.array(pixels.shape[:2]) - 2 * BLOCKS * side) // 2
        drawn = generator(seed, "pieces", name).permutation(BLOCKS**2)
        for block in range(BLOCKS**2):
            row, column = divmod(block, BLOCKS)
            split = "val" if block in drawn[:BLOCKS] else "train"
            for part in range(5):
                down, right = divmod(part % 4, 2)
                size = side if part < 4 else 2 * side
                y, x = top + (2 * row + down) * side, left + (2 * column + right) * side
                path = f"{split}/{name}/{row}{column}_{part}.png"
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels[y : y + size, x : x + size]).convert("RGB").save(
                    folder / path
                )
                paths.append(path)
    return manifest(paths)
