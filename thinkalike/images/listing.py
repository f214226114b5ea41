"""Names of the files in a folder of images, read without opening them."""

import hashlib
import json
from pathlib import Path

from thinkalike.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
"""What names of images end in, in upper or lower case."""

SPLITS = ("train", "val")


def folder_listing(path: str | Path) -> str:
    """Hash of the names and sizes of a folder's files; files that are added or replaced change it."""
    root = Path(path)
    files = sorted(f for f in root.rglob("*") if f.is_file())
    listing = [(f.relative_to(root).as_posix(), f.stat().st_size) for f in files]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]


def class_files(folder: Path) -> dict[str, list[Path]]:
    """Image files of every class folder, `<class>/*`, by class; both sorted by name.

    Raises:
        InputError: no class folder, or one without an image.
    """
    classes = {
        entry.name: sorted(
            # on other file systems macOS keeps its notes on `x.jpg` in `._x.jpg`
            f
            for f in entry.iterdir()
            if f.suffix.lower() in SUFFIXES and not f.name.startswith("._")
        )
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


def has_split(folder: Path) -> bool:
    """Whether a folder has the folders train and val."""
    return all((folder / split).is_dir() for split in SPLITS)


def split_files(source: Path) -> list[tuple[str, Path]]:
    """`<split>/<class>/<name>` and file of all images of an ImageFolder with train/ and val/.

    Raises:
        InputError: no class folder, one without an image, or a class in one split only.
    """
    per_split = {split: class_files(source / split) for split in SPLITS}
    only_one = set(per_split["train"]) ^ set(per_split["val"])
    if only_one:
        raise InputError(
            f"{source}: the classes {', '.join(sorted(only_one))} are in one of train and val "
            "only; give both the same classes"
        )
    return [
        (f"{split}/{name}/{file.name}", file)
        for split, classes in per_split.items()
        for name, files in classes.items()
        for file in files
    ]
