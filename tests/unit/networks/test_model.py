"""Networks from catalogue entries and weights files."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file
from torch import nn

from tests.support.explaining import architecture_of
from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import built_in_catalogue
from thinkalike.networks.model import Model, as_model, create
from thinkalike.networks.predict import logits
from thinkalike.networks.weights import build, save

CATALOGUE = built_in_catalogue()
CPU = torch.device("cpu")


def saved(tmp_path, key: str = "vit", **header: object):
    torch.manual_seed(0)
    network = create(architecture_of(key), classes=3, size=64).eval()
    path = tmp_path / f"{key}.safetensors"
    save(as_model(network, architecture_of(key), classes="abc", size=64), path, {"x": 1, **header})
    return network, path


@pytest.mark.parametrize("key", list(CATALOGUE))
def test_every_layer_of_the_catalogue_gives_a_square_grid(key):
    architecture = architecture_of(key)
    network = create(architecture, classes=10, size=64).eval()
    model = as_model(network, architecture, classes="0123456789", size=64)
    images = np.zeros((2, 64, 64, 3), np.uint8)
    for name in architecture.layers:
        seen = []
        layer = model.layer(int(name.removeprefix("depth_")))
        handle = layer.register_forward_hook(lambda *a, s=seen: s.append(a[2]))
        with torch.inference_mode():
            network(model.normalise(images))
        handle.remove()
        grid = model.to_grid(seen[0])
        assert grid.ndim == 4
        assert grid.shape[2] == grid.shape[3] >= 2, name


def test_weights_come_back_as_they_were(tmp_path):
    network, path = saved(tmp_path)
    model = build(architecture_of("vit"), path, CPU)
    assert model.classes == ("a", "b", "c")
    assert not model.network.training
    assert not any(p.requires_grad for p in model.network.parameters())
    for key, tensor in network.state_dict().items():
        assert torch.equal(model.network.state_dict()[key], tensor), key


def test_saving_again_gives_the_same_bytes(tmp_path):
    _, path = saved(tmp_path)
    before = path.read_bytes()
    saved(tmp_path)
    assert path.read_bytes() == before


def with_tied_parts(first: nn.Linear) -> nn.Module:
    """A network with a layer that stands twice, the weight of another, and a part of a larger tensor."""
    network = nn.Sequential(first, nn.Linear(4, 4), nn.Linear(4, 4, bias=False), first)
    network[1].weight = first.weight
    network[2].weight = nn.Parameter(torch.arange(32.0).reshape(8, 4)[2:6])
    network[2].register_buffer("rest", network[2].weight.detach()[1:])
    return network.eval()


def test_parameters_that_are_shared_are_saved_under_each_of_their_names(tmp_path):
    network = with_tied_parts(nn.Linear(4, 4))
    path = tmp_path / "tied.safetensors"
    save(Model(network, (0,) * 3, (1,) * 3, 4, tuple("abcd"), Architecture("Tied")), path, {})
    state, stored = network.state_dict(), load_file(path)
    assert stored.keys() == state.keys()
    for key, tensor in state.items():
        assert torch.equal(stored[key], tensor), key
    other = with_tied_parts(nn.Linear(4, 4))
    other.load_state_dict(stored)
    inputs = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(other(inputs), network(inputs))


def test_the_shared_layers_of_coat_come_back_as_they_were(tmp_path):
    torch.manual_seed(0)
    coat = Architecture("CoaT", timm="coat_lite_tiny")
    network = create(coat, classes=3, size=32)
    path = tmp_path / "coat.safetensors"
    save(as_model(network, coat, classes="abc", size=32), path, {})
    model = build(coat, path, CPU)
    for key, tensor in network.state_dict().items():
        assert torch.equal(model.network.state_dict()[key], tensor), key


@pytest.mark.parametrize("damage", [b"", b"no weights", None], ids=["empty", "text", "cut"])
def test_a_damaged_file_is_named(tmp_path, damage):
    _, path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:5000] if damage is None else damage)
    with pytest.raises(
        InputError, match=r"vit\.safetensors is not a readable safetensors file .*delete it"
    ):
        build(architecture_of("vit"), path, CPU)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.safetensors does not exist"):
        build(architecture_of("vit"), tmp_path / "none.safetensors", CPU)


def test_weights_of_another_architecture_are_refused(tmp_path):
    _, path = saved(tmp_path)
    with pytest.raises(InputError, match="are of test_vit, not test_resnet"):
        build(architecture_of("resnet"), path, CPU)


def test_weights_for_other_arguments_are_refused(tmp_path):
    _, path = saved(tmp_path)
    with pytest.raises(InputError, match="do not fit test_vit"):
        build(replace(architecture_of("vit"), arguments={"depth": 2}), path, CPU)


def test_an_architecture_that_timm_does_not_know():
    with pytest.raises(InputError, match="timm has no model 'resnet_of_mine'"):
        create(Architecture("mine", "resnet_of_mine"), classes=2, size=64)


HEADS_OF_ZEROS = {
    "mixer_s32_224": {},
    "gmlp_ti16_224": {},
    "resmlp_12_224": {},
    "sequencer2d_s": {},
    "hiera_tiny_224": {},
    "test_vit": {"weight_init": "jax"},
}
"""Architecture → arguments with which timm starts its classifier from zeros."""


@pytest.mark.parametrize("name", list(HEADS_OF_ZEROS))
def test_an_untrained_network_whose_head_timm_starts_from_zeros_tells_images_apart(name):
    architecture = Architecture("Control", timm=name, arguments=HEADS_OF_ZEROS[name])
    heads = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        network = create(architecture, classes=3, size=64)
        heads.append(next(network.get_classifier().parameters()).detach())
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    first, second = logits(as_model(network, architecture, classes="abc", size=64), images)
    assert (np.abs(first - second) > 0.01 * np.abs(first)).all()


def test_a_head_that_is_not_zero_is_as_timm_makes_it():
    torch.manual_seed(0)
    ours = create(architecture_of("vit"), classes=3, size=64)
    torch.manual_seed(0)
    timms = timm.create_model("test_vit", num_classes=3, img_size=64)
    assert torch.equal(ours.get_classifier().weight, timms.get_classifier().weight)


def test_arguments_that_timm_refuses():
    with pytest.raises(InputError, match=r"`arguments` in its catalogue entry"):
        create(Architecture("mine", "test_vit", {"wings": 2}), classes=2, size=64)


ODD_ARGUMENTS = {
    "test_resnet": [
        ({"num_classes": 3}, "with {'num_classes': 3}"),
        (
            {"features_only": True},
            "gives a list for one image, not one score for each of 4 classes",
        ),
        ({"in_chans": 1}, "expected input"),
        ({"norm_layer": "foo"}, "KeyError: 'foo'"),
        ({"layers": [1]}, "ZeroDivisionError: float division by zero"),
        ({"drop_rate": "x"}, "cannot make"),
        ({"foo": 1}, "unexpected keyword argument 'foo'"),
    ],
    "test_vit": [
        ({"global_pool": ""}, "gives numbers of shape (1, 17, 4) for one image, not one score for"),
        ({"features_only": True, "out_indices": [1]}, "gives a list for one image"),
        ({"num_heads": 0}, "ZeroDivisionError"),
    ],
    "test_convnext": [({"global_pool": ""}, "gives numbers of shape (1, 4, 2, 2) for one image")],
    "test_efficientnet": [({"block_args": {"a": 1}}, "KeyError: 'block_args'")],
}


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [(name, *case) for name, cases in ODD_ARGUMENTS.items() for case in cases],
)
def test_odd_arguments_are_refused_in_words(name, arguments, words):
    with pytest.raises(InputError) as error:
        create(Architecture("Odd", timm=name, arguments=arguments), classes=4, size=64)
    assert words in str(error.value)
    assert "`arguments` in its catalogue entry" in str(error.value)


@pytest.mark.parametrize("key", ["vit", "coatnet"])
def test_a_size_that_a_network_refuses_only_when_an_image_comes(key):
    with pytest.raises(InputError, match=r"for 70 x 70 images .*change images\.size"):
        create(architecture_of(key), classes=2, size=70)


def test_a_layer_that_is_not_there(tmp_path):
    _, path = saved(tmp_path)
    model = build(replace(architecture_of("vit"), layers={"depth_100": "blocks.99"}), path, CPU)
    with pytest.raises(InputError, match=r"no layer 'blocks\.99'"):
        model.layer(100)
    with pytest.raises(InputError, match=r"depth: .* has no Grad-CAM layer at 25, only at"):
        model.layer(25)


def test_tokens_that_are_no_square_ask_for_the_prefix(tmp_path):
    _, path = saved(tmp_path)
    model = build(replace(architecture_of("vit"), prefix=0), path, CPU)
    with pytest.raises(InputError, match=r"17 patch tokens are no square grid; set `prefix`"):
        model.to_grid(torch.zeros(1, 17, 4))


def test_normalisation_is_the_model_s_own(tmp_path):
    _, path = saved(tmp_path)
    model = build(architecture_of("vit"), path, CPU)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    expected = (images / 255 - np.array(model.mean)) / np.array(model.std)
    got = model.normalise(images).numpy()
    np.testing.assert_allclose(got, expected.transpose(0, 3, 1, 2), atol=1e-6)


def test_logits_do_not_depend_on_the_batch(tmp_path):
    _, path = saved(tmp_path, "resnet")
    model = build(architecture_of("resnet"), path, CPU)
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    together = logits(model, images, batch_size=5)
    np.testing.assert_allclose(together, logits(model, images, batch_size=2), atol=1e-5)
    np.testing.assert_allclose(together[[3]], logits(model, images[[3]], batch_size=9), atol=1e-5)


def test_logits_that_are_not_finite_name_the_model(tmp_path):
    _, path = saved(tmp_path)
    model = build(architecture_of("vit"), path, CPU)
    model.network.head.bias.data[1] = float("nan")
    with pytest.raises(InputError, match="ViT gives a score that is not finite for image number 0"):
        logits(model, np.zeros((1, 64, 64, 3), np.uint8), batch_size=1)


def test_a_size_of_its_own_leaves_convolutions_as_they_are(tmp_path):
    network, path = saved(tmp_path, "resnet")
    model = build(architecture_of("resnet"), path, CPU, size=96)
    assert model.size == 96
    for key, tensor in network.state_dict().items():
        assert torch.equal(model.network.state_dict()[key], tensor), key


def test_a_size_of_its_own_resamples_position_embeddings_and_keeps_the_outputs(tmp_path):
    network, path = saved(tmp_path)
    model = build(architecture_of("vit"), path, CPU, size=96)
    # patches of 16 pixels, a class token before them
    assert model.network.pos_embed.shape[1] == 6 * 6 + 1
    assert torch.equal(model.network.head.weight, network.head.weight)
    assert model.classes == ("a", "b", "c")
    assert "state_dict" not in model.network.pretrained_cfg
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    assert logits(model, images).shape == (2, 3)


def test_a_size_of_its_own_does_not_hide_weights_that_do_not_fit(tmp_path):
    _, path = saved(tmp_path)
    architecture = replace(architecture_of("vit"), arguments={"depth": 2})
    with pytest.raises(
        InputError, match=r"are made for 64 x 64 images and do not fit .*\(blocks\.2\."
    ):
        build(architecture, path, CPU, size=96)


def test_outputs_have_other_names_only_if_they_are_given(tmp_path):
    network, path = saved(tmp_path)
    assert build(architecture_of("vit"), path, CPU).class_names == ("a", "b", "c")
    names = ["ant", "bee", "cat"]
    named = as_model(network, architecture_of("vit"), classes="abc", size=64, class_names=names)
    save(named, path, {})
    model = build(architecture_of("vit"), path, CPU)
    assert model.classes == ("a", "b", "c")
    assert model.class_names == tuple(names)
