"""A folder that is replaced as a whole: the older one stays until it is decided which of the two does."""

import os
import signal
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from tests.support.disks import small_disk
from thinkalike.errors import InputError
from thinkalike.stores.atomic import guarded
from thinkalike.stores.folders import clear_beside, home, older, replace_folder, restore_folder

CHANGES = ("rename", "replace", "unlink", "rmdir", "fsync", "link", "mkdir")
"""Calls of the system by which folders change, or get onto the disk."""


def make(folder: Path, **files: str) -> Path:
    """A folder with a folder of images in it."""
    (folder / "images").mkdir(parents=True)
    for name, content in files.items():
        (folder / "images" / name).write_text(content)
    (folder / "manifest").write_text(f"of {' '.join(files)}")
    return folder


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do something in a process that is killed before its n-th change; whether it was killed."""
    process = os.fork()
    if process == 0:
        steps = count()
        for name in CHANGES:
            call = getattr(os, name)

            def change(*arguments, call=call, **options):
                if next(steps) == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*arguments, **options)

            setattr(os, name, change)
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


OLD = {"images/cat": "1", "images/dog": "2", "manifest": "of cat dog"}
KEPT = {"images/cat": "1", "images/dog": "2", ".manifest.host.1.c0ffee.before": "of cat dog"}
NEW = {"images/cow": "3", "manifest": "of cow"}


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path / "digits", cat="1", dog="2")


@pytest.fixture
def new(tmp_path):
    return make(tmp_path / f".digits.{os.getpid()}.new", cow="3")


@pytest.fixture
def kept(folder):
    """Second name of the manifest, as a run gives it."""
    name = folder / ".manifest.host.1.c0ffee.before"
    name.hardlink_to(folder / "manifest")
    return name


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_takes_the_place_of_an_old_one(folder, new):
    replace_folder(folder, new)
    assert content(folder) == NEW
    assert names(folder.parent) == ["digits"]


def test_a_new_folder_needs_no_old_one(tmp_path, new):
    replace_folder(tmp_path / "digits", new)
    assert content(tmp_path / "digits") == NEW
    assert names(tmp_path) == ["digits"]


def test_the_older_folder_stays_until_it_is_dropped(folder, new, kept):
    replace_folder(folder, new)
    assert content(older(folder)) == OLD | {kept.name: "of cat dog"}
    assert home(older(folder) / kept.name) == kept
    clear_beside(folder, kept)
    assert content(folder) == NEW
    assert names(folder.parent) == ["digits"]


def test_the_older_folder_is_put_back(folder, new, kept):
    replace_folder(folder, new)
    restore_folder(kept)
    clear_beside(folder, kept)
    assert content(folder) == OLD | {kept.name: "of cat dog"}
    assert names(folder.parent) == ["digits"]


def test_a_second_attempt_of_a_run_leaves_the_folder_from_before_the_run(folder, new, kept):
    replace_folder(folder, new)
    replace_folder(folder, make(new, ant="4"))
    assert content(folder) == {"images/ant": "4", "manifest": "of ant"}
    restore_folder(kept)
    clear_beside(folder, kept)
    assert content(folder) == OLD | {kept.name: "of cat dog"}
    assert names(folder.parent) == ["digits"]


def test_folders_of_others_stay(folder, kept):
    others = [".digits.old", ".digits.2.new", ".digits.by_hand.new", ".other.3.new"]
    for name in others:
        make(folder.parent / name)
    restore_folder(kept)
    clear_beside(folder, kept)
    clear_beside(folder, None)
    # an unfinished one of a process is no one's
    assert names(folder.parent) == sorted({"digits", *others} - {".digits.2.new"})


def test_a_guard_is_asked_when_the_new_folder_is_on_the_disk(folder, new, kept, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "fsync", lambda file: calls.append("flush"))

    def refuse():
        calls.append("guard")
        raise InputError("taken over")

    with guarded(refuse), pytest.raises(InputError, match="taken over"):
        replace_folder(folder, new)
    # the new folder, its folder of images, and two files
    assert calls == ["flush"] * 4 + ["guard"]
    assert content(folder) == OLD | {kept.name: "of cat dog"}


@pytest.mark.parametrize("is_done", [True, False], ids=["its job has ended", "it has not"])
def test_wherever_a_replacement_is_killed_one_of_the_two_folders_is_whole(tmp_path, is_done):
    """And wherever what follows is killed, it can be done again."""

    def decide(folder: Path, kept: Path) -> None:
        if not is_done:
            restore_folder(kept)
        clear_beside(folder, kept)

    kills = 0
    for first in [10_000] if is_done else count():
        for second in count():
            root = tmp_path / f"{first}-{second}"
            folder = make(root / "digits", cat="1", dog="2")
            kept = folder / ".manifest.host.1.c0ffee.before"
            (folder / "manifest").rename(kept)  # by the run and Snakemake, before the job
            new = make(root / ".digits.1.new", cow="3")
            was_killed = killed_at(first, partial(replace_folder, folder, new))
            was_killed_again = killed_at(second, partial(decide, folder, kept))
            decide(folder, kept)
            kills += was_killed + was_killed_again
            assert content(folder) == (NEW if is_done else KEPT)
            assert names(root) == ["digits"]
            if not was_killed_again:
                break
        if not was_killed:
            break
    assert kills > (5 if is_done else 50)


def test_wherever_the_power_is_cut_after_a_replacement_the_new_folder_is_whole(tmp_path):
    with small_disk(tmp_path) as disk:
        folder = make(disk.folder / "digits", cat="1")
        new = make(disk.folder / ".digits.1.new", cow="3")
        replace_folder(folder, new)
        disk.cut_power()
        assert content(folder) == NEW
