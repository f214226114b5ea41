"""Checkpoints as training scripts write them, read and fitted to a network."""

import argparse
import json
import re

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.support.own_networks import Small
from thinkalike.errors import InputError
from thinkalike.networks.checkpoints import load, read_checkpoint


def state(change: float = 1.0) -> dict[str, torch.Tensor]:
    return {key: value + change for key, value in Small().state_dict().items()}


def prefixed(prefix: str, change: float = 1.0) -> dict[str, torch.Tensor]:
    return {prefix + key: value for key, value in state(change).items()}


def saved(tmp_path, content, name: str = "run.pt"):
    torch.save(content, tmp_path / name)
    return tmp_path / name


def loaded(path, network: nn.Module | None = None) -> dict[str, torch.Tensor]:
    network = network or Small()
    load(network, read_checkpoint(path), "Mine")
    return network.state_dict()


def equal(first, second) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "module.",
        "model.",
        "_orig_mod.",
        "backbone.",
        "net.",
        "network.",
        "module.model.",
        "_orig_mod.module.",
        "model.backbone.",
    ],
)
def test_prefixes_are_taken_off(tmp_path, prefix):
    assert equal(loaded(saved(tmp_path, prefixed(prefix))), state())


@pytest.mark.parametrize(
    "nest",
    [
        lambda s: {"state_dict": s, "epoch": 3},
        lambda s: {"model": s, "optimizer": {"state": {0: {"step": torch.ones(1)}}}},
        lambda s: {"model_state_dict": s},
        lambda s: {"net": s, "acc": 93.1},
        lambda s: {"weights": s},
        lambda s: {"model": {"module": s}},
        lambda s: {"state_dict": {"model." + k: v for k, v in s.items()}, "hyper_parameters": {}},
        lambda s: {**s, "epoch": 3},
        lambda s: s,
    ],
    ids=range(9),
)
def test_weights_are_found_in_what_training_scripts_save(tmp_path, nest):
    assert equal(loaded(saved(tmp_path, nest(state()))), state())


@pytest.mark.parametrize("key", ["state_dict_ema", "model_ema", "ema_state_dict", "ema"])
def test_averaged_weights_are_preferred_and_that_is_logged(tmp_path, key, caplog):
    caplog.set_level("INFO")
    path = saved(tmp_path, {"state_dict": state(1.0), key: state(2.0)})
    assert equal(loaded(path), state(2.0))
    assert "the averaged weights (EMA) are taken" in caplog.text


def test_an_average_without_weights_is_passed_over(tmp_path):
    path = saved(tmp_path, {"model": state(), "ema": {"decay": 0.99, "shadow": [torch.ones(1)]}})
    assert equal(loaded(path), state())


def test_a_checkpoint_of_lightning_with_a_loss_beside_the_network(tmp_path, caplog):
    caplog.set_level("INFO")
    content = {**prefixed("model."), "loss.weight": torch.ones(3)}
    path = saved(tmp_path, {"state_dict": content, "pytorch-lightning_version": "2.5"}, "a.ckpt")
    assert equal(loaded(path), state())
    assert "left out, beside the network: loss.weight" in caplog.text


def test_a_head_beside_a_backbone(tmp_path):
    content = prefixed("backbone.")
    for part in ("weight", "bias"):
        content[f"head.{part}"] = content.pop(f"backbone.head.{part}")
    assert equal(loaded(saved(tmp_path, content)), state())


def test_a_network_inside_of_a_class_of_the_user_s(tmp_path):
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = Small()

    found = loaded(saved(tmp_path, state()), Around())
    assert equal({k.removeprefix("model."): v for k, v in found.items()}, state())


def test_a_network_with_a_part_called_as_a_prefix(tmp_path):
    network = nn.Sequential()
    network.backbone, network.head = nn.Linear(2, 2), nn.Linear(2, 2)
    known = {key: value + 1 for key, value in network.state_dict().items()}
    assert equal(loaded(saved(tmp_path, known), network), known)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_becomes_float32(tmp_path, dtype, caplog):
    caplog.set_level("INFO")
    halves = {key: value.to(dtype) for key, value in state().items()}
    found = loaded(saved(tmp_path, halves))
    assert equal(found, {key: value.float() for key, value in halves.items()})
    assert "become float32" in caplog.text


