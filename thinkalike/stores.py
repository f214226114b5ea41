"""Files of a study: NetCDF for arrays, parquet and CSV for tables, written whole or not at all."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.errors import DamagedError, InputError
from thinkalike.jobs import wanted
from thinkalike.maps import Basis, Grid, Maps, Pixels, Segments

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system answers where a disk, a quota or what a file may be is full."""
HEADER = "thinkalike"
"""The key of our entry, one JSON text, in the header of a safetensors file (which keeps no order)."""
CHUNK = 2**20
"""Bytes of an array that are compressed together."""
HELD = 2**24
"""Bytes of an array that is kept in memory until all of its rows are there."""
NUMBERS = 2**24
"""That are held at a time by a job that reads arrays in parts; bounds memory, changes nothing else."""
KEYS = ("model", "model_a", "model_b")
"""Columns of keys of models: text, also where all models are called `true` and `inf`."""
AGAIN = "delete it and run again, the workflow makes it anew"


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends without an error.

    A killed or failing job leaves the old file, or none; never half of one.

    Raises:
        InputError: there is no more space, or another run has taken over the job in the meantime.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        wanted()
        temporary.replace(path)
    except Exception as error:
        if _number(error) not in FULL:
            raise
        # with its cause: HDF5 does not outlive an unfinished file, and this is to be said before
        raise InputError(
            f"there is no space left to write {path}; make room there and run again, older files are "
            "as they were"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _number(error: Exception) -> int | None:
    """The system's number of what went wrong, if it was the system; safetensors has it in words."""
    number: int | None = getattr(error, "errno", None)
    said = re.search(r"\(os error (\d+)\)", str(error))
    return int(said[1]) if said else number


def temporaries(path: Path) -> list[Path]:
    """What killed jobs have left of `atomic`."""
    name = re.compile(rf"\.{re.escape(path.stem)}\.\d+{re.escape(path.suffix)}")
    return [file for file in path.parent.glob(".*") if name.fullmatch(file.name)]


def write_table(table: pd.DataFrame, path: str | Path, *, index: bool = False) -> None:
    """Write a table as parquet or CSV, by the suffix of `path`; the same table gives the same bytes."""
    with atomic(path) as temporary:
        if temporary.suffix == ".parquet":
            table.to_parquet(temporary, index=index)
        else:
            table.to_csv(temporary, index=index, lineterminator="\n")


def read_table(
    path: str | Path, columns: Sequence[str] = (), index: str | None = None
) -> pd.DataFrame:
    """Read a parquet or CSV table and check that it has `columns`.

    Raises:
        InputError: the file is missing, cannot be read, or lacks a column.
    """
    path = Path(path)
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:  # only an empty cell is missing: `null` is a fine name for a model
            text = dict.fromkeys(KEYS, str)
            table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=text)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run the workflow, which makes it") from None
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, "table", error) from None
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"{path} has no column {', '.join(missing)}; {AGAIN}")
    return table.set_index(index) if index else table


