"""Files of the maps of one model, and of superpixels."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from thinkalike.compare.answers import Answers
from thinkalike.compare.bases import Basis, Cells, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.stores.arrays import open_arrays, reading, write_arrays
from thinkalike.stores.damage import AGAIN

ANSWERS = {"answers": "scores", "coalition_size": "size", "coalition_ink": "ink"}
"""Variable of a file of maps → field of `compare.answers.Answers`."""


def file_stem(model: str) -> str:
    """Name of a model as part of a file's name: letters, digits, and a few signs."""
    return re.sub(r"[^\w+-]", "_", model)


def content_hash(*arrays: Any) -> str:
    """Hash of the shapes, types and bytes of arrays, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.shape}{array.dtype.str}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def write_maps(
    path: str | Path,
    maps: Maps,
    *,
    image_ids: Sequence[str],
    measures: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    **parts: Any,
) -> None:
    """Write the maps of one model as coefficients in float32, with their basis in the attributes.

    Args:
        path: where to.
        maps, image_ids, measures, attributes, parts: as for `maps_arrays`.

    Raises:
        InputError: a coefficient is not finite; the images are named and nothing is written.
    """
    size = np.array([maps.basis(i).size for i in range(len(maps))])
    filled = np.arange(maps.coefficients.shape[1]) < size[:, None]
    with np.errstate(over="ignore"):  # what is too large for float32 is not finite there
        stored = maps.coefficients.astype(np.float32)
    bad = np.asarray(image_ids)[(~np.isfinite(stored) & filled).any(1)]
    if len(bad):
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise InputError(
            f"the map of {', '.join(bad[:3])}{more} is not finite; the model's weights are damaged, or the "
            "image is none that it can explain"
        )
    variables, coordinates, described = maps_arrays(
        maps, image_ids=image_ids, measures=measures, attributes=attributes, **parts
    )
    write_arrays(path, variables, coordinates=coordinates, attributes=described)


def maps_arrays(
    maps: Maps,
    *,
    image_ids: Sequence[str],
    measures: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    standard_errors: np.ndarray | None = None,
    draws: np.ndarray | None = None,
    accounts: Mapping[str, np.ndarray] = MappingProxyType({}),
    answers: Answers | None = None,
) -> tuple[dict[str, tuple[tuple[str, ...], np.ndarray]], dict[str, Sequence[str]], dict[str, Any]]:
    """Arrays, coordinates and attributes of the file of the maps of one model.

    Superpixels are not repeated in every file: the variable `segmentation` has the content hash of each
    image's labels, which `read_maps` checks.

    Args:
        maps: of N images.
        image_ids: ids of the images.
        measures: name → (N,), a method's measures of each map.
        attributes: provenance.
        standard_errors: (N, K), of the coefficients of maps that are estimates.
        draws: (N, R, K), from the posterior of such maps.
        accounts: name → (N,), a method's ledger of each score.
        answers: scores of coalitions of the images, of the method that asks for them.

    Returns:
        Variable → (dimensions, values); dimension → labels; attributes, those of the basis first.
    """
    basis = maps.bases[0]
    components = ("image", "component")
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "coefficients": (components, maps.coefficients.astype(np.float32, copy=False))
    }
    if isinstance(basis, Segments):
        variables["segmentation"] = (("image",), _hashes(maps.bases))
    if standard_errors is not None:
        variables["standard_errors"] = (components, standard_errors.astype(np.float32))
    if draws is not None:
        variables["draws"] = (("image", "draw", "component"), draws.astype(np.float32))
    if answers is not None:
        variables |= {
            name: (("image", "coalition"), getattr(answers, field).astype(np.float32))
            for name, field in ANSWERS.items()
        }
    variables |= {name: (("image",), np.asarray(values)) for name, values in measures.items()}
    coordinates: dict[str, Sequence[str]] = {"image": list(image_ids)}
    if accounts:
        variables["accounts"] = (("image", "account"), np.stack(list(accounts.values()), 1))
        coordinates["account"] = list(accounts)
    return variables, coordinates, {**_description(basis), **attributes}


def _description(basis: Basis) -> dict[str, Any]:
    """Attributes from which `read_maps` makes the basis again."""
    frame = {"height": basis.height, "width": basis.width}
    if isinstance(basis, (Grid, Cells)):
        kind = "grid" if isinstance(basis, Grid) else "cells"
        return {**frame, "basis": kind, "rows": basis.rows, "columns": basis.columns}
    return {**frame, "basis": "pixels" if isinstance(basis, Pixels) else "segments"}


def _hashes(segments: Sequence[Basis]) -> np.ndarray:
    """Hash of the labels of each image, (N,) uint64."""
    labels = [basis.labels for basis in segments if isinstance(basis, Segments)]
    return np.array([int(content_hash(each), 16) for each in labels], np.uint64)


def read_image_ids(path: str | Path, count: int | None = None) -> list[str]:
    """Read the ids of the images that a file has maps of, or of the first `count`."""
    with open_arrays(path, ["image"]) as dataset:
        return [str(name) for name in dataset["image"][:count].to_numpy()]


def read_answers(path: str | Path, images: slice = slice(None)) -> tuple[Answers, list[str]]:
    """Read the answers to coalitions that stand beside maps, and their image ids.

    Raises:
        InputError: the file is damaged, or has no answers.
    """
    with open_arrays(path, [*ANSWERS, "image"]) as dataset:
        fields = {field: dataset[name][images].to_numpy() for name, field in ANSWERS.items()}
        return Answers(**fields), [str(name) for name in dataset["image"][images].to_numpy()]


def read_maps(
    path: str | Path,
    segments: Sequence[Segments] | None = None,
    images: slice = slice(None),
) -> tuple[Maps, list[str]]:
    """Read maps and their image ids; the arguments are those of `MapsFile.maps`."""
    with open_maps(path) as file:
        return file.maps(segments, images)


@contextmanager
def open_maps(path: str | Path) -> Iterator["MapsFile"]:
    """Open the file of the maps of one model, to read some images at a time.

    Opening takes as long as reading a few maps, and the longer the more images the file is about.

    Raises:
        InputError: the file is missing or damaged.
    """
    with open_arrays(path, ["coefficients", "image"]) as dataset:
        yield MapsFile(path, dataset)


class MapsFile:
    """Open file of the maps of one model; made by `open_maps`.

    Attributes:
        path: of the file.
        count: of images.
        basis: grid, cells, pixels or segments.
        frame: height and width of the images in pixels.
        numbers: coefficients of the map of one image, draws included.
    """

    def __init__(self, path: str | Path, dataset: Any) -> None:
        self.path, self._dataset = path, dataset
        self.count: int = dataset.sizes["image"]
        self.basis = str(dataset.attrs["basis"])
        self.frame = int(dataset.attrs["height"]), int(dataset.attrs["width"])
        self.numbers = dataset.sizes["component"] * (1 + dataset.sizes.get("draw", 0))

    def maps(
        self, segments: Sequence[Segments] | None = None, images: slice = slice(None)
    ) -> tuple[Maps, list[str]]:
        """Read maps and their image ids.

        Args:
            segments: superpixels of these images, and maybe of more, for maps on superpixels.
            images: which to read; all by default.

        Raises:
            InputError: the file is damaged, or was computed on other superpixels.
        """
        file = self._dataset
        with reading(self.path):
            coefficients = file["coefficients"][images].to_numpy()
            image_ids = [str(name) for name in file["image"][images].to_numpy()]
            known = np.asarray(file["segmentation"][images] if "segmentation" in file else [])
        match self.basis:
            case "grid" | "cells" as name:
                kind = Grid if name == "grid" else Cells
                rows, columns = int(file.attrs["rows"]), int(file.attrs["columns"])
                return Maps(coefficients, (kind(rows, columns, *self.frame),)), image_ids
            case "pixels":
                return Maps(coefficients, (Pixels(*self.frame),)), image_ids
        if segments is None:
            raise InputError(f"{self.path} is on superpixels; give them too (segments.nc)")
        bases = tuple(segments[: len(coefficients)])
        if not np.array_equal(known, _hashes(bases)):
            raise InputError(
                f"{self.path} was computed on other superpixels than segments.nc has; {AGAIN}"
            )
        return Maps(coefficients, bases), image_ids

    def draws(self, images: slice = slice(None)) -> np.ndarray | None:
        """Read draws from the posterior of maps, (N, R, K), or None where maps are exact."""
        if "draws" not in self._dataset:
            return None
        with reading(self.path):
            draws: np.ndarray = self._dataset["draws"][images].to_numpy()
        return draws


def read_segments(path: str | Path, images: slice | Sequence[int] = slice(None)) -> list[Segments]:
    """Read the superpixels of the images of a study, or of some."""
    with open_arrays(path, ["labels"]) as dataset:
        return [Segments(labels) for labels in dataset["labels"][images].to_numpy()]
