"""The table of timm's architectures, and entries that take from it."""

import re
import subprocess
import sys

import pytest
import timm

from thinkalike.networks import timm_table as module
from thinkalike.networks.architecture import Architecture, Layer
from thinkalike.networks.catalogue import complete_entry, list_models, sizes_in_words
from thinkalike.networks.timm_table import (
    file_safe,
    is_architecture,
    is_made_from_imagenet,
    shortened,
    timm_entry,
    timm_table,
    wrong_tag,
)


@pytest.fixture
def rows(monkeypatch):
    """Three rows as the table has them."""
    row = dict.fromkeys(
        [
            "layer_25",
            "layer_50",
            "layer_75",
            "multiple",
            "minimum",
            "only",
            "mean",
            "std",
            "outputs",
            "classes",
            "tags",
        ],
        "",
    )
    known = {
        "convnet": {**row, "module": "m", "family": "cnn", "layer_100": "stages.3 nchw 0"},
        "vit": {
            **row,
            "module": "v",
            "family": "transformer",
            "layer_50": "blocks.5 tokens 1",
            "layer_100": "norm nhwc 0",
            "multiple": "16",
            "minimum": "32",
            "tags": "a b",
        },
        "fixed": {
            **row,
            "module": "f",
            "family": "other",
            "layer_100": "x tokens 0",
            "only": "240",
        },
    }
    for values in known.values():
        values["size"] = "224"
    for place in (module, sys.modules["thinkalike.networks.catalogue"]):
        monkeypatch.setattr(place, "timm_table", lambda: known)
    return known


def test_an_entry_that_names_timm_needs_nothing_else(rows):
    entry = complete_entry("r50", {"r50": {"timm": "vit.b"}})
    assert entry == {
        "timm": "vit.b",
        "name": "r50",
        "family": "transformer",
        "layout": "nhwc",
        "prefix": 0,
        "layers": {
            "depth_50": {"module": "blocks.5", "layout": "tokens", "prefix": 1},
            "depth_100": {"module": "norm", "layout": "nhwc", "prefix": 0},
        },
        "size": {"multiple": 16, "minimum": 32},
    }
    architecture = Architecture.of(entry)
    assert architecture.layer(50) == Layer("blocks.5", "tokens", 1)
    assert architecture.layer(100) == Layer("norm", "nhwc", 0)


def test_an_entry_overrides_the_table(rows):
    own = {"timm": "vit", "family": "mine", "layers": {"depth_75": "blocks.8"}, "layout": "tokens"}
    entry = complete_entry("mine", {"mine": own, "other": {"like": "mine", "arguments": {"a": 1}}})
    assert (entry["family"], entry["layers"]) == ("mine", {"depth_75": "blocks.8"})
    assert Architecture.of(entry).layer(75) == Layer("blocks.8", "tokens", 0)


def test_sizes_are_those_of_the_network_without_arguments(rows):
    catalogue = {"a": {"timm": "vit"}, "b": {"like": "a", "arguments": {"patch_size": 8}}}
    assert complete_entry("a", catalogue)["size"] == {"multiple": 16, "minimum": 32}
    assert "size" not in complete_entry("b", catalogue)


def test_another_architecture_than_that_it_is_like(rows):
    catalogue = {
        "a": {"timm": "vit", "training": {"epochs": 2}},
        "b": {"like": "a", "timm": "fixed"},
    }
    entry = complete_entry("b", catalogue)
    assert (entry["training"], entry["size"]) == ({"epochs": 2}, {"only": 240})
    assert entry["layers"]["depth_100"]["module"] == "x"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("resnet50", "resnet50"),
        ("vit_tiny_patch16_224.augreg_in21k", "vit_tiny_patch16_224_augreg_in21k"),
        ("hf_hub:Me/My-Net", "hf_hub_me_my_net"),
        ("a__b_", "a_b"),
        ("7b", "m_7b"),
    ],
)
def test_keys_are_safe_for_files(name, key):
    assert file_safe(name) == key


def test_long_keys_are_short_and_differ():
    names = [f"{'x' * 80}.{tag}" for tag in "ab"]
    keys = [file_safe(name) for name in names]
    assert len(set(keys)) == 2
    assert all(len(key) <= 64 and re.fullmatch("[a-z][a-z0-9_]*[a-z0-9]", key) for key in keys)


def test_names_are_shortened_in_the_middle():
    assert shortened("vit_tiny_patch16_224") == "vit_tiny_patch16_224"
    assert shortened("vit_base_patch16_clip_224") == "vit_base_pa…h16_clip_224"
    assert len(shortened("x" * 100)) == 24


def test_sizes_in_words():
    assert sizes_in_words({}) == "any"
    assert sizes_in_words({"only": 240}) == "only 240"
    assert sizes_in_words({"multiple": 32, "minimum": 64}) == "multiples of 32, at least 64"


def test_models_are_listed_by_a_pattern():
    table = list_models("resnet*")
    assert {"resnet", "resnet50"} <= set(table["name"])
    assert table["name"].str.startswith("resnet").all()
    assert table["key"].is_unique
    assert len(list_models("no such*")) == 0


def test_keys_of_all_architectures_differ():
    assert len({file_safe(name) for name in timm_table()}) == len(timm_table())
    assert not any(name.startswith("no_such") for name in timm_table())


def test_rows_are_what_timm_says_of_its_models():
    for name, row in timm_table().items():
        configuration = timm.get_pretrained_cfg(name)
        assert int(row["size"]) == configuration.input_size[-1], name
        assert [float(x) for x in row["mean"].split()] == list(configuration.mean), name
        assert row["tags"].split()[:1] in ([], [configuration.tag]), name
        assert is_architecture(f"{name}.any_tag")
        assert not any(wrong_tag(f"{name}.{tag}") for tag in row["tags"].split())
        assert timm_entry(name)["layers"]["depth_100"]["module"], name


def test_looking_up_imports_no_torch():
    code = (
        "import sys; from thinkalike.networks.catalogue import complete_entry; "
        "complete_entry('a', {'a': {'timm': 'resnet50'}}); assert not {'torch', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18.a1_in1k", True),
        ("tf_efficientnet_lite0", True),  # its default weights are in1k
        ("vit_base_patch16_224.augreg_in21k", True),
        ("convnextv2_nano.fcmae", True),
        ("vit_small_patch14_dinov2.lvd142m", True),
        ("vit_base_patch32_clip_224.openai", False),
        ("vit_base_patch16_siglip_224.webli", False),
        ("test_vit_relpos", False),  # without weights
        ("", False),
    ],
)
def test_weights_that_have_seen_imagenet_are_told_by_their_tag(name, expected):
    assert is_made_from_imagenet(name) is expected
