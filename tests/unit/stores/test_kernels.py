"""Files of similarities per image."""

import numpy as np
import pytest

from thinkalike.errors import InputError
from thinkalike.stores import arrays
from thinkalike.stores.arrays import open_arrays, write_arrays
from thinkalike.stores.kernels import Kernel, create_kernel, join_kernels

NAMES = ("similarity", "estimation_error", "estimation_bias")
IMAGES = ["val/a.png", "val/b.png", "val/c.png"]
VALUES = np.random.default_rng(0).random((3, 3, 3, 3))
VALUES = VALUES + VALUES.swapaxes(2, 3)


def write(path: str, rows: list[int], columns: list[int] | None = None) -> str:
    """A tile of some models of three, or all of these with each other."""
    names = np.array(["x", "y", "z"])
    cells = np.ix_(range(3), rows, rows if columns is None else columns)
    others = [] if columns is None else names[columns].tolist()
    with create_kernel(path, IMAGES, names[rows].tolist(), others, attributes={"a": 1}) as file:
        blank = {"blank": np.eye(3)[:, rows]} if columns is None else {}
        values = {name: array[cells] for name, array in zip(NAMES, VALUES, strict=True)}
        file.append(**values, **blank)
    return path


def test_a_kernel_knows_its_models_and_images_and_is_read_in_parts(tmp_path, monkeypatch):
    kernel = Kernel.read(write(str(tmp_path / "k.nc"), [0, 1, 2]))
    assert (kernel.models, kernel.others, kernel.images) == (
        ["x", "y", "z"],
        ["x", "y", "z"],
        IMAGES,
    )
    monkeypatch.setattr(arrays, "NUMBERS", 1)
    for name, expected in zip(NAMES, VALUES, strict=True):
        parts = list(kernel.parts(name, 2))
        assert [part for part, _ in parts] == [slice(0, 1), slice(1, 2)]
        np.testing.assert_array_equal(np.concatenate([v for _, v in parts]), expected[:2])


def test_a_file_of_something_else_is_refused(tmp_path):
    labels = {"labels": (("image",), [1, 2, 3])}
    write_arrays(tmp_path / "a.nc", labels, coordinates={"image": IMAGES}, attributes={})
    with pytest.raises(InputError, match=r"a\.nc has no variable similarity, estimation_error"):
        Kernel.read(str(tmp_path / "a.nc"))


def test_tiles_are_joined_with_the_missing_half(tmp_path):
    rows, columns = [0, 2], [1]
    tiles = [
        write(str(tmp_path / f"{i}.nc"), *tile)
        for i, tile in enumerate([(rows,), (rows, columns), (columns,)])
    ]
    join_kernels(tiles, str(tmp_path / "whole.nc"), ["x", "y", "z"])
    kernel = Kernel.read(str(tmp_path / "whole.nc"))
    ((_, found),) = kernel.parts()
    np.testing.assert_array_equal(found, VALUES[0])
    with open_arrays(kernel.path) as dataset:
        np.testing.assert_array_equal(dataset["blank"], np.eye(3))
