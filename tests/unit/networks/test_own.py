"""Networks built by a file of the user's, and weights from checkpoints."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from scripts import import_weights
from tests.support.explaining import images, question
from tests.support.own_networks import BLOCKS, FILE, write_network
from thinkalike.errors import InputError
from thinkalike.explain import gradcam
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import create
from thinkalike.networks.predict import features, logits
from thinkalike.networks.training import Finetuning, finetune
from thinkalike.networks.weights import build, save
from thinkalike.networks.wrapping import with_checkpoint
from thinkalike.stores.weights import read_header
from thinkalike.user_code import content_of

CPU = torch.device("cpu")
NORMALISED = {"mean": (0.5,) * 3, "std": (0.25,) * 3}


def architecture(file: Path, **changes) -> Architecture:
    known = {"file": str(file), "build": "make_network", "content": content_of(file), **NORMALISED}
    return Architecture("Mine", **{**known, **changes})


def trained(network: Architecture, path: Path, classes: int = 3, **about) -> dict:
    """A checkpoint of the network, and its state."""
    torch.manual_seed(5)
    made = create(network, classes=classes, size=32)
    for buffer in made.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    state = {key: value.clone() for key, value in made.state_dict().items()}
    torch.save(
        {"state_dict": {f"model.{key}": value for key, value in state.items()}, **about}, path
    )
    return state


def test_a_file_builds_a_network_for_so_many_classes(tmp_path):
    network = create(architecture(write_network(tmp_path)), classes=7, size=32)
    assert network[-1].out_features == 7
    assert not network.training
    wider = architecture(write_network(tmp_path), arguments={"width": 6})
    assert create(wider, classes=2, size=32)[0][0].out_channels == 6


def test_modules_beside_a_file_are_its_own(tmp_path):
    for name, width in (("one", 4), ("two", 5)):
        (tmp_path / name).mkdir()
        file = write_network(tmp_path / name)
        (tmp_path / name / "blocks.py").write_text(BLOCKS.replace("3, stride", f"{width}, stride"))
        network = create(architecture(file), classes=2, size=32)
        assert network[0][0].kernel_size == (width, width)
    assert "blocks" not in sys.modules
    assert not list(tmp_path.rglob("__pycache__"))


def test_what_a_file_imports_beside_it_counts_and_nothing_else(tmp_path):
    file = write_network(tmp_path)
    before = content_of(file)
    (tmp_path / "other.py").write_text("A = 1")
    assert content_of(file) == before
    (tmp_path / "blocks.py").write_text(BLOCKS + "\n# changed")
    assert content_of(file) != before


def test_a_file_that_has_changed_since_the_job_was_planned(tmp_path):
    file = write_network(tmp_path)
    planned = architecture(file)
    (tmp_path / "blocks.py").write_text(BLOCKS.replace("padding=1", "padding=0"))
    with pytest.raises(InputError, match="has changed since this job was planned; run again"):
        create(planned, classes=2, size=32)


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        (
            FILE,
            {"build": "make_netwrk"},
            "defines no function 'make_netwrk'; did you mean 'make_network'",
        ),
        (
            FILE,
            {"arguments": {"widht": 3}},
            "arguments of make_network in .*; did you mean 'width'",
        ),
        (FILE.replace("from blocks", "from blokcs"), {}, "cannot be run.*blokcs"),
        (FILE.replace("2 * width", "2 / width"), {}, r"make_network of .* fails \(ValueError in "),
        (
            FILE.replace("return nn.Seq", "return 3, nn.Seq"),
            {},
            "is of type tuple and no torch.nn.Mod",
        ),
        (FILE.replace("num_classes)", "5)"), {}, "has 5 outputs, and 2 classes are named"),
    ],
    ids=range(6),
)
def test_files_that_cannot_be_used(tmp_path, text, changes, words):
    network = architecture(write_network(tmp_path, text=text), **changes)
    with pytest.raises(InputError, match=words):
        create(network, classes=2, size=32)


def test_a_single_logit_is_asked_for_by_its_kind(tmp_path):
    network = architecture(write_network(tmp_path), outputs={"kind": "binary"})
    made = create(network, classes=2, size=32)
    assert made.inner[-1].out_features == 1
    assert made(torch.zeros(4, 3, 32, 32)).shape == (4, 2)


def test_weights_of_a_checkpoint_become_a_weights_file_like_any_other(tmp_path):
    network = architecture(write_network(tmp_path))
    state = trained(network, tmp_path / "run.ckpt", classes=3)
    fields = {
        key: getattr(network, key) for key in ("name", "file", "build", "content", *NORMALISED)
    }
    import_weights.main(
        str(tmp_path / "run.ckpt"),
        str(tmp_path / "mine.safetensors"),
        fields,
        {"classes": ["ant", "bee", "cat"], "body": False},
        size=32,
        code="c",
        depends_on="h",
    )
    header = read_header(tmp_path / "mine.safetensors")
    assert header["classes"] == ["ant", "bee", "cat"]
    assert header["source"] == str(tmp_path / "run.ckpt")
    asked = replace(network, layers={"depth_100": ""})
    model = build(asked, tmp_path / "mine.safetensors", CPU, 48)
    assert model.mean == NORMALISED["mean"]
    for key, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, state[key]), key
    maps = gradcam.explain(model, images(2, 48), None, question(), depth=100).maps
    assert maps.coefficients.shape == (2, 36)
    assert features(model, images(2, 48)).shape == (2, 16)
    with pytest.raises(InputError, match=r"are of make_network of .*mine\.py, not test_resnet"):
        build(Architecture("other", "test_resnet"), tmp_path / "mine.safetensors", CPU)


def test_a_layer_that_was_not_found_is_named(tmp_path):
    network = architecture(write_network(tmp_path))
    trained(network, tmp_path / "run.pt")
    model = with_checkpoint(network, tmp_path / "run.pt", classes="abc", size=32)
    save(model, tmp_path / "mine.safetensors", {})
    known = read_header(tmp_path / "mine.safetensors")["layers"]
    missing = next(f"depth_{d}" for d in (1, 25) if f"depth_{d}" not in known)
    with pytest.raises(InputError, match=f"no layer for Grad-CAM was found at {missing}"):
        build(replace(network, layers={missing: ""}), tmp_path / "mine.safetensors", CPU)


def test_classes_and_a_normalisation_that_a_checkpoint_says(tmp_path):
    network = architecture(write_network(tmp_path), mean=(), std=())
    about = {
        "class_to_idx": {"ant": 1, "bee": 0, "cat": 2},
        "mean": [0, 0.1, 0.2],
        "std": [1, 1, 2],
    }
    trained(network, tmp_path / "run.pt", **about)
    model = with_checkpoint(network, tmp_path / "run.pt", size=32)
    assert model.classes == ("bee", "ant", "cat")
    assert (model.mean, model.std) == ((0, 0.1, 0.2), (1, 1, 2))
    with pytest.raises(InputError, match="has the same in another order, bee, ant, cat"):
        with_checkpoint(network, tmp_path / "run.pt", classes=("ant", "bee", "cat"), size=32)
    renamed = with_checkpoint(network, tmp_path / "run.pt", classes="xyz", size=32)
    assert renamed.classes == tuple("xyz")


def test_what_nobody_says_of_a_checkpoint_is_asked_for(tmp_path):
    network = architecture(write_network(tmp_path))
    trained(network, tmp_path / "run.pt")
    with pytest.raises(InputError, match="does not say what its outputs are; name them in classes"):
        with_checkpoint(network, tmp_path / "run.pt", size=32)
    bare = replace(network, mean=(), std=())
    with pytest.raises(InputError, match="nothing says how its images are normalised"):
        with_checkpoint(bare, tmp_path / "run.pt", classes="abc", size=32)
    with pytest.raises(
        InputError, match=r"do not fit Mine: shapes differ: 5\.weight \(3, 16\) in the f"
    ):
        with_checkpoint(network, tmp_path / "run.pt", classes="ab", size=32)


def test_a_checkpoint_of_timm_s_with_positions_of_another_size(tmp_path):
    torch.manual_seed(0)
    network = timm.create_model("test_vit", num_classes=3)
    torch.save({"state_dict_ema": network.state_dict()}, tmp_path / "run.pt")
    mine = Architecture("ViT", "test_vit")
    model = with_checkpoint(mine, tmp_path / "run.pt", classes="abc", size=64)
    assert model.size == 160
    assert torch.equal(model.network.pos_embed, network.pos_embed)
    assert model.mean == tuple(timm.data.resolve_model_data_config(network)["mean"])
    save(model, tmp_path / "mine.safetensors", {})
    assert logits(build(mine, tmp_path / "mine.safetensors", CPU, 64), images(2, 64)).shape == (
        2,
        3,
    )


def test_a_network_of_timm_s_with_a_single_logit(tmp_path):
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=1).eval()
    torch.save(network.state_dict(), tmp_path / "run.pt")
    mine = Architecture("R", "test_resnet", outputs={"kind": "binary"})
    save(
        with_checkpoint(mine, tmp_path / "run.pt", classes="ab", size=64),
        tmp_path / "r.safetensors",
        {},
    )
    model = build(mine, tmp_path / "r.safetensors", CPU)
    pixels = images(2)
    with torch.no_grad():
        z = network(model.normalise(pixels)).numpy()[:, 0]
    np.testing.assert_allclose(
        logits(model, pixels), np.stack([-z, z], 1) / 2, rtol=1e-4, atol=1e-5
    )


def test_fine_tuning_begins_with_a_checkpoint_and_a_head_for_other_classes(tmp_path):
    network = architecture(write_network(tmp_path))
    state = trained(network, tmp_path / "run.pt", classes=7)
    initial = with_checkpoint(network, tmp_path / "run.pt", size=32, body=True)
    settings = Finetuning(
        epochs=0,
        frozen_epochs=1,
        batch_size=4,
        optimizer="adamw",
        learning_rate=0.1,
        weight_decay=0.0,
        mirror=True,
        crop=0.5,
        layer_decay=0.9,
    )
    labels = np.arange(8) % 3
    model = finetune(initial, images(8, 37), labels, classes="abc", settings=settings, seed=0)
    assert model.network[-1].out_features == 3
    for key, tensor in model.network.state_dict().items():
        assert key.startswith("5.") or torch.equal(tensor, state[key]), key
    again = finetune(
        initial, images(8, 37), labels, classes="abc", settings=replace(settings, epochs=1), seed=0
    )
    assert not torch.equal(again.network[0][0].weight, state["0.0.weight"])
    save(again, tmp_path / "tuned.safetensors", {})
    assert build(network, tmp_path / "tuned.safetensors", CPU).classes == tuple("abc")