@pytest.mark.parametrize(
    "about",
    [
        {"classes": ["ant", "bee", "cat"]},
        {"class_names": ("ant", "bee", "cat")},
        {"class_to_idx": {"bee": 1, "cat": 2, "ant": 0}},
        {"idx_to_class": {0: "ant", 2: "cat", 1: "bee"}},
        {"hyper_parameters": {"id2label": {"0": "ant", "1": "bee", "2": "cat"}}},
        {"meta": {"CLASSES": ["ant", "bee", "cat"]}},
    ],
    ids=lambda value: next(iter(value)),
)
def test_names_of_classes_in_a_checkpoint(tmp_path, about):
    path = saved(tmp_path, {"state_dict": state(), **about})
    assert read_checkpoint(path).classes == ("ant", "bee", "cat")


@pytest.mark.parametrize("about", [{}, {"classes": 3}, {"classes": [1, 2]}, {"classes": {"a": 1}}])
def test_what_names_no_classes(tmp_path, about):
    assert read_checkpoint(saved(tmp_path, {"state_dict": state(), **about})).classes == ()


def test_a_normalisation_in_a_checkpoint(tmp_path):
    about = {"mean": [0.5, 0.4, 0.3], "std": torch.tensor([0.25, 0.25, 0.5]).reshape(3, 1, 1)}
    checkpoint = read_checkpoint(saved(tmp_path, {"model": state(), "config": about}))
    assert checkpoint.mean == (0.5, 0.4, 0.3)
    assert checkpoint.std == (0.25, 0.25, 0.5)


def test_safetensors_with_texts_in_their_header(tmp_path):
    path = tmp_path / "run.safetensors"
    texts = {"classes": json.dumps(["ant", "bee", "cat"]), "format": "pt"}
    save_file(prefixed("module."), path, metadata=texts)
    assert equal(loaded(path), state())
    assert read_checkpoint(path).classes == ("ant", "bee", "cat")


def test_what_does_not_fit_is_one_sentence_with_a_few_names_of_both_sides(tmp_path):
    content = {f"extra.{i}": torch.ones(1) for i in range(5)} | state()
    content["head.bias"] = torch.ones(7)
    del content["first.weight"]
    with pytest.raises(InputError) as error:
        loaded(saved(tmp_path, content))
    assert re.fullmatch(
        r"the weights .*run\.pt do not fit Mine: the file lacks first\.weight; the network has no "
        r"extra\.0, extra\.1, extra\.2 and 2 more; shapes differ: head\.bias \(7,\) in the file, \(3,\) "
        r"in the network; build .*",
        str(error.value),
    )


def test_what_is_more_than_weights_is_not_read(tmp_path):
    for content in (nn.Linear(2, 2), {"state_dict": state(), "args": argparse.Namespace(lr=1)}):
        path = saved(tmp_path, content)
        with pytest.raises(
            InputError, match=r"run\.pt is a pickle that is more than weights \(it asks"
        ):
            read_checkpoint(path)


def test_a_scripted_network_is_not_read(tmp_path):
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "run.pt")
    with pytest.raises(InputError, match=r"run\.pt is a scripted network .*network\.state_dict"):
        read_checkpoint(tmp_path / "run.pt")


@pytest.mark.parametrize("name", ["run.pt", "run.safetensors"])
@pytest.mark.parametrize("damage", [b"", b"no weights", None], ids=["empty", "text", "cut"])
def test_a_damaged_file_is_named(tmp_path, name, damage):
    path = tmp_path / name
    torch.save(state(), path) if name.endswith("pt") else save_file(state(), path)
    path.write_bytes(path.read_bytes()[:2000] if damage is None else damage)
    with pytest.raises(InputError, match=rf"{name} is (no|not a) readable|{name} is a pickle"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"epoch": 3, "optimizer": {}},
            r"holds no weights under .* \(its keys: epoch, optimizer\)",
        ),
        ([torch.ones(2)], "holds no weights"),
        ({}, "holds no weights"),
    ],
)
def test_files_without_weights(tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        read_checkpoint(saved(tmp_path, content))


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(InputError, match="does not exist; correct the path"):
        read_checkpoint(tmp_path / "none.pt")
    with pytest.raises(InputError, match="is a folder"):
        read_checkpoint(tmp_path)