def read_square(path: str | Path) -> pd.DataFrame:
    """Read a square table of models against models, names as header and index.

    Raises:
        InputError: rows and columns are not the same models in the same order, there are none, or a
            cell is not a number.
    """
    table = read_table(path)
    table = table.set_index(table.columns[0])
    if table.empty or list(table.index) != list(table.columns):
        raise InputError(f"{path}: rows and columns are not the same models; {AGAIN}")
    try:
        return table.astype(float)
    except ValueError as error:
        raise InputError(f"{path}: a cell is not a number ({_brief(error)}); {AGAIN}") from None


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
    """The next rows, off the list; copied only where they come from several parts."""
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
    """A NetCDF file for arrays that do not fit into memory; whole, or not there, when the block ends.

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
    import h5py

    known = {**sizes, **{name: len(labels) for name, labels in coordinates.items()}}
    used = [dimension for dimensions, _ in variables.values() for dimension in dimensions]
    lengths = {name: known[name] for name in dict.fromkeys([*used, *coordinates])}
    with atomic(path) as temporary, h5netcdf.File(temporary, "w") as file:
        file.dimensions = lengths
        for name, labels in coordinates.items():
            array = np.asarray(labels)
            text = array.dtype.kind == "U"
            variable = file.create_variable(
                name, (name,), h5py.string_dtype() if text else array.dtype
            )
            if len(array):
                variable[...] = array.astype(object) if text else array
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
            number = step if name in streamed else max(CHUNK // row_bytes[name], 1)
            shape = shapes[name]
            if types[name].kind == "U":
                made[name] = file.create_variable(name, tuple(dimensions), h5py.string_dtype())
                continue
            made[name] = file.create_variable(
                name,
                tuple(dimensions),
                np.int8 if types[name].kind == "b" else types[name],
                chunks=(min(number, shape[0]), *shape[1:]) if all(shape) else None,
                compression="gzip",
                compression_opts=1,
                shuffle=True,
            )
            if types[name].kind == "b":
                made[name].attrs["dtype"] = "bool"  # readers give it back
        for name, value in attributes.items():
            # of NetCDF: a text, or numbers in a row
            file.attrs[name] = value if isinstance(value, str) else np.ravel(value)
        writer = ArrayWriter(made, streamed, step)
        yield writer
        writer._finish()


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
    """Slices that cover `count` rows of so many numbers each, as many rows as memory has room for."""
    step = max(NUMBERS // max(numbers, 1), 1)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def read_parts(
    path: str | Path, name: str, count: int | None = None
) -> Iterator[tuple[slice, Any]]:
    """Rows of one array of a NetCDF file, as many at a time as memory has room for, and which.

    Args:
        path: of the file.
        name: of the array.
        count: only so many rows, the first; all by default.

    Raises:
        InputError: as `open_arrays`.
    """
    with open_arrays(path, [name]) as dataset:
        rows, *shape = dataset[name].shape
        # what is done with them takes as much again
        for part in parts(rows if count is None else min(count, rows), 2 * prod(shape)):
            yield part, dataset[name][part].to_numpy()


@contextmanager
def open_arrays(path: str | Path, variables: Sequence[str] = ()) -> Iterator[Any]:
    """Open a NetCDF file lazily, as an xarray Dataset, and check that it has `variables`.

    Raises:
        InputError: the file is missing, damaged, or lacks a variable.
    """
    import xarray as xr

    try:
        dataset = xr.open_dataset(path, engine="h5netcdf")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run the workflow, which makes it") from None
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, "NetCDF file", error) from None
    with dataset:
        missing = [name for name in variables if name not in dataset.variables]
        if missing:
            raise InputError(f"{path} has no variable {', '.join(missing)}; {AGAIN}")
        try:
            yield dataset
        except OSError as error:
            # Arrays are read in the caller's block. HDF5's own errors, unlike the system's, have no
            # number: what they say is that the file is damaged.
            if error.errno is not None:
                raise
            raise DamagedError(path, f"{path} is damaged ({_brief(error)})") from None


def read_attributes(path: str | Path) -> dict[str, Any]:
    """The attributes of a NetCDF file as they are stored, in their order.

    Raises:
        InputError: the file is missing or damaged.
    """
    import h5netcdf

    with open_arrays(path):
        pass  # says what is wrong with the file
    with h5netcdf.File(path, "r") as file:
        return {name: file.attrs[name] for name in file.attrs}


def read_header(path: str | Path) -> dict[str, Any]:
    """What `models.save` wrote into the header of a weights file; its tensors are not read.

    Raises:
        InputError: the file is missing, damaged, or not one of ours.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header: dict[str, Any] = json.loads((file.metadata() or {})[HEADER])
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; run the rule that makes it") from None
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, "safetensors file", error) from None
    except (KeyError, ValueError):
        raise InputError(f"{path} does not say which network it is of; {AGAIN}") from None
    return header


def content_hash(*arrays: Any) -> str:
    """16 hexadecimal digits of the shapes, types and bytes of arrays: are two of them the same?"""
    digest = hashlib.sha256()
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.shape}{array.dtype.str}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def _unreadable(path: str | Path, kind: str, error: Exception) -> InputError:
    # What the system says (no permission, a disk that does not answer) is not the file's fault, and
    # may be otherwise tomorrow. The errors of the formats' libraries have no number.
    number = _number(error)
    if number is not None:
        return InputError(f"{path} cannot be read ({os.strerror(number)}); mend that and run again")
    return DamagedError(path, f"{path} is not a readable {kind} ({_brief(error)})")


