"""Data sets in archives: where they are published, and how they are laid out as an ImageFolder."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from thinkalike.errors import InputError
from thinkalike.images.listing import (
    SPLIT_NAMES,
    SPLITS,
    has_split,
    report_left_out,
    split_files,
    split_folders,
)
from thinkalike.images.names import is_hidden
from thinkalike.images.selection import manifest
from thinkalike.images.unpacking import extract
from thinkalike.progress import progress

ARCHIVES = {
    "imagenette": (
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2.tgz",
        "md5:fe2fc210e6bb7c5664d602c3cd71e612",
    ),
    "imagenette_320": (
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz",
        "md5:3df6f0d01a2c9592104656642f5e78a3",
    ),
    "imagenette_160": (
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
        "md5:e793b78cc4c9e9a4ccc0c1155377a412",
    ),
    "cifar10": (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "md5:c32a1d4ab5d03f1284b67883e8d87530",
    ),
}
"""Address and checksum of the data sets that are downloaded, as their makers and torchvision give
them; full size, 320 and 160 pixels on the shorter side of one choice of ten classes of ImageNet."""


def unpack_folder(folder: Path, archive: Path) -> pd.DataFrame:
    """Lay out an archive that holds an ImageFolder with train/ and val/, at its top or below it.

    Files that are no images, and those that macOS adds, are left out.

    Args:
        folder: where `<split>/<class>/*` go.
        archive: tar or zip.

    Returns:
        The manifest, as for `make_digits`.

    Raises:
        InputError: the archive is damaged, unsafe, or has no train/ and val/, whatever they are called
            (`SPLIT_NAMES`), with the same classes and an image in each.
    """
    with _unpacked(archive, folder) as content:
        roots = _roots(content)
        if not roots:
            raise InputError(f"{archive} has no folder with train/ and val/ in it; pack one")
        root = min(roots, key=lambda root: (len(root.parts), root))
        try:
            files = split_files(split_folders(root))
        except InputError as error:
            raise InputError(str(error).replace(str(content), str(archive))) from None
        report_left_out(root, [file for _, file in files])
        for path, file in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            file.rename(folder / path)
    return manifest([path for path, _ in files])


def _roots(content: Path) -> list[Path]:
    """Folders with train/ and val/, but for hidden ones."""
    return [
        path.parent
        for path in content.rglob("*")
        if path.name.casefold() in SPLIT_NAMES["train"]
        and not any(map(is_hidden, path.relative_to(content).parts))
        and path.is_dir()
        and has_split(path.parent)
    ]


def unpack_cifar10(folder: Path, archive: Path) -> pd.DataFrame:
    """Lay out CIFAR-10's binary version as PNGs of 32 x 32: its five batches in train, its test in val.

    A record is a byte for the label and 3 x 32 x 32 bytes of red, green and blue. A file is
    numbered by the place of its record in its split.

    Args:
        folder: where `<split>/<class>/<number>.png` go.
        archive: cifar-10-binary.tar.gz, or one laid out as it.

    Returns:
        The manifest, as for `make_digits`.

    Raises:
        InputError: the archive is damaged or unsafe, or lacks a file or part of one.

    Source: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    paths = []
    with _unpacked(archive, folder) as content:
        files = {file.name: file for file in sorted(content.rglob("*")) if file.is_file()}
        batches = {
            "train": [f"data_batch_{number}.bin" for number in range(1, 6)],
            "val": ["test_batch.bin"],
        }
        missing = {"batches.meta.txt", *batches["train"], *batches["val"]} - set(files)
        if missing:
            raise InputError(
                f"{archive} lacks {', '.join(sorted(missing))}; take CIFAR-10's binary version"
            )
        names = files["batches.meta.txt"].read_text("utf-8", "replace").split()
        # folders are called so
        if len(set(names)) < len(names) or not all(re.fullmatch(r"\w{1,60}", n) for n in names):
            raise InputError(
                f"{archive}: batches.meta.txt is no list of names of classes; fetch the archive again"
            )
        for name in names:
            for split in SPLITS:
                (folder / split / name).mkdir(parents=True)
        for split, parts in batches.items():
            content_of_split = b"".join(files[name].read_bytes() for name in parts)
            if len(content_of_split) % 3073:
                raise InputError(f"{archive}: a record of {split} is cut; fetch the archive again")
            records = np.frombuffer(content_of_split, np.uint8).reshape(-1, 3073)
            if records[:, 0].max(initial=0) >= len(names):
                raise InputError(
                    f"{archive}: a label of {split} is not below {len(names)}, the number of names "
                    "in batches.meta.txt; fetch the archive again"
                )
            labels, pixels = records[:, 0], records[:, 1:].reshape(-1, 3, 32, 32)
            for number in progress(range(len(records)), what=split, total=len(records)):
                path = f"{split}/{names[labels[number]]}/{number:05d}.png"
                Image.fromarray(pixels[number].transpose(1, 2, 0)).save(folder / path)
                paths.append(path)
    return manifest(paths)


@contextmanager
def _unpacked(archive: Path, folder: Path) -> Iterator[Path]:
    """The content of an archive for a while, on the same file system as `folder`."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as content:
        extract(archive, Path(content))
        yield Path(content)
