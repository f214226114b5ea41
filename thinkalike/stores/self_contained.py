"""NetCDF files that hold all their data themselves.

HDF5 can leave data to other files: by links to them, by the bytes of a raw file, by virtual datasets. So a
file from somebody else would read what it names on this machine; ours have none of that. Parquet, CSV and
safetensors have no such thing: their readers open one file.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from thinkalike.errors import DamagedError, InputError, printable
from thinkalike.stores.damage import AGAIN, brief
from thinkalike.stores.plain import refuse_special


def refuse_outside(
    path: str | Path, opened: Callable[[Callable[[dict[str, Any]], Any]], Any]
) -> None:
    """Refuse a NetCDF file that takes data from other files, before any of its data is read.

    A file that cannot be opened is left to its reader.

    Args:
        path: of the file.
        opened: calls what it is given with the options of HDF5 that the file is opened with.

    Raises:
        InputError: it does, or it is no plain file.
        DamagedError: it cannot be looked through.
    """
    import h5py

    refuse_special(path)
    try:
        file = opened(lambda driver: h5py.File(path, "r", **driver))
    except Exception:
        return
    with file:
        try:
            outside = _outside(file, set())
        except Exception as error:
            raise DamagedError(
                path, f"{path} is not a readable NetCDF file ({brief(error)})"
            ) from None
    if outside:
        raise InputError(f"{path} takes {printable(outside)} from another file; {AGAIN}")


def _outside(group: Any, seen: set[int]) -> str:
    """Name of the first thing below a group whose data lies in another file; empty if there is none."""
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.SoftLink):
            continue  # to what stands elsewhere in this file, and is looked at there
        if not isinstance(link, h5py.HardLink):
            return str(name)
        part = group.get(name)
        if isinstance(part, h5py.Dataset) and (part.external or part.is_virtual):
            return str(name)
        if isinstance(part, h5py.Group):
            address = h5py.h5o.get_info(part.id).addr
            if address not in seen and (found := _outside(part, {*seen, address})):
                return found
    return ""
