"""Images of a notebook from folders as people have them."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thinkalike.errors import InputError
from thinkalike.notebook.images import read_images

DECOMPOSED = "cafe\u0301"


def image(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((4, 4, 3), value, np.uint8)
    pixels[0, 0] = 255
    Image.fromarray(pixels).save(path)
    return path


def test_images_of_a_folder_are_those_that_are_not_hidden(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    for name in ("b.jfif", "a.png", ".hidden.png", "photo.heic", "Thumbs.db"):
        image(tmp_path / "new.png", 9).rename(tmp_path / name)
    assert read_images(tmp_path, size=4).ids == ("a.png", "b.jfif")
    assert caplog.messages == ["3 left out: .hidden.png, Thumbs.db, photo.heic"]


def test_folders_of_systems_are_no_classes_beside_images(tmp_path):
    image(tmp_path / "a.png")
    for name in ("@eaDir", "__MACOSX", ".ipynb_checkpoints"):
        image(tmp_path / name / "a.png")
    assert read_images(tmp_path, size=4).ids == ("a.png",)


def test_linked_classes_are_read_and_named_in_one_unicode_form(tmp_path):
    image(tmp_path / "store" / "1.png", 7)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / DECOMPOSED).symlink_to(tmp_path / "store")
    image(tmp_path / "mine" / "dog" / f"{DECOMPOSED}.png")
    found = read_images(tmp_path / "mine", size=4)
    assert found.ids == ("caf\u00e9/1.png", "dog/caf\u00e9.png")
    assert found.class_names == ("caf\u00e9", "dog")
    assert (found.pixels[0, 1:] == 7).all()


@pytest.mark.parametrize("held", ["val", "valid", "Test"])
def test_one_part_of_a_split_folder_is_asked_for(held, tmp_path):
    for split in ("train", held):
        image(tmp_path / split / "cat" / "1.png")
    with pytest.raises(InputError, match=rf"source: \S+ is split; give one part of it, \S+/{held}"):
        read_images(tmp_path)


def test_links_that_lead_nowhere_are_named(tmp_path):
    image(tmp_path / "a.png")
    (tmp_path / "self.png").symlink_to("self.png")
    with pytest.raises(InputError, match=r"links that lead nowhere: self\.png; put back what they"):
        read_images(tmp_path)
    with pytest.raises(InputError, match=r"self\.png cannot be read"):
        read_images([tmp_path / "self.png"])


def test_names_that_are_not_utf8_are_refused(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    image(tmp_path / "a.png").rename(path)
    with pytest.raises(InputError, match=r"names that are not UTF-8: caf\\xe9\.png; rename them"):
        read_images(tmp_path)
    with pytest.raises(InputError, match=r"source: \S+caf\\xe9\.png is not called in UTF-8"):
        read_images([path])
