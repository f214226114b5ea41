"""Names of the files in a folder of images, read without opening them."""

import hashlib
import json
import logging
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from thinkalike.errors import InputError, printable
from thinkalike.images.names import composed, is_hidden, is_text, refuse_alike
from thinkalike.progress import log

SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif", ".tiff"),
    *(".webp", ".avif", ".ppm", ".pgm", ".pbm", ".pnm"),
)
"""What names of images end in, in upper or lower case."""

SPLITS = ("train", "val")

SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "test", "testing"),
}
"""Split → what its folder may be called, in upper or lower case; the first that there is counts."""

NAMED = 10
"""Names that a message holds at most."""

NOWHERE = ("links that lead nowhere", "put back what they stand for, or remove them")
BACK = ("links to a folder that they lie in", "remove them")
NOT_UTF8 = ("names that are not UTF-8", "rename them")

Faults = defaultdict[tuple[str, str], list[Path]]
"""What is wrong and what to do → files and folders of which it is true."""


def folder_listing(path: str | Path) -> str:
    """Hash of the names and sizes of a folder's files; files that are added or replaced change it."""
    return _hash(files_below(Path(path)), Path(path))


def files_below(folder: Path) -> list[Path]:
    """All files in a folder and in folders inside it, sorted; links are followed.

    A folder that several links lead to is looked at once, so that links in a circle do no harm. Links that
    lead nowhere are no files.
    """
    found, seen = [], set()
    for here, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        found += [path for name in files if (path := Path(here, name)).is_file()]
    return sorted(found)


def image_listing(path: str | Path) -> str:
    """Hash of the names and sizes of the images in an ImageFolder, and of no other files.

    Links are followed. What lies beside the images, such as notes of the system, does not change it.

    Raises:
        InputError: as `class_files` and `split_files`.
    """
    splits = split_folders(Path(path))
    if splits:
        return _hash((file for _, file in split_files(splits)), Path(path))
    return _hash((f for files in class_files(Path(path)).values() for f in files), Path(path))


def _hash(files: Iterable[Path], root: Path) -> str:
    listing = [(f.relative_to(root).as_posix(), f.stat().st_size) for f in sorted(files)]
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:16]


def class_files(folder: Path) -> dict[str, list[Path]]:
    """Image files of every class folder, `<class>/*`, by class; both sorted by name.

    Links to folders and files are followed. Hidden files and folders are passed over, and so are those
    that systems add. The names of the classes are in Unicode's form NFC, whatever system wrote them.

    Raises:
        InputError: no class folder, or one without an image; links that lead nowhere or back; names
            that are not UTF-8, or the same but for their Unicode form or, of classes, their capitals;
            a folder that cannot be read.
    """
    faults: Faults = defaultdict(list)
    files = {path: _images(path, faults) for path in _folders(folder, faults)}
    _refuse(faults, folder)
    if not files:
        raise InputError(
            f"{printable(folder)} has no class folders; lay the images out as <class>/<image>"
        )
    _refuse_same(files, folder)
    refuse_alike(folder, [path.name for path in files], ignoring_case=True)
    for path, images in files.items():
        refuse_alike(path, [image.name for image in images], ignoring_case=False)
    empty = [path for path, images in files.items() if not images]
    if empty:
        raise InputError(
            f"{printable(folder)}: no image in class {', '.join(map(_with_content, empty))}; add "
            f"images ({', '.join(SUFFIXES)}) or remove the folder"
        )
    return {composed(path.name): images for path, images in files.items()}


def class_folders(folder: Path) -> list[Path]:
    """Folders in a folder, but for hidden ones, and those that links in it lead to; sorted by name.

    Raises:
        InputError: as `class_files`, for the folders.
    """
    faults: Faults = defaultdict(list)
    found = _folders(folder, faults)
    _refuse(faults, folder)
    return found


def image_files(folder: Path) -> list[Path]:
    """Image files that lie directly in a folder, sorted by name; maybe none.

    Raises:
        InputError: as `class_files`, for the files of one class.
    """
    faults: Faults = defaultdict(list)
    files = _images(folder, faults)
    _refuse(faults, folder)
    refuse_alike(folder, [file.name for file in files], ignoring_case=False)
    return files


def split_folders(folder: Path) -> dict[str, Path]:
    """Folders of the splits train and val, whatever they are called (`SPLIT_NAMES`); else none.

    Raises:
        InputError: one of them without the other, both the same folder, or as `class_files`.
    """
    faults: Faults = defaultdict(list)
    found = _split_folders(folder, faults)
    if len(found) == 2:
        _refuse_same(found.values(), folder)
        return found
    if found:
        _refuse(faults, folder)
    for split, path in found.items():
        # one that holds images itself may be a class of trains
        if not _images(path, faults) and _folders(path, faults):
            other = SPLIT_NAMES["val" if split == "train" else "train"]
            raise InputError(
                f"{printable(folder)} has {path.name}/ and no {'/ or '.join(other)}/; add one, or "
                f"give {printable(path)} as the folder: then a share of each class is held out"
            )
    return {}


def has_split(folder: Path) -> bool:
    """Whether a folder has the folders of both splits."""
    return len(_split_folders(folder, defaultdict(list))) == 2


