"""Files of similarities per image: the kernel (image, model, model) of one method and metric."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thinkalike.errors import InputError
from thinkalike.stores.arrays import (
    ArrayWriter,
    create_arrays,
    open_arrays,
    parts,
    read_attributes,
    read_parts,
)
from thinkalike.stores.damage import AGAIN, same_images

VALUES = ("similarity", "estimation_error", "estimation_bias")
PAIR = ("image", "model_a", "model_b")
CHANCE = ("count", "mean", "chance", "rho", "same_class", "different_class", "z", "z_within")
"""Numbers of every subset and pair of models in a file of similarity above chance."""


@dataclass(frozen=True)
class Kernel:
    """Similarities of all pairs of models on every image, in a file or in memory.

    Attributes:
        path: of the file, or a word for what is in memory.
        models: of its rows.
        others: of its columns; the same models, unless it is a tile of a larger kernel.
        images: ids.
        places: of `models` among the rows of the file, where these are some of them; None: all.
        arrays: in memory, those that `create_kernel` would write; none: they are in the file.
    """

    path: str
    models: list[str]
    others: list[str]
    images: list[str]
    places: tuple[int, ...] | None = None
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str, models: Sequence[str] | None = None) -> "Kernel":
        """Read the names of models and images.

        Args:
            path: of the file.
            models: to read the similarities of, in this order; by default all.

        Raises:
            InputError: the file is missing, damaged, no kernel, or lacks a model.
        """
        with open_arrays(path, [*VALUES, *PAIR]) as dataset:
            names = [[str(name) for name in dataset[axis].to_numpy()] for axis in PAIR]
        images, rows, columns = names
        if models is None or list(models) == rows:
            return cls(path, rows, columns, images)
        places = tuple(map(int, _places(path, rows, models)))
        return cls(path, list(models), list(models), images, places)

    def parts(
        self, name: str = "similarity", count: int | None = None
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Values (n, M, M) of the first `count` images, a part at a time, and which images."""
        for part, values in self._parts(name, count):
            if self.places is not None:
                values = values[:, self.places][:, :, self.places]
            yield part, values

    def _parts(self, name: str, count: int | None) -> Iterator[tuple[slice, np.ndarray]]:
        if not self.arrays:
            return read_parts(self.path, name, count)
        values = self.arrays[name][:count]
        return iter([(slice(0, len(values)), values)])

    def values(self, name: str = "similarity") -> np.ndarray:
        """Values of all images, (N, M, M), in memory."""
        return np.concatenate([values for _, values in self.parts(name)])

    @property
    def blank(self) -> np.ndarray:
        """Which maps are blank, (N, M) bool, in memory."""
        rows = list(self._parts("blank", None))
        blank = np.concatenate([values for _, values in rows]).astype(bool)
        return blank if self.places is None else blank[:, self.places]


def create_kernel(
    path: str,
    images: Sequence[str],
    models: Sequence[str],
    others: Sequence[str] = (),
    *,
    attributes: Mapping[str, Any],
) -> AbstractContextManager[ArrayWriter]:
    """Create a file for rows of `VALUES` (n, M, M') and `blank` (n, M).

    Args:
        path: where to.
        images: ids.
        models: in order.
        others: models that they are compared with; by default each other. Only then there is `blank`.
        attributes: provenance.
    """
    variables: dict[str, tuple[Sequence[str], Any]] = dict.fromkeys(VALUES, (PAIR, np.float64))
    if not others:
        variables["blank"] = (PAIR[:2], np.uint8)
    coordinates = {"image": images, "model_a": models, "model_b": others or models}
    return create_arrays(path, variables, sizes={}, coordinates=coordinates, attributes=attributes)


