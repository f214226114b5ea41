"""NetCDF files that would read other files of this machine."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.support.damage import without_checksum
from thinkalike.errors import InputError
from thinkalike.stores.arrays import open_arrays, read_attributes, read_parts, write_arrays

SECRET = np.arange(6.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of ours, beside one and raw bytes that are nobody's business."""
    write_arrays(
        tmp_path / "maps.nc",
        {"maps": (("image", "cell"), np.zeros((2, 3)))},
        coordinates={"image": ["a", "b"]},
        attributes={"method": "gradcam"},
    )
    without_checksum(tmp_path / "maps.nc")  # somebody else would not keep ours
    with h5py.File(tmp_path / "secret.nc", "w") as file:
        file["secret"] = SECRET
    (tmp_path / "secret.bin").write_bytes(SECRET.tobytes())
    return tmp_path / "maps.nc"


def linked(file: h5py.File) -> None:
    file["added"] = h5py.ExternalLink("secret.nc", "/secret")


def linked_below(file: h5py.File) -> None:
    file.create_group("group/inner")["added"] = h5py.ExternalLink("secret.nc", "/secret")


def linked_behind(file: h5py.File) -> None:
    file["group/added"] = h5py.ExternalLink("secret.nc", "/secret")
    file["a"] = h5py.SoftLink("/group/added")


def raw(file: h5py.File) -> None:
    file.create_dataset("added", (6,), "f8", external=[("secret.bin", 0, 48)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((6,), "f8")
    layout[:] = h5py.VirtualSource("secret.nc", "secret", (6,))
    file.create_virtual_dataset("added", layout)


@pytest.mark.parametrize("add", [linked, linked_below, linked_behind, raw, virtual])
def test_a_file_that_takes_data_from_another_is_refused(add, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    with h5py.File(path, "a") as file:
        add(file)
    sentence = (
        r"maps\.nc takes added from another file; delete it and run again, the workflow makes"
    )
    for read in (read_attributes, lambda path: next(read_parts(path, "maps"))):
        with pytest.raises(InputError, match=sentence):
            read(path)
    with pytest.raises(InputError, match=sentence), open_arrays(path):
        pass
    assert path.exists()


def test_links_inside_a_file_are_its_own(path):
    with h5py.File(path, "a") as file:
        file["again"] = h5py.SoftLink("/maps")
        file["group/up"] = file["/"]
        file["group/loop"] = file["group"]
    assert read_attributes(path)["method"] == "gradcam"
