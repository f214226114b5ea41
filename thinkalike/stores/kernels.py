"""Files of similarities per image: the kernel (image, model, model) of one method and metric."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from thinkalike.stores.arrays import (
    ArrayWriter,
    create_arrays,
    open_arrays,
    parts,
    read_attributes,
    read_parts,
)
from thinkalike.stores.damage import same_images

VALUES = ("similarity", "estimation_error")
PAIR = ("image", "model_a", "model_b")


@dataclass(frozen=True)
class Kernel:
    """Similarities of all pairs of models on every image, in a file.

    Attributes:
        path: of the file.
        models: of its rows.
        others: of its columns; the same models, unless it is a tile of a larger kernel.
        images: ids.
    """

    path: str
    models: list[str]
    others: list[str]
    images: list[str]

    @classmethod
    def read(cls, path: str) -> "Kernel":
        """Read the names of models and images.

        Raises:
            InputError: the file is missing, damaged, or no kernel.
        """
        with open_arrays(path, [*VALUES, *PAIR]) as dataset:
            names = [[str(name) for name in dataset[axis].to_numpy()] for axis in PAIR]
        images, models, others = names
        return cls(path, models, others, images)

    def parts(
        self, name: str = "similarity", count: int | None = None
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Values (n, M, M) of the first `count` images, a part at a time, and which images."""
        return read_parts(self.path, name, count)


def create_kernel(
    path: str,
    images: Sequence[str],
    models: Sequence[str],
    others: Sequence[str] = (),
    *,
    attributes: Mapping[str, Any],
) -> AbstractContextManager[ArrayWriter]:
    """Create a file for rows `similarity` and `estimation_error` (n, M, M') and `blank` (n, M).

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