def _brief(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__


def write_maps(
    path: str | Path,
    maps: Maps,
    *,
    image_ids: Sequence[str],
    measures: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    standard_errors: np.ndarray | None = None,
    draws: np.ndarray | None = None,
    accounts: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> None:
    """Write the maps of one model as coefficients in float32, with their basis in the attributes.

    Superpixels are not repeated in every file: the variable `segmentation` has the content hash of each
    image's labels, which `read_maps` checks.

    Args:
        path: where to.
        maps: of N images.
        image_ids: of them.
        measures: name → (N,), what a method says of each map.
        attributes: provenance.
        standard_errors: (N, K) of the coefficients of maps that are estimates.
        draws: (N, R, K) from the posterior of such maps.
        accounts: name → (N,), where a method says what became of each score.

    Raises:
        InputError: a coefficient is not finite; the images are named and nothing is written.
    """
    basis = maps.bases[0]
    size = np.array([maps.basis(i).size for i in range(len(maps))])
    filled = np.arange(maps.coefficients.shape[1]) < size[:, None]
    bad = (~np.isfinite(maps.coefficients) & filled).any(1)
    if bad.any():
        raise InputError(
            f"the map of {', '.join(np.asarray(image_ids)[bad])} is not finite; the model's weights "
            "are damaged, or the image is not one it can be asked about"
        )
    description: dict[str, Any] = {"height": basis.height, "width": basis.width}
    match basis:
        case Grid():
            description |= {"basis": "grid", "rows": basis.rows, "columns": basis.columns}
        case Pixels():
            description |= {"basis": "pixels"}
        case _:
            description |= {"basis": "segments"}
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
    variables |= {name: (("image",), np.asarray(values)) for name, values in measures.items()}
    coordinates = {"image": list(image_ids)}
    if accounts:
        variables["accounts"] = (("image", "account"), np.stack(list(accounts.values()), 1))
        coordinates["account"] = list(accounts)
    write_arrays(
        path,
        variables,
        coordinates=coordinates,
        attributes=description | dict(attributes),
    )


def _hashes(segments: Sequence[Basis]) -> np.ndarray:
    """(N,) uint64, a hash of the labels of each image."""
    labels = [basis.labels for basis in segments if isinstance(basis, Segments)]
    return np.array([int(content_hash(each), 16) for each in labels], np.uint64)


def read_draws(path: str | Path, images: slice = slice(None)) -> np.ndarray | None:
    """Draws from the posterior of maps, (N, R, K), or None where maps are exact."""
    with open_arrays(path, ["coefficients"]) as dataset:
        return dataset["draws"][images].to_numpy() if "draws" in dataset else None


def read_maps(
    path: str | Path,
    segments: Sequence[Segments] | None = None,
    images: slice = slice(None),
) -> tuple[Maps, list[str]]:
    """Read maps and their image ids.

    Args:
        path: of the file.
        segments: the superpixels of these images, for maps on superpixels; there may be more.
        images: which to read; all by default.

    Raises:
        InputError: the file is damaged, or was computed on other superpixels.
    """
    with open_arrays(path, ["coefficients", "image"]) as dataset:
        attributes = dataset.attrs
        coefficients = dataset["coefficients"][images].to_numpy()
        image_ids = [str(name) for name in dataset["image"][images].to_numpy()]
        known = np.asarray(dataset["segmentation"][images] if "segmentation" in dataset else [])
    frame = int(attributes["height"]), int(attributes["width"])
    match attributes["basis"]:
        case "grid":
            rows, columns = int(attributes["rows"]), int(attributes["columns"])
            return Maps(coefficients, (Grid(rows, columns, *frame),)), image_ids
        case "pixels":
            return Maps(coefficients, (Pixels(*frame),)), image_ids
    if segments is None:
        raise InputError(f"{path} is on superpixels; give them too (segments.nc)")
    bases = tuple(segments[: len(coefficients)])
    if not np.array_equal(known, _hashes(bases)):
        raise InputError(f"{path} was computed on other superpixels than segments.nc has; {AGAIN}")
    return Maps(coefficients, bases), image_ids


def read_segments(path: str | Path, images: slice = slice(None)) -> list[Segments]:
    """The superpixels of the images of a study, or of some."""
    with open_arrays(path, ["labels"]) as dataset:
        return [Segments(labels) for labels in dataset["labels"][images].to_numpy()]
