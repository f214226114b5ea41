"""Small disks in files: full ones, and ones whose power is cut."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SHUTDOWN = 0x8004587D
"""The ioctl by which ext4 and XFS stop at once, as if the power were cut."""

NOTHING_FLUSHED = (2).to_bytes(4, "little")
"""Its argument: not even the journal is written any more."""

SIZES = {"ext4": 24, "xfs": 320}
"""MiB; XFS makes no smaller one."""


@dataclass(frozen=True)
class Disk:
    """A file system in a file, mounted at a folder."""

    image: Path
    folder: Path

    def cut_power(self) -> None:
        """Lose what was not yet on the disk, and start again."""
        opened = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(opened, SHUTDOWN, NOTHING_FLUSHED)
        finally:
            os.close(opened)
        _call("umount", self.folder)
        _call("mount", "-o", "loop", self.image, self.folder)

    def fill(self, free: int = 0) -> Path:
        """Leave `free` bytes of space, by a file that takes up the rest; returns that file."""
        filler = self.folder / "filler"
        space = os.statvfs(self.folder)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, space.f_bfree * space.f_frsize - free)
        return filler


@contextmanager
def small_disk(where: Path, kind: str = "ext4") -> Iterator[Disk]:
    """A disk of a few MiB for as long as the block lasts; skips where none can be made."""
    image, folder = where / f"{kind}.image", where / kind
    if os.geteuid() != 0 or not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"only the superuser can mount a file system, and mkfs.{kind} makes it")
    with image.open("wb") as file:
        file.truncate(SIZES[kind] << 20)
    # -m 0: no blocks for the superuser alone
    _call(f"mkfs.{kind}", "-q", *(["-m", "0"] if kind == "ext4" else []), image)
    folder.mkdir()
    mounted = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no loop device can be mounted here: {mounted.stderr.strip()}")
    try:
        yield Disk(image, folder)
    finally:
        _call("umount", "--lazy", folder)


def _call(*command: str | Path) -> None:
    subprocess.run([*map(str, command)], check=True, capture_output=True)
