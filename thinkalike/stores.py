"""Files of a study: NetCDF for arrays, parquet and CSV for tables, written whole or not at all."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.errors import DamagedError, InputError
from thinkalike.jobs import wanted
from thinkalike.maps import Grid, Maps, Pixels, Segments

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the system answers where a disk, a quota or what a file may be is full."""
HEADER = "thinkalike"
"""The key of our entry, one JSON text, in the header of a safetensors file (which keeps no order)."""
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
            table = pd.read_csv(path, keep_default_na=False, na_values=[""])
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
        variables: name → (dimensions, array); floats are stored as they are, compressed.
        coordinates: dimension → labels.
        attributes: provenance of the whole file: method, parameters, units, code.
    """
    import xarray as xr

    dataset = xr.Dataset(
        {name: (tuple(dims), np.asarray(values)) for name, (dims, values) in variables.items()},
        coords={name: np.asarray(labels) for name, labels in coordinates.items()},
        attrs=dict(attributes),
    )
    encoding = {
        name: {"zlib": True, "complevel": 1, "shuffle": True}
        for name, variable in dataset.data_vars.items()
        if variable.dtype.kind in "fiub" and variable.size
    }
    with atomic(path) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)


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
) -> None:
    """Write the maps of one model as coefficients in float32, with their basis in the attributes.

    Superpixels are not repeated in every file: the attribute `segmentation` is the content hash of
    their labels, which `read_maps` checks.

    Args:
        path: where to.
        maps: of N images.
        image_ids: of them.
        measures: name → (N,), what a method says of each map.
        attributes: provenance.
        standard_errors: (N, K) of the coefficients of maps that are estimates.
        draws: (N, R, K) from the posterior of such maps.

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
            labels = [b.labels for b in maps.bases if isinstance(b, Segments)]
            description |= {"basis": "segments", "segmentation": content_hash(*labels)}
    components = ("image", "component")
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "coefficients": (components, maps.coefficients.astype(np.float32))
    }
    if standard_errors is not None:
        variables["standard_errors"] = (components, standard_errors.astype(np.float32))
    if draws is not None:
        variables["draws"] = (("image", "draw", "component"), draws.astype(np.float32))
    write_arrays(
        path,
        variables | {name: (("image",), values) for name, values in measures.items()},
        coordinates={"image": list(image_ids)},
        attributes=description | dict(attributes),
    )


def read_draws(path: str | Path, images: slice = slice(None)) -> np.ndarray | None:
    """Draws from the posterior of maps, (N, R, K), or None where maps are exact."""
    with open_arrays(path, ["coefficients"]) as dataset:
        return dataset["draws"][images].to_numpy() if "draws" in dataset else None


def read_maps(
    path: str | Path,
    segments: Sequence[Segments] | None = None,
    images: slice = slice(None),
) -> tuple[Maps, list[str]]:
    """Read maps and their image ids; `segments` (of all images) for those on superpixels.

    Raises:
        InputError: the file is damaged, or was computed on other superpixels.
    """
    with open_arrays(path, ["coefficients", "image"]) as dataset:
        attributes = dataset.attrs
        coefficients = dataset["coefficients"][images].to_numpy()
        image_ids = [str(name) for name in dataset["image"][images].to_numpy()]
        explained = dataset.sizes["image"]
    frame = int(attributes["height"]), int(attributes["width"])
    match attributes["basis"]:
        case "grid":
            rows, columns = int(attributes["rows"]), int(attributes["columns"])
            return Maps(coefficients, (Grid(rows, columns, *frame),)), image_ids
        case "pixels":
            return Maps(coefficients, (Pixels(*frame),)), image_ids
    if segments is None:
        raise InputError(f"{path} is on superpixels; give them too (segments.nc)")
    segments = segments[:explained]  # a method may explain fewer images, the first
    if attributes["segmentation"] != content_hash(*(s.labels for s in segments)):
        raise InputError(f"{path} was computed on other superpixels than segments.nc has; {AGAIN}")
    return Maps(coefficients, tuple(segments[images])), image_ids


def read_segments(path: str | Path) -> list[Segments]:
    """The superpixels of all images of a study."""
    with open_arrays(path, ["labels"]) as dataset:
        return [Segments(labels) for labels in dataset["labels"].to_numpy()]
