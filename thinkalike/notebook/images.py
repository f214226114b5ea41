"""Images in memory, with their names: from a folder, from files, or from an array."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from thinkalike.errors import InputError, printable
from thinkalike.images.listing import (
    class_files,
    class_folders,
    image_files,
    report_left_out,
    split_folders,
)
from thinkalike.images.loading import load_images, report_constant
from thinkalike.images.names import composed, is_text
from thinkalike.notebook import display
from thinkalike.stores.tables import read_table

if TYPE_CHECKING:
    import xarray as xr

SIZE = 224
"""Pixels of a side of images from files, unless another size is given: that of most networks."""

Source = str | PathLike[str] | Sequence[str | PathLike[str]] | Any
"""A folder, paths of files, or an array or tensor (N, 3, height, width) in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images as all models see them: squares of one size, not cropped, not yet normalised.

    Attributes:
        ids: N names, each once. Seeds of coalitions follow from them.
        pixels: (N, size, size, 3) uint8, RGB.
        class_names: of each image, or None.
        paths: of their files, or None.
        source: where they are from, in words.
    """

    ids: tuple[str, ...]
    pixels: np.ndarray
    class_names: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None
    source: str = ""

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, chosen: slice) -> "Images":
        """Some of the images, as `images[:10]`."""
        if not isinstance(chosen, slice):
            raise InputError(f"images[{chosen!r}] is no slice; write images[:10] for the first ten")
        names, paths = self.class_names, self.paths
        return Images(
            self.ids[chosen],
            self.pixels[chosen],
            None if names is None else names[chosen],
            None if paths is None else paths[chosen],
            self.source,
        )

    @property
    def size(self) -> int:
        """Side of the images in pixels."""
        return int(self.pixels.shape[1])

    @property
    def table(self) -> pd.DataFrame:
        """Row by row image_id, class_name and path; None where it is not known."""
        return pd.DataFrame(
            {"image_id": self.ids, "class_name": self.class_names, "path": self.paths},
            columns=["image_id", "class_name", "path"],
        )

    @property
    def listing(self) -> pd.DataFrame:
        """The table `images.parquet` of a study; empty texts and label -1 for what is not known."""
        names = self.class_names or ("",) * len(self)
        label = {name: number for number, name in enumerate(sorted(set(names) - {""}))}
        return pd.DataFrame(
            {
                "image_id": self.ids,
                "path": self.paths or ("",) * len(self),
                "label": [label.get(name, -1) for name in names],
                "class_name": names,
                "position": range(len(self)),
            }
        )

    def to_xarray(self) -> "xr.DataArray":
        """Pixels with the dimensions (image, y, x, colour), and the classes as a coordinate."""
        import xarray as xr

        coordinates: dict[str, Any] = {"image": list(self.ids), "colour": list("RGB")}
        if self.class_names is not None:
            coordinates["class_name"] = ("image", list(self.class_names))
        dimensions = ("image", "y", "x", "colour")
        return xr.DataArray(self.pixels, coordinates, dimensions, name="images")

    def _facts(self) -> dict[str, object]:
        classes = sorted(set(self.class_names or ()))
        return {
            "size": f"{self.size} × {self.size} pixels",
            "from": self.source,
            "classes": display.listed(classes) if classes else "not known",
        }

    def __repr__(self) -> str:
        return display.text(
            f"{len(self)} images", {**self._facts(), "ids": display.listed(self.ids)}
        )

    def _repr_html_(self) -> str:
        pictures = display.thumbnails(self.pixels, self.ids)
        return display.html(f"{len(self)} images", self._facts(), below=pictures)


def read_images(
    source: Source,
    *,
    size: int | None = None,
    ids: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
) -> Images:
    """Images from a folder, from files or from an array: see `thinkalike.api.images`."""
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise InputError(f"size: {size!r} is no number of pixels; give one such as {SIZE}")
    if isinstance(source, (str, PathLike)):
        found = _of_folder(Path(source), size or SIZE)
    elif hasattr(source, "shape"):
        found = _of_array(source, size)
    elif isinstance(source, Sequence) and all(isinstance(s, (str, PathLike)) for s in source):
        found = _of_files([Path(path) for path in source], size or SIZE)
    else:
        raise InputError(
            f"source: a {type(source).__name__} is none of a folder, a list of paths, or an array "
            "(N, 3, height, width) in [0, 1]; give one of these"
        )
    if not len(found):
        raise InputError("source: there is no image in it; give at least one")
    names = found.ids if ids is None else _texts("ids", ids, len(found))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"ids: {twice[0]!r} stands twice; give every image a name of its own")
    labels = found.class_names if classes is None else _texts("classes", classes, len(found))
    report_constant(found.pixels, names)
    return Images(names, found.pixels, labels, found.paths, found.source)


def _texts(argument: str, values: Sequence[str], count: int) -> tuple[str, ...]:
    if isinstance(values, str) or len(values) != count:
        number = "one text" if isinstance(values, str) else len(values)
        raise InputError(f"{argument}: {number} for {count} images; give one for each")
    return tuple(map(str, values))


def _of_folder(folder: Path, size: int) -> Images:
    """Images of a folder, or of its class folders; their ids are paths within it."""
    if folder.is_file():
        return _of_files([folder], size)
    if not folder.is_dir():
        raise InputError(
            f"source: {folder} is not a folder; give one with images, or a list of paths"
        )
    files, inside = image_files(folder), class_folders(folder)
    if files and inside:
        raise InputError(
            f"source: {folder} has images and folders ({inside[0].name}); put all images into class "
            "folders, or give a list of paths"
        )
    if splits := split_folders(folder):
        raise InputError(f"source: {folder} is split; give one part of it, {splits['val']}")
    if files:
        ids = tuple(composed(file.name) for file in files)
        classes = None
    else:
        of_classes = class_files(folder)
        files = [file for members in of_classes.values() for file in members]
        classes = tuple(name for name, members in of_classes.items() for _ in members)
        ids = tuple(f"{n}/{composed(f.name)}" for n, f in zip(classes, files, strict=True))
    report_left_out(folder, files)
    paths = tuple(map(str, files))
    return Images(ids, load_images(paths, size), classes, paths, str(folder))


def _of_files(files: Sequence[Path], size: int) -> Images:
    """Images of files; their ids are the names of the files, or their paths where names repeat."""
    strange = [printable(file) for file in files if not is_text(str(file))]
    if strange:
        raise InputError(f"source: {strange[0]} is not called in UTF-8; rename it")
    names = tuple(file.name for file in files)
    paths = tuple(map(str, files))
    ids = names if len(set(names)) == len(names) else paths
    return Images(ids, load_images(paths, size), None, paths, f"{len(files)} files")


def _of_array(source: Any, size: int | None) -> Images:
    """Images of an array (N, 3, height, width) in [0, 1]; their ids are their numbers."""
    # a tensor may be on a GPU, or part of a graph
    values = source.detach().cpu().numpy() if hasattr(source, "detach") else np.asarray(source)
    _check_array(values)
    pixels = np.round(255 * np.moveaxis(values.astype(np.float64), 1, 3)).astype(np.uint8)
    height, width = pixels.shape[1:3]
    side = height if size is None and height == width else size
    if side is None:
        raise InputError(
            f"size: images of {height} x {width} pixels are no squares; give their size"
        )
    if (height, width) != (side, side):
        square = (side, side)
        bilinear = Image.Resampling.BILINEAR
        resized = [np.asarray(Image.fromarray(image).resize(square, bilinear)) for image in pixels]
        pixels = np.stack(resized) if resized else np.empty((0, side, side, 3), np.uint8)
    digits = len(str(max(len(pixels) - 1, 0)))
    ids = tuple(f"{number:0{digits}}" for number in range(len(pixels)))
    return Images(ids, pixels, source=f"an array {tuple(values.shape)}")


def _check_array(values: np.ndarray) -> None:
    """Refuse an array that is not (N, 3, height, width) in [0, 1].

    Raises:
        InputError: with what it is instead, and how to change it.
    """
    shape = tuple(values.shape)
    if values.ndim == 4 and shape[3] == 3 and shape[1] != 3:
        raise InputError(
            f"source: an array of shape {shape} has its colours last; give (N, 3, height, width), as by "
            "array.transpose(0, 3, 1, 2)"
        )
    if values.ndim != 4 or shape[1] != 3:
        raise InputError(
            f"source: an array of shape {shape} is not (N, 3, height, width); give images in RGB"
        )
    if values.dtype.kind not in "fiub":
        raise InputError(
            f"source: an array of {values.dtype} has no numbers in [0, 1]; give floats"
        )
    if not values.size:
        return
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        advice = "divide by 255" if low >= 0 and high <= 255 else "give images before normalisation"
        raise InputError(f"source: values from {low:.3g} to {high:.3g} are not in [0, 1]; {advice}")


def read_listing(path: Path, size: int) -> Images:
    """Images of the table `images.parquet` of a study, from their files.

    Args:
        path: of the table; the paths in it begin in the folder that `results/` is in, or where we are.
        size: of a side in pixels.

    Raises:
        InputError: the table or an image cannot be read, or the images were no files.
    """
    table = read_table(path, ["image_id", "path", "class_name"])
    if not table["path"].astype(bool).all():
        raise InputError(f"{path}: the images came from an array and are not kept; give them anew")
    root = path.resolve().parents[2] if len(path.resolve().parents) > 2 else path.parent
    files = [file if Path(file).exists() else str(root / file) for file in table["path"]]
    known = table["class_name"].astype(str).astype(bool).all()
    return Images(
        tuple(table["image_id"].astype(str)),
        load_images(files, size),
        tuple(table["class_name"].astype(str)) if known else None,
        tuple(files),
        str(path),
    )
