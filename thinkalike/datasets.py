"""Data sets as one layout: an ImageFolder `<split>/<class>/*` and a manifest of its images."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from thinkalike.errors import InputError
from thinkalike.jobs import generator, log

SPLITS = ("train", "val")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
MANIFEST = ("image_id", "path", "split", "label", "class_name")


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


def link_folder(folder: Path, source: Path, *, validation: float, seed: int) -> pd.DataFrame:
    """Lay out the user's own images as an ImageFolder of links.

    Args:
        folder: where the links go.
        source: the user's folder, `<class>/*` or, with a split of its own, `train|val/<class>/*`.
        validation: share of each class that goes into the split `val`, if there is no split yet.
        seed: of that split.

    Returns:
        The manifest, as for `make_digits`.

    Raises:
        InputError: no such folder, no class in it, a class without an image, a class in one split
            only.
    """
    if not source.is_dir():
        raise InputError(f"dataset.path: {source} is not a folder; give an ImageFolder <class>/*")
    has_split = all((source / split).is_dir() for split in SPLITS)
    if has_split:
        per_split = {split: _classes(source / split) for split in SPLITS}
        only_one = set(per_split["train"]) ^ set(per_split["val"])
        if only_one:
            raise InputError(
                f"{source}: the classes {', '.join(sorted(only_one))} are in one of train and val "
                "only; give both the same classes"
            )
        found = [
            (f"{split}/{name}/{file.name}", file)
            for split, classes in per_split.items()
            for name, files in classes.items()
            for file in files
        ]
    else:
        classes = _classes(source)
        labels = np.repeat(list(classes), [len(files) for files in classes.values()])
        split_of = stratified_split(labels, validation=validation, seed=seed)
        pairs = [(name, file) for name, files in classes.items() for file in files]
        found = [
            (f"{split}/{name}/{file.name}", file)
            for split, (name, file) in zip(split_of, pairs, strict=True)
        ]
    for path, file in found:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(file.resolve())
    return manifest([path for path, _ in found])


def replace_folder(folder: Path, new: Path) -> None:
    """Put a freshly made folder in the place of an older one."""
    if folder.exists():
        shutil.rmtree(folder)
    new.rename(folder)


def _classes(folder: Path) -> dict[str, list[Path]]:
    """Class name → image files, both sorted; every class has at least one image."""
    classes = {
        entry.name: sorted(f for f in entry.iterdir() if f.suffix.lower() in SUFFIXES)
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.name.startswith(".")
    }
    if not classes:
        raise InputError(f"{folder} has no class folders; lay the images out as <class>/<image>")
    empty = [name for name, files in classes.items() if not files]
    if empty:
        raise InputError(
            f"{folder}: no image in class {', '.join(empty)}; add images "
            f"({', '.join(SUFFIXES)}) or remove the folder"
        )
    return classes


def manifest(paths: Sequence[str]) -> pd.DataFrame:
    """The table of an ImageFolder's images; label = rank of the class name, as in torchvision."""
    parts = [path.split("/") for path in sorted(paths)]
    names = sorted({name for _, name, _ in parts})
    label = {name: index for index, name in enumerate(names)}
    return pd.DataFrame(
        {
            "image_id": ["/".join(part) for part in parts],
            "path": ["/".join(part) for part in parts],
            "split": [split for split, _, _ in parts],
            "label": [label[name] for _, name, _ in parts],
            "class_name": [name for _, name, _ in parts],
        }
    )


def stratified_split(labels: np.ndarray, *, validation: float, seed: int) -> np.ndarray:
    """`train` or `val` for every image; each class gives the same share, at least one image each.

    The draw of a class is seeded by its name: another class more or less leaves it as it is.

    Raises:
        InputError: a class has a single image, which cannot be in both.
    """
    split = np.full(len(labels), "train", dtype=object)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise InputError(
                f"class {label} has a single image, which cannot be both trained on and "
                "held out; add images to it, or lay them out as train/ and val/ yourself"
            )
        count = int(np.clip(round(validation * len(members)), 1, len(members) - 1))
        split[generator(seed, "split", str(label)).permutation(members)[:count]] = "val"
    return split


def select(images: pd.DataFrame, *, split: str, count: int, seed: int) -> pd.DataFrame:
    """The first `count` images of a split, in a seeded order that goes round the classes.

    The order does not depend on `count`: a smaller selection is the beginning of a larger one, and
    every beginning has the classes as balanced as can be.

    Args:
        images: a manifest.
        split: train or val.
        count: how many images.
        seed: of the study.

    Returns:
        image_id, path, label, class_name, position.

    Raises:
        InputError: there are not so many.
    """
    images = images[images["split"] == split]
    if count > len(images):
        raise InputError(
            f"images.count: {count} images asked for, the split {split} has {len(images)}; "
            f"ask for at most {len(images)}"
        )
    draw = np.array([generator(seed, "images", name).random() for name in images["image_id"]])
    ordered = images.assign(draw=draw).sort_values("draw", kind="stable")
    ordered["round"] = ordered.groupby("label").cumcount()
    ordered = ordered.sort_values(["round", "draw"], kind="stable").head(count)
    ordered["position"] = np.arange(count)
    return ordered[["image_id", "path", "label", "class_name", "position"]].reset_index(drop=True)


def load_image(path: str | Path, size: int) -> np.ndarray:
    """An image file as RGB, upright by its EXIF tag, resized bilinearly to a square, uncropped.

    Returns:
        (size, size, 3) uint8.

    Raises:
        InputError: the file is missing, no image, or has more than 8 bits a channel, which Pillow
            would clip to white without a word.
    """
    try:
        with Image.open(path) as image:
            mode = image.mode
            rgb = (
                ImageOps.exif_transpose(image)
                .convert("RGB")
                .resize((size, size), Image.Resampling.BILINEAR)
            )
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
    return np.asarray(rgb)


def load_images(paths: Sequence[str], size: int) -> np.ndarray:
    """`load_image` of many: (N, size, size, 3) uint8; every bad file is named in one error."""
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
    """Warn of images of one colour: models see nothing in them, and their maps say little."""
    constant = np.ptp(images.reshape(len(images), -1, images.shape[-1]), axis=1).max(1) == 0
    if constant.any():
        named = ", ".join(np.asarray(names)[constant])
        log.warning("%s: an image of one colour; maps that come out blank are left out", named)
