"""Small disks in files: full ones, and ones whose power is cut."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        self.stop()
        self.start()

    def stop(self) -> None:
        """Take the power away: nothing more gets to the disk."""
        opened = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(opened, SHUTDOWN, NOTHING_FLUSHED)
        finally:
            os.close(opened)

    def start(self) -> None:
        """Mount it again, with what is on it."""
        _call("umount", self.folder)
        _call("mount", "-o", "loop", self.image, self.folder)

    def fill(self, free: int = 0) -> None:
        """Leave `free` bytes of space."""
        reserve = self.folder / "reserve"
        with reserve.open("wb") as file:
            file.write(bytes(free))
            os.fsync(file.fileno())
        with suppress(OSError), (self.folder / "filler").open("wb", buffering=0) as file:
            while True:
                # in blocks, down to the last one
                file.write(bytes(4096))
        reserve.unlink()


@contextmanager
def small_disk(where: Path, kind: str = "ext4", size: int = 0) -> Iterator[Disk]:
    """A disk of `size` MiB, or of a few, for as long as the block lasts; skips where none can be made."""
    image, folder = where / f"{kind}.image", where / kind
    if os.geteuid() != 0 or not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"only the superuser can mount a file system, and mkfs.{kind} makes it")
    with image.open("wb") as file:
        file.truncate((size or SIZES[kind]) << 20)
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