def _split_folders(folder: Path, faults: Faults) -> dict[str, Path]:
    folders = {path.name.casefold(): path for path in _folders(folder, faults)}
    return {
        split: folders[name]
        for split, names in SPLIT_NAMES.items()
        for name in reversed(names)
        if name in folders
    }


def split_files(splits: Mapping[str, Path]) -> list[tuple[str, Path]]:
    """`<split>/<class>/<name>` and file of all images of an ImageFolder with train/ and val/.

    Args:
        splits: as of `split_folders`.

    Raises:
        InputError: as `class_files`, or a class in one split only.
    """
    source = splits["train"].parent
    per_split = {split: class_files(folder) for split, folder in splits.items()}
    classes = per_split["train"].keys(), per_split["val"].keys()
    refuse_alike(source, sorted(set().union(*classes)), ignoring_case=True)
    only_one = classes[0] ^ classes[1]
    if only_one:
        raise InputError(
            f"{printable(source)}: the classes {', '.join(sorted(only_one))} are in one of "
            f"{' and '.join(folder.name for folder in splits.values())} only; give both the same "
            "classes"
        )
    _refuse_same(
        [files[0].parent for split in per_split.values() for files in split.values()], source
    )
    return [
        (f"{split}/{name}/{composed(file.name)}", file)
        for split in SPLITS
        for name, files in per_split[split].items()
        for file in files
    ]


def report_left_out(source: Path, files: Collection[Path]) -> None:
    """Log what lies in the folders of an ImageFolder and is none of its images.

    Args:
        source: the folder.
        files: images of it that are taken.
    """
    classes = {file.parent for file in files}
    folders = {f for path in classes for f in (path, *path.parents) if f.is_relative_to(source)}
    kept = folders.union(files)
    others = sorted(path for folder in folders for path in folder.iterdir() if path not in kept)
    if not others:
        return
    # in a class they may be images of a kind that is not read
    doubtful = any(path.parent in classes and not is_hidden(path.name) for path in others)
    log.log(
        logging.WARNING if doubtful else logging.INFO,
        "%d left out: %s",
        len(others),
        _named(others, source),
    )


def _folders(folder: Path, faults: Faults) -> list[Path]:
    """Folders in a folder, and those that links in it lead to; links that do not are faults."""
    found = []
    for entry in _entries(folder):
        path = Path(entry.path)
        match _kind(entry):
            case "nowhere":
                faults[NOWHERE].append(path)
            case "folder" if not is_text(entry.name):
                faults[NOT_UTF8].append(path)
            case "folder" if entry.is_symlink() and folder.resolve().is_relative_to(path.resolve()):
                faults[BACK].append(path)
            case "folder":
                found.append(path)
    return found


def _images(folder: Path, faults: Faults) -> list[Path]:
    """Files in a folder that are called as images."""
    found = []
    for entry in _entries(folder):
        path = Path(entry.path)
        if path.suffix.lower() not in SUFFIXES:
            continue
        match _kind(entry):
            case "nowhere":
                faults[NOWHERE].append(path)
            case "file" if not is_text(entry.name):
                faults[NOT_UTF8].append(path)
            case "file":
                found.append(path)
    return found


def _entries(folder: Path) -> list[os.DirEntry]:
    """What is in a folder and not hidden, sorted by name."""
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if not is_hidden(entry.name)]
    except OSError as error:
        raise InputError(
            f"{printable(folder)} cannot be read ({error.strerror}); fix that and run again"
        ) from None
    return sorted(seen, key=lambda entry: composed(entry.name))


def _kind(entry: os.DirEntry) -> str:
    """What there is, or what a link leads to: file, folder, nowhere, or another thing."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
    # a link to itself, or to what may not be looked at
    except OSError:
        return "nowhere"
    return "nowhere" if entry.is_symlink() else "another thing"


def _refuse(faults: Faults, folder: Path) -> None:
    if faults:
        sentences = (
            f"{what}: {_named(paths, folder)}; {fix}" for (what, fix), paths in faults.items()
        )
        raise InputError(f"{printable(folder)}: {'; '.join(sentences)}")


def _refuse_same(paths: Iterable[Path], folder: Path) -> None:
    """Refuse two classes or splits that are one folder, through a link."""
    first: dict[Path, Path] = {}
    for path in paths:
        other = first.setdefault(path.resolve(), path)
        if other != path:
            raise InputError(
                f"{printable(folder)}: {_named([other], folder)} and {_named([path], folder)} are the same "
                "folder; give each images of its own"
            )


def _named(paths: Collection[Path], folder: Path) -> str:
    """The first of some paths as they are called from a folder."""
    names = [printable(path.relative_to(folder)) for path in paths]
    return ", ".join([*names[:NAMED], *(["…"] if names[NAMED:] else [])])


def _with_content(folder: Path) -> str:
    """Name of a folder without images, and what else is in it."""
    others = {
        "folders, which are not looked into"
        if path.is_dir()
        else f"{path.suffix or path.name} files"
        for path in folder.iterdir()
        if not is_hidden(path.name)
    }
    has = f" (it has {printable(', '.join(sorted(others)[:3]))})" if others else ""
    return f"{printable(folder.name)}{has}"
