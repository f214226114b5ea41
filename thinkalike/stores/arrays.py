"""Arrays of a study: NetCDF files, written and read in parts where they are large."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from traceback import walk_tb
from typing import Any

import numpy as np

from thinkalike.errors import DamagedError, InputError
from thinkalike.stores.atomic import atomic, system_error
from thinkalike.stores.checksums import ATTRIBUTE, PLACEHOLDER
from thinkalike.stores.damage import AGAIN, brief, opening
from thinkalike.stores.self_contained import refuse_outside

CHUNK = 2**20
"""Bytes of an array that are compressed together."""
HELD = 2**24
"""Bytes of an array that is kept in memory until all of its rows have come."""
UNLOCKED: dict[str, Any] = {"locking": False}
"""For HDF5: some file systems have no locks, and none are needed, for a file that has its name is complete
and never changed (`atomic`)."""
NUMBERS = 2**24
"""Numbers in memory at a time where arrays are read in parts; bounds memory, changes nothing else."""


class ArrayWriter:
    """Named arrays of one NetCDF file, written as their rows come; made by `create_arrays`.

    What is large is written in steps of so many rows, all arrays together; what is small stays in
    memory and is written at the end. So the same rows give the same bytes, in however many parts they
    come.
    """

    def __init__(self, variables: Mapping[str, Any], streamed: Sequence[str], step: int) -> None:
        self._variables, self._streamed, self._step = variables, streamed, step
        self._pending: dict[str, list[np.ndarray]] = {name: [] for name in variables}
        self._arrived = dict.fromkeys(variables, 0)
        self._written = 0

    def append(self, **parts: Any) -> None:
        """Add rows of arrays, along their first dimensions."""
        for name, part in parts.items():
            array = np.asarray(part)
            kind = object if array.dtype.kind == "U" else self._variables[name].dtype
            self._pending[name].append(array.astype(kind, copy=False))
            self._arrived[name] += len(array)
        while self._streamed and self._ready() >= self._step:
            self._write(self._step)

    def _ready(self) -> int:
        return min((self._arrived[name] for name in self._streamed), default=0) - self._written

    def _write(self, count: int) -> None:
        rows = slice(self._written, self._written + count)
        for name in self._streamed:
            self._variables[name][rows] = _taken(self._pending[name], count)
        self._written += count

    def _finish(self) -> None:
        wanted = {name: variable.shape[0] for name, variable in self._variables.items()}
        if self._arrived != wanted:
            raise ValueError(f"rows of arrays came as {self._arrived}, and {wanted} were announced")
        if self._ready():
            self._write(self._ready())
        for name, variable in self._variables.items():
            if name not in self._streamed and all(variable.shape):
                variable[...] = _taken(self._pending[name], variable.shape[0])


def _taken(pending: list[np.ndarray], count: int) -> np.ndarray:
    """Next `count` rows, removed from the list; copied only where they come from several parts."""
    taken: list[np.ndarray] = []
    while count:
        part = pending.pop(0)
        taken.append(part[:count])
        if len(part) > count:
            pending.insert(0, part[count:])
        count -= len(taken[-1])
    return taken[0] if len(taken) == 1 else np.concatenate(taken)


@contextmanager
def create_arrays(
    path: str | Path,
    variables: Mapping[str, tuple[Sequence[str], Any]],
    *,
    sizes: Mapping[str, int],
    coordinates: Mapping[str, Sequence[Any]],
    attributes: Mapping[str, Any],
) -> Iterator[ArrayWriter]:
    """Create a NetCDF file for arrays that do not fit into memory; whole or absent when the block ends.

    Args:
        path: where to.
        variables: name → (dimensions, type); numbers are stored as they are, compressed, and texts.
        sizes: dimension → length, of those without labels.
        coordinates: dimension → labels.
        attributes: provenance of the whole file: method, parameters, units, code.

    Raises:
        ValueError: other numbers of rows than announced were appended.
    """
    import h5netcdf

    known = {**sizes, **{name: len(labels) for name, labels in coordinates.items()}}
    used = [dimension for dimensions, _ in variables.values() for dimension in dimensions]
    lengths = {name: known[name] for name in dict.fromkeys([*used, *coordinates])}
    with atomic(path) as temporary, h5netcdf.File(temporary, "w", **UNLOCKED) as file:
        # the first text of a file lies where a reader looks for it
        file.attrs[ATTRIBUTE] = PLACEHOLDER
        file.dimensions = lengths
        for name, labels in coordinates.items():
            _write_labels(file, name, np.asarray(labels))
        types = {name: np.dtype(kind) for name, (_, kind) in variables.items()}
        shapes = {name: [lengths[d] for d in dims] for name, (dims, _) in variables.items()}
        row_bytes = {n: max(prod(shapes[n][1:]) * types[n].itemsize, 1) for n in variables}
        largest = max(variables, key=lambda name: shapes[name][0] * row_bytes[name])
        streamed = [
            name
            for name in variables
            if shapes[name][0] == shapes[largest][0] and shapes[name][0] * row_bytes[name] > HELD
        ]
        step = max(CHUNK // max((row_bytes[name] for name in streamed), default=CHUNK), 1)
        made = {}
        for name, (dimensions, _) in variables.items():
            rows = step if name in streamed else max(CHUNK // row_bytes[name], 1)
            made[name] = _create(file, name, dimensions, types[name], shapes[name], rows)
        for name, value in attributes.items():
            file.attrs[name] = _attribute(value)
        writer = ArrayWriter(made, streamed, step)
        yield writer
        writer._finish()


def stored_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as they come back from a file: texts, single numbers, and numbers in a row."""
    found: dict[str, Any] = {}
    for name, value in attributes.items():
        stored = _attribute(value)
        is_single = not isinstance(stored, str) and len(stored) == 1
        found[name] = stored[0] if is_single else stored
    return found