def join_kernels(tiles: Sequence[str], path: str, models: Sequence[str]) -> None:
    """Put similarities of groups of models together into one file of all models.

    Args:
        tiles: files of every two groups (row, column) with row ≤ column, in any order.
        path: where to.
        models: of all groups, in order.

    Raises:
        InputError: a tile is damaged, or about other images than the first.
    """
    place = {model: number for number, model in enumerate(models)}
    kernels = [Kernel.read(tile) for tile in tiles]
    images = kernels[0].images
    for kernel in kernels:
        same_images(kernel.path, kernel.images, tiles[0], images)
    size, attributes = len(models), read_attributes(tiles[0])
    with create_kernel(path, images, models, attributes=attributes) as output:
        for part in parts(len(images), 2 * size**2):
            count = part.stop - part.start
            values = {name: np.full((count, size, size), np.nan) for name in VALUES}
            blank = np.zeros((count, size), np.uint8)
            for kernel in kernels:
                rows = np.array([place[model] for model in kernel.models])
                columns = np.array([place[model] for model in kernel.others])
                # one file at a time: an error is about the tile that is open
                with open_arrays(kernel.path) as file:
                    for name, array in values.items():
                        tile = file[name][part].to_numpy()
                        array[:, rows[:, None], columns] = tile
                        array[:, columns[:, None], rows] = tile.transpose(0, 2, 1)
                    if "blank" in file:
                        blank[:, rows] = file["blank"][part].to_numpy()
            output.append(**values, blank=blank)


@dataclass(frozen=True)
class Chance:
    """Similarity above chance of all pairs of models over a subset of the images.

    Attributes:
        models: keys, in order.
        images: ids.
        labels: (N,) classes of the images.
        parts: gives the influence of images on rho, a part of them at a time: which images, and (n, M, M),
            NaN where an image does not count.
        rho: (M, M), similarity above chance; NaN where it cannot be told.
        mean: (M, M), similarity of maps of the same image.
        chance: (M, M), similarity of maps of different images.
        count: (M, M) images that count.
        same_class, different_class: (M, M), chance among images of one class, and of different ones.
        z, z_within: (M, M), standard deviations above permuted images, and permuted within classes.
    """

    models: list[str]
    images: list[str]
    labels: np.ndarray
    parts: Callable[[], Iterator[tuple[slice, np.ndarray]]]
    rho: np.ndarray
    mean: np.ndarray
    chance: np.ndarray
    count: np.ndarray
    same_class: np.ndarray
    different_class: np.ndarray
    z: np.ndarray
    z_within: np.ndarray

    @classmethod
    def read(cls, path: str, subset: str = "all", models: Sequence[str] | None = None) -> "Chance":
        """Read what is known over a subset; the influence of images stays in the file until it is wanted.

        Args:
            path: of a file that `create_chance` wrote.
            subset: one of those that it has.
            models: in the order wanted; by default all.

        Raises:
            InputError: the file is missing, damaged, or lacks the subset or a model.
        """
        name = f"influence_{subset}"
        with open_arrays(path, [name, *CHANCE, *PAIR]) as dataset:
            known = [str(name) for name in dataset["model_a"].to_numpy()]
            place = _places(path, known, models)
            cells = np.ix_(place, place)
            row = [str(name) for name in dataset["subset"].to_numpy()].index(subset)
            matrices = {name: dataset[name][row].to_numpy()[cells] for name in CHANCE}
            images = [str(name) for name in dataset["image"].to_numpy()]
            labels = dataset["class_name"].to_numpy().astype(str)

        def parts_of_file() -> Iterator[tuple[slice, np.ndarray]]:
            for part, values in read_parts(path, name):
                yield part, values[:, place][:, :, place]

        return cls([known[i] for i in place], images, labels, parts_of_file, **matrices)

    @classmethod
    def of_rows(
        cls,
        rows: Iterable[Mapping[str, np.ndarray]],
        models: Sequence[str],
        images: Sequence[str],
        subset: str,
    ) -> "Chance":
        """Keep in memory what would be written to a file of one subset.

        Args:
            rows: as `compare.chance_streams.chance_files` yields them.
            models: in order.
            images: ids.
            subset: of the images.
        """
        first, *parts_, last = rows
        influences = np.concatenate([part[f"influence_{subset}"] for part in parts_])
        return cls(
            models=list(models),
            images=list(images),
            labels=first["class_name"],
            parts=lambda: iter([(slice(0, len(influences)), influences)]),
            **{name: values[0] for name, values in last.items()},
        )

    @property
    def influence(self) -> np.ndarray:
        """Influence of every image on rho, (N, M, M), in memory."""
        return np.concatenate([values for _, values in self.parts()])

    @property
    def pseudo_values(self) -> np.ndarray:
        """Contribution of every image to rho, rho + influence, (N, M, M), in memory; their mean is rho."""
        return self.rho + self.influence


