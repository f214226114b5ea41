"""Masks of the user's own: which region each pixel of an image belongs to."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from PIL import Image

from thinkalike.errors import InputError
from thinkalike.images.listing import files_below
from thinkalike.images.loading import open_image
from thinkalike.images.names import composed
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.plain import refuse_special

SUFFIXES = (".png", ".npy")
"""What names of masks in a folder end in."""
NAMED = 5
"""Problems that an error names at most."""


def masks_content(path: str | Path) -> str:
    """Hash of the names and contents of masks: a file, or all masks of a folder."""
    refuse_special(path)
    root, digest = Path(path), hashlib.sha256()
    for name, file in sorted(_files(root).items()) if root.is_dir() else [("", root)]:
        digest.update(os.fsencode(f"{name}\0{file.stat().st_size}\0"))
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Masks:
    """Masks of the images of a study, found but not read.

    Attributes:
        names: ids of the images.
        paths: files of the images, whose proportions the masks must have.
        read: for each image, what reads its mask: (height, width) integers.
        most: number of regions that an image may have.
    """

    names: Sequence[str]
    paths: Sequence[str]
    read: Sequence[Callable[[], np.ndarray]]
    most: int

    @classmethod
    def open(cls, path: str | Path, images: pd.DataFrame, *, most: int) -> "Masks":
        """Find the masks of images.

        A mask is called as its image: by its id (`val/cat/0001.jpg`), or the end of it (`cat/0001.jpg`,
        `0001.jpg`), with or without the suffix of the image. The longest such name is taken. One that two
        images share stands for neither.

        Args:
            path: of a folder of `<name>.png` and `<name>.npy`; of an .npz file with an array for each
                name; or of a NetCDF file with `labels` (image, y, x) and the names in `image`, as
                segments.nc of a study is.
            images: image_id and path of each.
            most: number of regions that an image may have.

        Raises:
            InputError: there is no such folder or file, or a mask is missing; images are named.
        """
        known, names = _readers(Path(path)), [str(name) for name in images["image_id"]]
        candidates = [_names_of(name) for name in names]
        uses = pd.Series([each for found in candidates for each in found]).value_counts()
        chosen = [
            next((each for each in found if each in known and uses[each] == 1), None)
            for found in candidates
        ]
        missing = [name for name, mask in zip(names, chosen, strict=True) if mask is None]
        if missing:
            raise InputError(
                f"{path} has no mask of {_some(missing)}; add it under that name, with .png or .npy "
                "behind it in a folder, or take the image out"
            )
        readers = [known[mask] for mask in chosen if mask is not None]
        return cls(names, list(images["path"]), readers, most)

    def labels(self, images: slice, size: int) -> np.ndarray:
        """Labels of some images at the size of the study: (n, size, size) int16, 0, 1, … without gaps.

        Masks are resized like the images, squeezed and not cropped, to the nearest pixel.

        Raises:
            InputError: masks that cannot be used; images are named.
        """
        found, problems = [], []
        for name, path, read in zip(
            self.names[images], self.paths[images], self.read[images], strict=True
        ):
            try:
                found.append(_labels(read(), path, size, self.most))
            except InputError as error:
                problems.append(f"the mask of {name} {error}")
        if problems:
            raise InputError(_some(problems, "; "))
        return np.stack(found)


def _names_of(image: str) -> list[str]:
    """Names that the mask of an image may have, the longest first."""
    parts = PurePosixPath(image).parts
    ends = [PurePosixPath(*parts[first:]) for first in range(len(parts))]
    return list(dict.fromkeys(str(n) for end in ends for n in (end, end.with_suffix(""))))


def _readers(path: Path) -> Mapping[str, Callable[[], np.ndarray]]:
    """Name of a mask → what reads it."""
    refuse_special(path)
    if path.is_dir():
        return {name: partial(_read_file, file) for name, file in _files(path).items()}
    if path.suffix == ".npz":
        return _readers_of_npz(path)
    if path.suffix == ".nc":
        return _readers_of_netcdf(path)
    raise InputError(
        f"{path} is neither a folder of masks nor an .npz or .nc file; give one of these"
    )


def _files(folder: Path) -> dict[str, Path]:
    """Name of a mask → its file, of all in a folder and in folders inside it; links are followed."""
    files: dict[str, Path] = {}
    for file in files_below(folder):
        # on other file systems macOS keeps its notes on `x.png` in `._x.png`
        if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            name = composed(file.relative_to(folder).with_suffix("").as_posix())
            if name in files:
                raise InputError(f"{files[name]} and {file} are masks of one image; remove one")
            files[name] = file
    return files


def _read_file(file: Path) -> np.ndarray:
    """Labels in a PNG or an .npy file."""
    try:
        if file.suffix.lower() == ".npy":
            array: np.ndarray = np.load(file)  # no pickle: that is NumPy's default
            return array
        with Image.open(file, formats=("PNG",)) as image:
            # of 16 bits a colour Pillow keeps 8, and regions would become one
            is_cut = ";16" in str(image.tile[0].args) and not image.mode.startswith("I")
            if not is_cut:
                return _labels_of_picture(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot be read ({reason}); write {file} anew") from None
    raise InputError(
        f"has 16 bits a colour, of which 8 would be cut off; write {file} with numbers as grey values, "
        "8 bits a colour, or as .npy"
    )


def _labels_of_picture(image: Image.Image) -> np.ndarray:
    """Grey values or numbers in the palette; in other pictures each colour is a region."""
    if image.mode in ("1", "L", "P") or image.mode.startswith("I"):
        return np.asarray(image)
    pixels = np.asarray(image.convert("RGBA")).reshape(-1, 4)
    return np.unique(pixels, axis=0, return_inverse=True)[1].reshape(image.height, image.width)


def _readers_of_npz(path: Path) -> Mapping[str, Callable[[], np.ndarray]]:
    try:
        file = np.load(path)
        names = list(file.files)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is not a readable .npz file ({error}); write it anew") from None

    def reader(name: str) -> Callable[[], np.ndarray]:
        def read() -> np.ndarray:
            try:
                array: np.ndarray = file[name]
            except (OSError, ValueError, EOFError) as error:
                raise InputError(f"cannot be read ({error}); write {path} anew") from None
            return array

        return read

    return {name: reader(name) for name in names}


def _readers_of_netcdf(path: Path) -> Mapping[str, Callable[[], np.ndarray]]:
    with open_arrays(path, ["labels", "image"]) as dataset:
        names = [str(name) for name in dataset["image"].to_numpy()]

    def reader(place: int) -> Callable[[], np.ndarray]:
        def read() -> np.ndarray:
            with open_arrays(path, ["labels"]) as dataset:
                array: np.ndarray = dataset["labels"][place].to_numpy()
            return array

        return read

    return {name: reader(place) for place, name in enumerate(names)}


def _labels(mask: np.ndarray, path: str, size: int, most: int) -> np.ndarray:
    """Checked labels of one image at the size of the study."""
    if mask.ndim != 2 or not mask.size:
        raise InputError(
            f"has the shape {mask.shape}; give a label for each pixel, (height, width)"
        )
    if mask.dtype.kind not in "biu":
        raise InputError(f"has labels of type {mask.dtype}; give integers")
    image = open_image(path)
    height, width = mask.shape
    is_square = height == width  # as the study sees the image
    if not is_square and not _same_proportions(height, width, image.height, image.width):
        raise InputError(
            f"is {height} x {width} pixels and the image {image.height} x {image.width}; give a "
            "mask of the whole image, upright, in its proportions"
        )
    rows, columns = (
        ((np.arange(size) + 0.5) * side / size).astype(int) for side in (height, width)
    )
    values, labels = np.unique(mask[np.ix_(rows, columns)], return_inverse=True)
    if len(values) < 2:
        raise InputError(
            f"is a single region on {size} x {size} pixels; give two at least, large enough to be seen"
        )
    if len(values) > most:
        raise InputError(
            f"has {len(values)} regions, and count is {most}; count on {len(values)}, or give fewer"
        )
    return labels.reshape(size, size).astype(np.int16)


def _same_proportions(height: int, width: int, rows: int, columns: int) -> bool:
    """Whether one size is the other one scaled, but for the rounding to whole pixels."""
    return abs(height - width * rows / columns) <= 1 or abs(width - height * columns / rows) <= 1


def _some(words: Sequence[str], between: str = ", ") -> str:
    more = f"{between}and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return between.join(words[:NAMED]) + more
