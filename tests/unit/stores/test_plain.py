"""Pipes, sockets and devices in the place of a file: one sentence, and no waiting."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from thinkalike.errors import InputError
from thinkalike.images.loading import load_images, open_image
from thinkalike.images.masks import Masks, masks_content
from thinkalike.networks.checkpoints import read_checkpoint
from thinkalike.networks.config_files import CONFIG, preprocessing_beside, read_config
from thinkalike.notebook.models import load_model
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.plain import refuse_special
from thinkalike.stores.weights import copy_weights, read_header
from thinkalike.user_code import content_of

IMAGES = pd.DataFrame({"image_id": ["a"], "path": ["a.png"]})


def loaded(path: Path) -> object:
    return load_model(
        "test_resnet",
        weights=path,
        pretrained=False,
        classes=["a"],
        size=None,
        seed=0,
        device="cpu",
    )


READERS: list[tuple[str, Callable[[Path], object]]] = [
    ("image.png", open_image),
    ("image.png", lambda path: load_images([str(path)], 8)),
    ("masks.npz", lambda path: Masks.open(path, IMAGES, most=3)),
    ("masks.nc", masks_content),
    ("weights.safetensors", read_header),
    ("weights.safetensors", lambda path: copy_weights(path, path.with_name("copy.safetensors"))),
    ("weights.safetensors", read_checkpoint),
    ("weights.pt", read_checkpoint),
    ("weights.safetensors", loaded),
    ("weights.pt", loaded),
    (CONFIG, read_config),
    (CONFIG, lambda path: preprocessing_beside(path.with_name("weights.pt"), "resnet18")),
    ("maps.nc", lambda path: open_arrays(path).__enter__()),
]


@pytest.mark.parametrize(("name", "read"), READERS)
def test_a_pipe_is_refused_and_not_waited_for(name, read, tmp_path):
    os.mkfifo(tmp_path / name)
    with pytest.raises(
        InputError, match=f"{name} is a pipe, and no file; give a file in its place"
    ):
        read(tmp_path / name)


def test_code_is_not_read_from_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "mine.py")
    with pytest.raises(InputError, match=r"mine\.py is no file; give one in its place"):
        content_of(tmp_path / "mine.py")


def test_sockets_and_devices_are_refused_and_folders_and_files_are_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("there")
        with pytest.raises(InputError, match="there is a socket, and no file"):
            refuse_special("there")
    for device in ("/dev/null", "/dev/zero"):
        with pytest.raises(InputError, match=f"{device} is a device, and no file"):
            refuse_special(device)
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file", tmp_path / "absent", "a\0b"):
        refuse_special(path)