def values_of_images(
    path: str, models: Sequence[str], correction: str
) -> tuple[int, Callable[[], Iterator[np.ndarray]]]:
    """What every image says of every pair of models, (n, M, M), a part of the images at a time.

    Args:
        path: of similarities above chance, or of similarities.
        models: in the order wanted.
        correction: `chance`, for pseudo-values of similarity above chance; `none`, for similarities.

    Returns:
        The number of images, and a function that reads the parts in order.
    """
    if correction == "chance":
        chance = Chance.read(path, "all", models)
        return len(chance.images), lambda: (chance.rho + values for _, values in chance.parts())
    kernel = Kernel.read(path, models)
    return len(kernel.images), lambda: (values for _, values in kernel.parts())


def create_chance(
    path: str,
    images: Sequence[str],
    models: Sequence[str],
    others: Sequence[str] = (),
    *,
    subsets: Sequence[str],
    attributes: Mapping[str, Any],
) -> AbstractContextManager[ArrayWriter]:
    """Create a file for what `compare.chance_streams.chance_files` yields.

    Args:
        path: where to.
        images: ids.
        models: in order.
        others: models that they are compared with; by default each other.
        subsets: of the images.
        attributes: provenance.
    """
    variables: dict[str, tuple[Sequence[str], Any]] = {
        f"influence_{subset}": (PAIR, np.float64) for subset in subsets
    }
    variables |= dict.fromkeys(CHANCE, (("subset", *PAIR[1:]), np.float64))
    variables["class_name"] = (PAIR[:1], np.dtype("U"))
    coordinates = {
        "image": images,
        "model_a": models,
        "model_b": others or models,
        "subset": subsets,
    }
    return create_arrays(path, variables, sizes={}, coordinates=coordinates, attributes=attributes)


def _places(path: str, known: Sequence[str], models: Sequence[str] | None) -> np.ndarray:
    """Places of some models among those of a file."""
    missing = [model for model in models or () if model not in known]
    if missing:
        raise InputError(f"{path} has no model {', '.join(missing)}; {AGAIN}")
    return np.array([known.index(model) for model in (known if models is None else models)], int)


def join_chances(tiles: Sequence[str], path: str, models: Sequence[str]) -> None:
    """Put similarities above chance of groups of models together into one file of all models.

    Args:
        tiles: files of every two groups (row, column) with row ≤ column, in any order.
        path: where to.
        models: of all groups, in order.

    Raises:
        InputError: a tile is damaged, or about other images than the first.
    """
    place = {model: number for number, model in enumerate(models)}
    cells: list[tuple[np.ndarray, ...]] = []
    for tile in tiles:
        with open_arrays(tile, [*CHANCE, *PAIR]) as file:
            images, *sides = ([str(name) for name in file[axis].to_numpy()] for axis in PAIR)
            if not cells:
                first, subsets = images, [str(name) for name in file["subset"].to_numpy()]
                labels = file["class_name"].to_numpy().astype(str)
        same_images(tile, images, tiles[0], first)
        cells.append(np.ix_(*([place[model] for model in side] for side in sides)))

    def joined(name: str, rows: slice) -> np.ndarray:
        """Values of some rows of an array, from all tiles."""
        square = np.full((rows.stop - rows.start, len(models), len(models)), np.nan)
        for tile, (row, column) in zip(tiles, cells, strict=True):
            with open_arrays(tile, [name]) as file:
                values = file[name][rows].to_numpy()
            square[:, row, column] = values
            square[:, column.T, row.T] = values.transpose(0, 2, 1)
        return square

    attributes = read_attributes(tiles[0])
    with create_chance(path, first, models, subsets=subsets, attributes=attributes) as output:
        output.append(class_name=labels)
        for part in parts(len(first), 2 * len(models) ** 2):
            names = [f"influence_{subset}" for subset in subsets]
            output.append(**{name: joined(name, part) for name in names})
        output.append(**{name: joined(name, slice(0, len(subsets))) for name in CHANCE})