def _attribute(value: Any) -> str | np.ndarray:
    """Value of an attribute in a file: a text or numbers in a row; a JSON text of whatever else it is."""
    if isinstance(value, str):
        return value
    is_plain = not isinstance(value, Mapping) and value is not None
    numbers = np.ravel(value) if is_plain else np.empty(0, object)
    return numbers if numbers.dtype.kind in "biuf" else json.dumps(value, sort_keys=True)


def _write_labels(file: Any, name: str, labels: np.ndarray) -> None:
    """Write the labels of a dimension."""
    import h5py

    text = labels.dtype.kind == "U"
    variable = file.create_variable(name, (name,), h5py.string_dtype() if text else labels.dtype)
    if len(labels):
        variable[...] = labels.astype(object) if text else labels


def _create(
    file: Any, name: str, dimensions: Sequence[str], kind: Any, shape: Sequence[int], rows: int
) -> Any:
    """Make a variable of a file, compressed in chunks of so many rows."""
    import h5py

    if kind.kind == "U":
        return file.create_variable(name, tuple(dimensions), h5py.string_dtype())
    variable = file.create_variable(
        name,
        tuple(dimensions),
        np.int8 if kind.kind == "b" else kind,
        chunks=(min(rows, shape[0]), *shape[1:]) if all(shape) else None,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
    )
    if kind.kind == "b":
        variable.attrs["dtype"] = "bool"  # readers give it back
    return variable


def write_arrays(
    path: str | Path,
    variables: Mapping[str, tuple[Sequence[str], Any]],
    *,
    coordinates: Mapping[str, Sequence[Any]],
    attributes: Mapping[str, Any],
) -> None:
    """Write named arrays as one NetCDF file.

    Args:
        path: where to.
        variables: name → (dimensions, array); numbers are stored as they are, compressed.
        coordinates: dimension → labels.
        attributes: provenance of the whole file: method, parameters, units, code.
    """
    arrays = {name: np.asarray(values) for name, (_, values) in variables.items()}
    sizes = {
        dimension: length
        for name, (dimensions, _) in variables.items()
        for dimension, length in zip(dimensions, arrays[name].shape, strict=True)
        if dimension not in coordinates
    }
    announced = {name: (dims, arrays[name].dtype) for name, (dims, _) in variables.items()}
    with create_arrays(
        path, announced, sizes=sizes, coordinates=coordinates, attributes=attributes
    ) as file:
        file.append(**arrays)


def parts(count: int, numbers: int) -> Iterator[slice]:
    """Slices of `count` rows of so many numbers each, with as many rows as memory has room for."""
    step = max(NUMBERS // max(numbers, 1), 1)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def read_parts(
    path: str | Path, name: str, count: int | None = None
) -> Iterator[tuple[slice, Any]]:
    """Read one array of a NetCDF file, as many rows at a time as memory has room for.

    Args:
        path: of the file.
        name: of the array.
        count: of the first rows to read; all by default.

    Yields:
        Which rows, and their values.

    Raises:
        InputError: as for `open_arrays`.
    """
    with open_arrays(path, [name]) as dataset:
        rows, *shape = dataset[name].shape
        # computing with rows takes as much memory again
        for part in parts(rows if count is None else min(count, rows), 2 * prod(shape)):
            yield part, dataset[name][part].to_numpy()


def _opened(opening: Callable[[dict[str, Any]], Any]) -> Any:
    """What opens a file without locks, or with them where this process has it open like that already.

    HDF5 refuses to have one file open in both ways, and a notebook may have opened it with xarray.
    """
    try:
        return opening(UNLOCKED)
    except OSError as error:
        if "file locking flag" not in str(error):
            raise
        return opening({})


@contextmanager
def open_arrays(path: str | Path, variables: Sequence[str] = ()) -> Iterator[Any]:
    """Open a NetCDF file lazily, as an xarray Dataset, and check that it has `variables`.

    Raises:
        InputError: the file is missing, damaged, or lacks a variable.
    """
    import xarray as xr

    with opening(path, "NetCDF file"):
        refuse_outside(path, _opened)
        dataset = _opened(
            lambda driver: xr.open_dataset(path, engine="h5netcdf", driver_kwds=driver)
        )
        dataset.attrs.pop(ATTRIBUTE, None)
    with dataset:
        missing = [name for name in variables if name not in dataset.variables]
        if missing:
            raise InputError(f"{path} has no variable {', '.join(missing)}; {AGAIN}")
        with reading(path):  # arrays are read in the caller's block
            yield dataset


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Say of a file that it is damaged where its arrays cannot be read.

    Where several files are open at a time, each reading is a block of its own: the error names its file.

    Raises:
        DamagedError: HDF5 cannot make sense of the file.
    """
    try:
        yield
    except Exception as error:
        # HDF5's own errors are of many kinds and, unlike the system's, have no number
        if system_error(error) is not None or not _is_of_hdf5(error):
            raise
        raise DamagedError(path, f"{path} is damaged ({brief(error)})") from None


def _is_of_hdf5(error: Exception) -> bool:
    """Whether an error was raised inside the library that reads NetCDF files."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "h5py"


def read_attributes(path: str | Path) -> dict[str, Any]:
    """Attributes of a NetCDF file as they are stored, in their order.

    Raises:
        InputError: the file is missing or damaged.
    """
    import h5netcdf

    with opening(path, "NetCDF file"):
        refuse_outside(path, _opened)
        with _opened(lambda driver: h5netcdf.File(path, "r", **driver)) as file:
            return {name: file.attrs[name] for name in file.attrs if name != ATTRIBUTE}
