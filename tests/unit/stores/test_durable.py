"""What has been written stays written when the power is cut."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from tests.support.disks import Disk, small_disk
from thinkalike.errors import InputError
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.atomic import atomic
from thinkalike.stores.checksums import beside
from thinkalike.stores.durable import NO_FLUSH, flush, flush_tree
from thinkalike.stores.tables import write_table

VALUES = np.random.default_rng(0).random(30_000)


def write(path: Path) -> None:
    """Write values to a file of any of our formats."""
    if path.suffix == ".nc":
        write_arrays(path, {"a": (("b",), VALUES)}, coordinates={}, attributes={})
    elif path.suffix == ".safetensors":
        with atomic(path) as temporary:
            save_file({"a": VALUES}, temporary)
    else:
        write_table(pd.DataFrame({"a": VALUES}), path)


def write_new(path: Path) -> None:
    with atomic(path) as temporary:
        temporary.write_text("new")


NAMES = ["t.csv", "t.parquet", "a.nc", "w.safetensors"]


# ---- power cuts ---------------------------------------------------------------------------------


@pytest.fixture(params=["ext4", "xfs"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path, request.param) as disk:
        yield disk


def test_a_file_that_was_not_flushed_is_lost_on_these_disks(disk):
    """The power is really cut: otherwise the tests below prove nothing."""
    (disk.folder / "plain").write_bytes(b"x" * 100_000)
    disk.cut_power()
    assert not (disk.folder / "plain").exists() or not (disk.folder / "plain").read_bytes()


def test_a_result_is_whole_when_the_power_is_cut_after_it_was_written(disk, tmp_path):
    for name in NAMES:
        write(disk.folder / "new" / name)
        write(tmp_path / name)
    disk.cut_power()
    for name in NAMES:
        assert (disk.folder / "new" / name).read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("step", ["flush of the file", "replace", "flush of the folder"])
def test_wherever_the_power_is_cut_the_old_or_the_new_file_is_whole(disk, step, monkeypatch):
    path = disk.folder / "result"
    with atomic(path) as temporary:
        temporary.write_bytes(b"old" * 10_000)
    cut = False

    def cutting(wanted, do):
        def done(*arguments):
            nonlocal cut
            if wanted(*arguments) and not cut:
                cut = True
                raise KeyboardInterrupt
            return do(*arguments)

        return done

    def is_folder(opened):
        return stat.S_ISDIR(os.fstat(opened).st_mode)

    name, wanted = {
        "flush of the file": ("fsync", lambda opened: not is_folder(opened)),
        "replace": ("rename", lambda *_: True),
        "flush of the folder": ("fsync", is_folder),
    }[step]
    if name == "rename":
        monkeypatch.setattr(os, "replace", cutting(wanted, os.replace))
    else:
        monkeypatch.setattr(os, "fsync", cutting(wanted, os.fsync))
    with pytest.raises(KeyboardInterrupt), atomic(path) as temporary:
        temporary.write_bytes(b"new" * 20_000)
    monkeypatch.undo()
    disk.cut_power()
    assert path.read_bytes() in (b"old" * 10_000, b"new" * 20_000)


def test_a_folder_is_whole_when_the_power_is_cut_after_it_was_flushed(disk):
    folder = disk.folder / "images"
    (folder / "val" / "a").mkdir(parents=True)
    for number in range(20):
        (folder / "val" / "a" / f"{number}.png").write_bytes(bytes([number]) * 1000)
    (folder / "val" / "link").symlink_to("nowhere")
    flush_tree(folder)
    flush(disk.folder)
    disk.cut_power()
    for number in range(20):
        assert (folder / "val" / "a" / f"{number}.png").read_bytes() == bytes([number]) * 1000
    assert (folder / "val" / "link").readlink() == Path("nowhere")


# ---- the order, also where no disk can be made ---------------------------------------------------


def test_a_file_is_flushed_before_it_takes_its_place_and_its_folder_after_it(tmp_path, monkeypatch):
    steps, path = [], tmp_path / "result"
    fsync, replace = os.fsync, os.replace

    def traced_fsync(opened):
        is_folder = os.path.samestat(os.fstat(opened), tmp_path.stat())
        steps.append("flush of the folder" if is_folder else "flush of the file")
        fsync(opened)

    def traced_replace(source, target, **_):
        assert Path(target) in (path, beside(path))
        steps.append("replace" if Path(target) == path else "replace of the checksum")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", traced_fsync)
    monkeypatch.setattr(os, "replace", traced_replace)
    write_new(path)
    # its checksum is there before it is
    checksum = ["flush of the file", "replace of the checksum"]
    assert steps == ["flush of the file", *checksum, "replace", "flush of the folder"]


@pytest.mark.parametrize("number", NO_FLUSH)
def test_a_file_system_that_does_not_flush_folders_is_used_all_the_same(
    number, tmp_path, monkeypatch
):
    fsync = os.fsync

    def refuse(opened):
        if stat.S_ISDIR(os.fstat(opened).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(opened)

    monkeypatch.setattr(os, "fsync", refuse)
    write_new(tmp_path / "result")
    assert (tmp_path / "result").read_text() == "new"


def test_a_disk_that_fails_is_named_and_the_old_file_stays(tmp_path, monkeypatch):
    def fail(opened):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path = tmp_path / "result"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError, match=f"a disk failed while {path} was written"):
        write_new(path)
    assert path.read_text() == "old"
    with pytest.raises(OSError, match=f"Input/output error: '{tmp_path}'"):
        flush(tmp_path)


# ---- modes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [0o002, 0o022, 0o077])
def test_files_of_all_formats_have_the_mode_of_any_new_file(mask, tmp_path):
    previous = os.umask(mask)
    try:
        (tmp_path / "plain").touch()
        for name in NAMES:
            write(tmp_path / name)
    finally:
        os.umask(previous)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    hidden = [beside(tmp_path / name).name for name in ("t.csv", "w.safetensors")]
    assert modes == dict.fromkeys(["plain", *NAMES, *hidden], 0o666 & ~mask)
